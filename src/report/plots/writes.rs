//! Writes that should not be there and those that are missing, as the books of a dependency show them, and the keys that
//! were to prevent it.

use super::super::Findings;
use super::axis::{Axis, Reading};
use super::series::{any, so_far, varies};
use super::{Figure, Panel, Plot, Role, Series, line, over_time, values};

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "writes",
    title: "Writes that happened twice, or never",
    figure,
};

/// What books show: name, role, gauge of what was found since it was last read.
const WRONG: &[(&str, Role, &str)] = &[
    ("written again", Role::Repeats, "write.repeats"),
    (
        "taken for another one, by its key",
        Role::SharedKeys,
        "write.shared_keys",
    ),
    (
        "second step missing",
        Role::Unpublished,
        "write.unpublished",
    ),
    (
        "second step twice",
        Role::PublishedTwice,
        "write.published_twice",
    ),
];

fn figure(findings: &Findings) -> Option<Figure> {
    let gauges: Vec<&str> = WRONG.iter().map(|(.., gauge)| *gauge).collect();
    if !any(findings, &gauges) {
        return None;
    }
    let happened = |(label, role, gauge): &(&str, Role, &str)| {
        any(findings, &[gauge]).then(|| so_far(findings, label, *role, gauge))
    };
    let count = |title: &str, height, series: Vec<Series>| {
        let y = Axis::linear(Reading::Count, values(&series), 1.0);
        Panel::new(title, y, height, series)
    };
    let wrong = WRONG.iter().filter_map(happened).collect();
    let mut panels = vec![count("Writes that went wrong, so far", 220, wrong)];

    let keys = line(findings, "keys", Role::Keys, "write.keys_per_intent");
    if varies(&keys) {
        let y = Axis::linear(Reading::Plain, values(std::slice::from_ref(&keys)), 2.0);
        panels.push(Panel::new(
            "Idempotency keys for each thing to be written: 1 is right",
            y,
            110,
            vec![keys],
        ));
    }
    if any(findings, &["write.redelivered"]) {
        let copies = so_far(findings, "copies", Role::Redelivered, "write.redelivered");
        panels.push(count(
            "Copies that a queue handed out, so far",
            100,
            vec![copies],
        ));
    }
    let waiting = line(findings, "jobs", Role::Waiting, "write.waiting");
    if any(findings, &["write.waiting"]) {
        panels.push(count("Jobs taken and not written yet", 90, vec![waiting]));
    }
    let stored = line(findings, "second steps", Role::Kept, "write.outbox");
    if any(findings, &["write.outbox"]) {
        panels.push(count("Second steps kept in an outbox", 90, vec![stored]));
    }
    let mut calls = vec![
        line(findings, "p99", Role::P99, "call.p99"),
        line(findings, "p95", Role::P95, "call.p95"),
        line(findings, "p50", Role::P50, "call.p50"),
    ];
    calls.retain(varies);
    if !calls.is_empty() {
        let y = Axis::log(Reading::Duration, values(&calls));
        panels.push(Panel::new("Time in dependencies", y, 120, calls));
    }
    over_time(findings, PLOT.title, panels)
}
