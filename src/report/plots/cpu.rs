//! How busy cores are, who waits for them, and what a request costs, by site of the code.

use super::super::Findings;
use super::axis::{Axis, Reading};
use super::series::{any, heights, members, stacked};
use super::{
    Figure, Panel, Plot, Role, Series, at_windows, line, over_time, values, without_zeros,
};
use crate::indicators::Stage;

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "cpu",
    title: "Where CPU goes, over time",
    figure,
};

/// Gauges of CPU spent, by stage, site and part.
pub const SPENT: &str = "cpu.spent";
/// Sites that have a colour of their own.
const SITES: usize = 4;

fn figure(findings: &Findings) -> Option<Figure> {
    if !any(findings, &["cpu.busy", "cpu.throttled"]) {
        return None;
    }
    let of = |label, role, name| line(findings, label, role, name);
    let mut panels = vec![];
    let busy = without_zeros(vec![
        of("held", Role::Busy, "cpu.busy"),
        of(
            "throttled, share of periods",
            Role::Throttled,
            "cpu.throttled",
        ),
    ]);
    let y = Axis::linear(Reading::Percent, [1.0].into_iter(), 1.0);
    panels.push(Panel::new("Cores of a replica that are held", y, 150, busy));

    let sites = stacked(by_site(findings));
    if !sites.is_empty() {
        let y = Axis::linear(Reading::Duration, heights(&sites), 1e3);
        panels.push(Panel::new("CPU a request", y, 160, sites));
    }
    let waits = without_zeros(vec![
        of("for a core", Role::Errors, "cpu.wait.p99"),
        of("for a lock", Role::Waiting, "lock.wait.p99"),
    ]);
    if any(findings, &["cpu.wait.p99", "lock.wait.p99"]) {
        let y = Axis::log(Reading::Duration, values(&waits).map(|v| v.max(1e5)));
        panels.push(Panel::new("Wait, 99th percentile", y, 110, waits));
    }
    let line = of("waiting", Role::Waiting, "cpu.queue");
    if any(findings, &["cpu.queue"]) {
        let y = Axis::linear(Reading::Count, values(std::slice::from_ref(&line)), 1.0);
        panels.push(Panel::new(
            "Requests that wait for a core",
            y,
            100,
            vec![line],
        ));
    }
    over_time(findings, PLOT.title, panels)
}

/// CPU a request by the site that spent it, the costliest on their own, the others together.
fn by_site(findings: &Findings) -> Vec<Series> {
    let watch = findings.watch;
    let windows = 0..watch.windows.len();
    let spent = |name: &str| -> Vec<Option<f64>> {
        let each = |i| {
            let (ns, readings) = watch.sum_of_gauge(name, i..i + 1);
            let requests = watch.tally(Stage::Latency, i..i + 1).count();
            // What is read at the very end is of the last window besides its own reading.
            let whole = watch.windows.is_whole(i) && i + 1 < windows.end;
            (whole && readings > 0 && requests > 0).then(|| ns / requests as f64)
        };
        windows.clone().map(each).collect()
    };
    let total = |site: &str| {
        watch
            .sum_of_gauge(&format!("{SPENT}.{site}"), windows.clone())
            .0
    };
    let mut sites: Vec<(f64, String)> = members(findings, SPENT, usize::MAX)
        .into_iter()
        .map(|site| (total(&site), site))
        .collect();
    sites.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.cmp(y)));
    sites.truncate(SITES);
    let all = spent(SPENT);
    let mut rest = all.clone();
    let mut series = vec![];
    for (rank, (_, site)) in sites.iter().enumerate() {
        let own = spent(&format!("{SPENT}.{site}"));
        for (rest, own) in rest.iter_mut().zip(&own) {
            *rest = rest.map(|rest| (rest - own.unwrap_or(0.0)).max(0.0));
        }
        // A gap in one of several areas would let those above fall.
        let filled: Vec<_> = own
            .iter()
            .zip(&all)
            .map(|(own, all)| all.map(|_| own.unwrap_or(0.0)))
            .collect();
        series.push(Series {
            points: at_windows(findings, &filled),
            ..line(findings, &site.replace('.', " / "), Role::Nth(rank), SPENT)
        });
    }
    let others = Series {
        points: at_windows(findings, &rest),
        ..line(findings, "others", Role::Rest, SPENT)
    };
    series.push(others);
    // Below a ns there is nothing but rounding.
    series.retain(|s| s.points.iter().any(|(_, y)| y.is_some_and(|y| y >= 1.0)));
    series
}
