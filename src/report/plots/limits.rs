//! Whom a limiter refuses: by tenant, against what each was promised, by which of its levels, and what it grants.

use super::super::Findings;
use super::axis::{Axis, Reading};
use super::series::{any, varies};
use super::split::{Split, in_all};
use super::{Figure, Panel, Plot, Role, Series, line, over_time, values, without_zeros};
use crate::indicators::{Parts, Watch};

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "limits",
    title: "Whom the limiter refuses",
    figure,
};

/// Shares below do not fill a panel.
const LEAST_SHARE: f64 = 0.02;

fn figure(findings: &Findings) -> Option<Figure> {
    if !any(findings, &["reject_rate", "reject_rate.soft"]) {
        return None;
    }
    let of = |label, role, name| line(findings, label, role, name);
    let shares = |title: &str, height, series: Vec<Series>| {
        let y = Axis::linear(Reading::Percent, values(&series), LEAST_SHARE);
        Panel::new(title, y, height, series)
    };
    let all = without_zeros(vec![
        of("all", Role::All, "reject_rate"),
        of(
            "would be, by a soft limit",
            Role::Waiting,
            "reject_rate.soft",
        ),
    ]);
    // Those refused most, and beside them the largest that are not refused at all.
    let refused = |watch: &Watch| {
        let requests = in_all(watch, "requests");
        in_all(watch, "reject_rate") * requests + requests * 1e-9
    };
    let mut by_tenant = all;
    if let Some(split) = Split::of(findings, "tenant", Parts::NONE) {
        let tenants = split.heaviest(refused);
        if tenants.len() > 1 {
            by_tenant.extend(split.lines(&tenants, "reject_rate"));
        }
    }
    let title = match by_tenant.iter().any(|s| matches!(s.role, Role::Nth(_))) {
        true => "Refused share of requests, of all and of the tenants refused most",
        false => "Refused share of requests",
    };
    let mut panels = vec![shares(title, 200, by_tenant)];

    let promised = without_zeros(vec![
        of(
            "refused of what is within its quota",
            Role::Errors,
            "reject_rate.under_quota",
        ),
        of("beyond its quota, of all", Role::Arrivals, "over_quota"),
    ]);
    if promised[0].has_data() {
        panels.push(shares("Against what was promised", 110, promised));
    }

    let asked = of("asked", Role::Arrivals, "arrival_rate");
    let let_in = Series {
        label: "let in".into(),
        role: Role::Answers,
        points: let_in(&asked, &of("", Role::Rejects, "reject_rate")),
        ..asked.clone()
    };
    let rates = vec![asked, let_in];
    let y = Axis::linear(Reading::Count, values(&rates), 1.0);
    panels.push(Panel::new("Requests a second", y, 110, rates));

    if let Some(split) = Split::of(findings, "reject", Parts::NONE) {
        let levels = split.heaviest(|watch| in_all(watch, "requests"));
        if levels.len() > 1 {
            let series = split.lines(&levels, "arrival_rate");
            let y = Axis::linear(Reading::Count, values(&series), 1.0);
            panels.push(Panel::new(
                "Refused a second, by level of the limiter",
                y,
                110,
                series,
            ));
        }
    }
    let keys = of("keys", Role::Keys, "limiter.keys");
    if varies(&keys) {
        let y = Axis::linear(Reading::Count, values(std::slice::from_ref(&keys)), 1.0);
        panels.push(Panel::new(
            "Keys that the limiter counts by",
            y,
            90,
            vec![keys],
        ));
    }
    let granted = of("granted", Role::Rate, "limiter.rate");
    if varies(&granted) {
        let y = Axis::linear(Reading::Plain, values(std::slice::from_ref(&granted)), 1.0);
        panels.push(Panel::new(
            "Requests a second that it grants a key",
            y,
            90,
            vec![granted],
        ));
    }
    over_time(findings, PLOT.title, panels)
}

fn let_in(asked: &Series, refused: &Series) -> Vec<(f64, Option<f64>)> {
    let points = asked.points.iter().zip(&refused.points);
    points
        .map(|((at, asked), (_, refused))| (*at, asked.map(|a| a * (1.0 - refused.unwrap_or(0.0)))))
        .collect()
}
