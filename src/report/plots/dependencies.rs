//! What is called: how long it takes, how often, how often it fails, how long one waits for a connection.

use super::super::Findings;
use super::axis::{Axis, Reading};
use super::series::{any, grew, most};
use super::split::{Split, in_all};
use super::{Figure, Panel, Plot, Role, Series, line, over_time, values, without_zeros};
use crate::indicators::{Parts, Stage};

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "dependencies",
    title: "What the service calls",
    figure,
};

/// What is worth a picture: an indicator, how many times as large as in the baseline it has to be in another phase, and
/// below what it is as good as none.
const MOVED: &[(&str, f64, f64)] = &[
    ("call.rate", 1.5, 0.0),
    ("call.time.p99", 1.3, 0.0),
    ("call.time.p50", 1.3, 0.0),
    ("call.error_rate", 2.0, 0.01),
    ("pool.wait.p99", 2.0, 1e6),
];
/// A share of failures that does not need a panel.
const FEW: f64 = 0.02;

fn figure(findings: &Findings) -> Option<Figure> {
    let moved = |(name, times, least): &(&str, f64, f64)| grew(findings, name, *times, *least);
    if !MOVED.iter().any(moved) {
        return None;
    }
    let split = Split::of(findings, "dependency", Parts::stage(Stage::CallTime));
    let called = |watch: &_| in_all(watch, "call.requests");
    let of = |label, role, name| line(findings, label, role, name);
    let each = |name: &str| -> Vec<Series> {
        let Some(split) = &split else { return vec![] };
        let parts = split.heaviest(called);
        match parts.len() {
            0 | 1 => vec![],
            _ => split.lines(&parts, name),
        }
    };
    let mut panels = vec![];
    let tails = each("call.time.p99");
    if tails.is_empty() {
        let times = vec![
            of("p99", Role::P99, "call.time.p99"),
            of("p95", Role::P95, "call.time.p95"),
            of("p50", Role::P50, "call.time.p50"),
        ];
        if times.iter().any(Series::has_data) {
            let y = Axis::log(Reading::Duration, values(&times));
            panels.push(Panel::new("Time of a call", y, 190, times));
        }
    } else {
        let medians = each("call.time.p50");
        for (title, series) in [
            ("Time of a call, 99th percentile", tails),
            ("Time of a call, median", medians),
        ] {
            let y = Axis::log(Reading::Duration, values(&series));
            panels.push(Panel::new(title, y, 150, series));
        }
    }
    if grew(findings, "call.rate", 1.5, 0.0) {
        let rates = match each("call.rate") {
            one if one.is_empty() => vec![of("calls", Role::Attempts, "call.rate")],
            many => many,
        };
        let y = Axis::linear(Reading::Count, values(&rates), 1.0);
        panels.push(Panel::new("Calls a second", y, 120, rates));
    }
    if most(findings, "call.error_rate").is_some_and(|share| share > FEW) {
        let failed = each("call.error_rate");
        let failed = match failed.is_empty() {
            true => without_zeros(vec![
                of("failed", Role::Errors, "call.error_rate"),
                of("of which timed out", Role::Tries, "call.timeout_rate"),
                of("of which throttled", Role::Rejects, "call.throttle_rate"),
            ]),
            false => failed,
        };
        let y = Axis::linear(Reading::Percent, values(&failed), 0.01);
        panels.push(Panel::new("Calls that failed", y, 120, failed));
    }
    if any(findings, &["pool.wait.p99"]) {
        let waits = vec![
            of("p99", Role::P99, "pool.wait.p99"),
            of("p95", Role::P95, "pool.wait.p95"),
        ];
        let y = Axis::log(Reading::Duration, values(&waits).map(|v| v.max(1e5)));
        panels.push(Panel::new("Wait for a connection", y, 120, waits));
        let pool = without_zeros(vec![
            of("in use", Role::Busy, "pool.in_use"),
            of("there may be", Role::Size, "pool.size"),
            of("waiting", Role::Waiting, "pool.waiting"),
        ]);
        let y = Axis::linear(Reading::Count, values(&pool), 1.0);
        panels.push(Panel::new("Connections of a replica", y, 110, pool));
    }
    if grew(findings, "connections.opened", 1.5, 0.1) {
        let opened = vec![of("opened", Role::Opened, "connections.opened")];
        let y = Axis::linear(Reading::Count, values(&opened), 1.0);
        panels.push(Panel::new(
            "Connections that a replica opens between two readings",
            y,
            90,
            opened,
        ));
    }
    let attempts = of("attempts", Role::Attempts, "retry.amplification");
    if grew(findings, "retry.amplification", 1.05, 0.0) {
        let y = Axis::linear(Reading::Plain, values(std::slice::from_ref(&attempts)), 2.0);
        panels.push(Panel::new("Attempts a request", y, 90, vec![attempts]));
    }
    over_time(findings, PLOT.title, panels)
}
