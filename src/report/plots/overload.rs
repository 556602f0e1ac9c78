//! What is asked, what is called and what is answered, and what multiplies it: retries of clients and of the service,
//! breakers, replicas and regions that are down.

use super::super::Findings;
use super::axis::{Axis, Reading};
use super::series::{any, gauge, grew, members, varies};
use super::split::{PARTS, Split, in_all};
use super::{Figure, Panel, Plot, Role, Series, line, over_time, values};
use crate::indicators::Parts;

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "overload",
    title: "What was asked, called and answered",
    figure,
};

/// As many times the attempts of a request, or the tries of an operation, are not worth a picture.
const FEW: f64 = 1.3;

fn figure(findings: &Findings) -> Option<Figure> {
    let amplified = |name| grew(findings, name, FEW, 0.0);
    let up = line(findings, "up", Role::Kept, "replicas.up");
    let regions = members(findings, "region.up", PARTS);
    let worth_it = [
        amplified("retry.amplification"),
        amplified("tries_per_op"),
        any(findings, &["breaker.open"]),
        regions.len() > 1 && varies(&up),
    ];
    if !worth_it.contains(&true) {
        return None;
    }
    let of = |label, role, name| line(findings, label, role, name);
    let tries = of("tries of clients", Role::Arrivals, "arrival_rate");
    let asked = Series {
        label: "asked for".into(),
        role: Role::Tries,
        points: over(&tries, &of("", Role::Tries, "tries_per_op")),
        ..tries.clone()
    };
    let calls = of("calls to dependencies", Role::Attempts, "call.rate");
    let mut rates = vec![asked, of("answered", Role::Answers, "throughput")];
    if amplified("tries_per_op") {
        rates.push(tries);
    }
    if amplified("retry.amplification") {
        rates.push(calls);
    }
    let y = Axis::linear(Reading::Count, values(&rates), 1.0);
    let mut panels = vec![Panel::new("Requests and calls a second", y, 190, rates)];

    let mut times = vec![
        of(
            "attempts at a dependency",
            Role::Attempts,
            "retry.amplification",
        ),
        of("tries of a client", Role::Tries, "tries_per_op"),
    ];
    times.retain(varies);
    if !times.is_empty() {
        let y = Axis::linear(Reading::Plain, values(&times), 2.0);
        panels.push(Panel::new(
            "Tries and attempts for one request",
            y,
            120,
            times,
        ));
    }
    let breakers = members(findings, "breaker.open", PARTS);
    if any(findings, &["breaker.open"]) {
        let each = breakers.iter().enumerate().map(|(rank, name)| {
            gauge(
                findings,
                name,
                Role::Nth(rank),
                &format!("breaker.open.{name}"),
            )
        });
        let each: Vec<Series> = each.collect();
        let y = Axis::linear(Reading::Percent, [1.0].into_iter(), 1.0);
        panels.push(Panel::new(
            "Breakers that refuse calls, share of replicas",
            y,
            90,
            each,
        ));
    }
    let answered = by_region(findings, regions.len() > 1);
    if !answered.is_empty() {
        let y = Axis::linear(Reading::Percent, [1.0].into_iter(), 1.0);
        panels.push(Panel::new(
            "Answered share of requests, by region",
            y,
            120,
            answered,
        ));
    }
    if varies(&up) {
        let each: Vec<Series> = match regions.len() {
            0 | 1 => vec![up],
            _ => ranked(&regions)
                .map(|(rank, name)| {
                    gauge(
                        findings,
                        name,
                        Role::Nth(rank),
                        &format!("region.up.{name}"),
                    )
                })
                .collect(),
        };
        let y = Axis::linear(Reading::Count, values(&each), 1.0);
        panels.push(Panel::new("Replicas in service", y, 100, each));
    }
    over_time(findings, PLOT.title, panels)
}

fn over(all: &Series, times: &Series) -> Vec<(f64, Option<f64>)> {
    let points = all.points.iter().zip(&times.points);
    points
        .map(|((at, all), (_, times))| (*at, all.map(|all| all / times.unwrap_or(1.0).max(1.0))))
        .collect()
}

/// Names with their places in alphabetical order, so that a region has one colour in all panels.
fn ranked(names: &[String]) -> impl Iterator<Item = (usize, &String)> {
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort_unstable();
    sorted.into_iter().enumerate()
}

/// Where the service has regions, how each of them fares.
fn by_region(findings: &Findings, wanted: bool) -> Vec<Series> {
    let split = wanted.then(|| Split::of(findings, "region", Parts::NONE));
    let Some(split) = split.flatten() else {
        return vec![];
    };
    let mut parts = split.heaviest(|watch| in_all(watch, "requests"));
    parts.sort_by(|(a, _), (b, _)| a.cmp(b));
    split.lines(&parts, "success_rate")
}
