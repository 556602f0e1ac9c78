//! Who waits for a worker: by class, how long and how many, and whether workers idle meanwhile.

use super::super::Findings;
use super::axis::{Axis, Reading};
use super::series::{any, gauge, heights, members, most, peaks, stacked};
use super::split::{PARTS, Split, in_all};
use super::{Figure, Panel, Plot, Role, Series, line, over_time, values, without_zeros};
use crate::indicators::{Parts, Stage};

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "queue",
    title: "Who waits for a worker",
    figure,
};

/// Waits below this share of the latency are not what anybody looks for.
const WORTH_IT: f64 = 0.05;
/// Shorter waits are none, ns.
const LEAST: f64 = 1e6;

fn figure(findings: &Findings) -> Option<Figure> {
    let waited = most(findings, "queue.wait.p99").unwrap_or(0.0);
    let took = most(findings, "latency.p99").unwrap_or(0.0);
    if waited < LEAST || waited < took * WORTH_IT {
        return None;
    }
    let of = |label, role, name| line(findings, label, role, name);
    let mut panels = vec![];
    let depth = "queue.class_depth";
    // The worst first, and in the same colour in all panels.
    let mut classes = members(findings, "queue.class_age", PARTS);
    if classes.is_empty() {
        classes = members(findings, depth, PARTS);
    }
    let waits = by_class(findings, &mut classes);
    let waits = match waits.is_empty() {
        true => vec![
            of("p99", Role::P99, "queue.wait.p99"),
            of("p95", Role::P95, "queue.wait.p95"),
            of("p50", Role::P50, "queue.wait.p50"),
        ],
        false => waits,
    };
    let title = match classes.is_empty() {
        true => "Wait for a worker",
        false => "Wait for a worker, 95th percentile of a class",
    };
    let y = Axis::log(Reading::Duration, values(&waits).map(|v| v.max(LEAST)));
    panels.push(Panel::new(title, y, 180, waits));

    type Read = fn(&Findings, &str, Role, &str) -> Series;
    let each = |kind: &str, read: Read| -> Vec<Series> {
        let series = classes.iter().enumerate().map(|(rank, class)| {
            read(findings, class, Role::Nth(rank), &format!("{kind}.{class}"))
        });
        series.filter(Series::has_data).collect()
    };
    let ages = each("queue.class_age", peaks);
    if !ages.is_empty() {
        let y = Axis::log(Reading::Duration, values(&ages).map(|v| v.max(LEAST)));
        panels.push(Panel::new(
            "How long the first in line has waited by now",
            y,
            140,
            ages,
        ));
    }
    let waiting = match each(depth, gauge) {
        none if none.is_empty() => stacked(without_zeros(vec![
            of("in the queue", Role::Waiting, "queue.depth"),
            of(
                "taken in advance by workers",
                Role::Nth(1),
                "queue.reserved",
            ),
        ])),
        some => stacked(some),
    };
    let y = Axis::linear(Reading::Count, heights(&waiting), 1.0);
    panels.push(Panel::new("Waiting requests", y, 120, waiting));

    let workers = without_zeros(vec![
        of("busy", Role::Busy, "workers.busy"),
        of("there are", Role::Size, "workers.size"),
        of(
            "idle though somebody waits",
            Role::Hidden,
            "workers.kept_idle",
        ),
    ]);
    if workers[0].has_data() {
        let y = Axis::linear(Reading::Count, values(&workers), 1.0);
        panels.push(Panel::new("Workers of a replica", y, 110, workers));
    }
    over_time(findings, PLOT.title, panels)
}

/// The wait of each class; classes that have no gauge are added.
fn by_class(findings: &Findings, classes: &mut Vec<String>) -> Vec<Series> {
    let parts = Parts::stage(Stage::QueueWait);
    let Some(split) = Split::of(findings, "class", parts) else {
        return vec![];
    };
    let heaviest = split.heaviest(|watch| in_all(watch, "requests"));
    if heaviest.len() < 2 && !any(findings, &["queue.class_depth"]) {
        return vec![];
    }
    for (name, _) in &heaviest {
        if classes.len() < PARTS && !classes.contains(name) {
            classes.push(name.clone());
        }
    }
    let ranked = classes.iter().enumerate().filter_map(|(rank, class)| {
        let (_, watch) = heaviest.iter().find(|(name, _)| name == class)?;
        Some(split.line(class, Role::Nth(rank), watch, "queue.wait.p95"))
    });
    ranked.collect()
}
