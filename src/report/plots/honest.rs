//! What answers say of themselves against what is true by the log of their sub-steps, and which of these failed.

use super::super::Findings;
use super::axis::{Axis, Reading};
use super::series::{any, heights, stacked, varies};
use super::split::{Split, in_all};
use super::{Figure, Panel, Plot, Role, Series, line, over_time, values, without_zeros};
use crate::indicators::Parts;

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "honest",
    title: "What answers say of themselves, and what is true",
    figure,
};

fn figure(findings: &Findings) -> Option<Figure> {
    let of = |label, role, name| line(findings, label, role, name);
    let mut parts = vec![
        of("items stored", Role::Nth(0), "items.stored_share"),
        of("shards that answered", Role::Nth(1), "shards_ok"),
        of(
            "streams that came to their end",
            Role::Nth(2),
            "end_marker_rate",
        ),
    ];
    parts.retain(|s| varies(s) || s.points.iter().any(|(_, y)| y.is_some_and(|y| y < 1.0)));
    if !any(findings, &["partial_failure_rate"]) && parts.is_empty() {
        return None;
    }
    let share = |title: &str, least: f64, height, series: Vec<Series>| {
        let y = Axis::linear(Reading::Percent, values(&series), least);
        Panel::new(title, y, height, series)
    };
    let mut panels = vec![];
    let success = vec![
        of("as answers say", Role::Reported, "success.reported"),
        of(
            "by the log of their sub-steps",
            Role::Honest,
            "success.honest",
        ),
    ];
    if success.iter().any(Series::has_data) {
        panels.push(share(
            "Complete answers, share of requests",
            1.0,
            190,
            success,
        ));
    }
    let hidden = of(
        "hidden: it says complete",
        Role::Hidden,
        "partial_failure_rate.hidden",
    );
    let missing = of("", Role::Mended, "partial_failure_rate");
    let said = Series {
        label: "said".into(),
        points: less(&missing, &hidden),
        ..missing
    };
    let missing = stacked(without_zeros(vec![hidden, said]));
    if missing.iter().any(Series::has_data) {
        let y = Axis::linear(Reading::Percent, heights(&missing), 0.02);
        panels.push(Panel::new(
            "Answers with something missing",
            y,
            130,
            missing,
        ));
    }
    let failed = failed_steps(findings);
    if !failed.is_empty() {
        panels.push(share("Calls that failed, by sub-step", 0.02, 130, failed));
    }
    if !parts.is_empty() {
        panels.push(share("How much of the work was done", 1.0, 120, parts));
    }
    let mut sizes = vec![
        of("hits of a search", Role::Busy, "hits_per_search"),
        of(
            "items that a request brought",
            Role::Waiting,
            "items.per_request",
        ),
    ];
    sizes.retain(|s| varies(s) && s.points.iter().any(|(_, y)| y.is_some_and(|y| y > 0.0)));
    if !sizes.is_empty() {
        let y = Axis::linear(Reading::Count, values(&sizes), 1.0);
        panels.push(Panel::new(
            "Items brought and hits found, in the mean",
            y,
            100,
            sizes,
        ));
    }
    over_time(findings, PLOT.title, panels)
}

fn less(all: &Series, part: &Series) -> Vec<(f64, Option<f64>)> {
    let points = all.points.iter().zip(&part.points);
    points
        .map(|((at, all), (_, part))| (*at, all.map(|all| (all - part.unwrap_or(0.0)).max(0.0))))
        .collect()
}

/// The share of failed calls of the steps that failed most.
fn failed_steps(findings: &Findings) -> Vec<Series> {
    let Some(split) = Split::of(findings, "step", Parts::NONE) else {
        return vec![];
    };
    let failed = |watch: &_| in_all(watch, "call.error_rate") * in_all(watch, "call.requests");
    let steps = split.heaviest(failed);
    split.lines(&steps, "call.error_rate")
}
