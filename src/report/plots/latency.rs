//! Latency by percentile on HdrHistogram's axis of nines: the shape of the tail, phase against phase.

use super::super::Findings;
use super::axis::{Axis, Reading};
use super::{Figure, Panel, Plot, Series, Shape, role_of, subtitle, values};
use crate::config::{show_count, show_nanos};
use crate::incident::Phase;
use crate::indicators::{Stage, Tally};

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "latency",
    title: "Latency by percentile",
    figure,
};

/// Points along a nine.
const STEPS: usize = 60;

fn figure(findings: &Findings) -> Option<Figure> {
    let tallies: Vec<(Phase, Tally)> = findings
        .compared()
        .into_iter()
        .map(|p| (p, tally(findings, &p)))
        .collect();
    let most = tallies.iter().map(|(_, t)| nines(t)).fold(1.0, f64::max);
    let series: Vec<Series> = tallies
        .iter()
        .filter(|(_, tally)| tally.count() > 0)
        .map(|(phase, tally)| Series {
            label: label(phase, tally),
            role: role_of(phase.name),
            shape: Shape::Line,
            points: curve(tally),
        })
        .collect();
    let y = Axis::log(Reading::Duration, values(&series));
    let panel = Panel::new("Latency from the intended arrival", y, 470, series);
    Some(Figure {
        title: PLOT.title.into(),
        subtitle: subtitle(findings),
        panels: vec![panel],
        x: Axis::nines(most).labelled("share of the requests that took no longer"),
        bands: vec![],
        marks: vec![],
    })
}

fn tally(findings: &Findings, phase: &Phase) -> Tally {
    findings.watch.tally(
        Stage::Latency,
        findings.watch.windows.within(phase.from, phase.to),
    )
}

/// `incident: p95 930ms, 182k requests`.
fn label(phase: &Phase, tally: &Tally) -> String {
    let p95 = show_nanos(tally.quantile(0.95).unwrap_or(0));
    format!(
        "{}: p95 {p95}, {} requests",
        phase.name.word(),
        show_count(tally.count())
    )
}

/// How many nines so many requests can show: the slowest of a thousand stands at 99.9 %.
fn nines(tally: &Tally) -> f64 {
    libm::log10(tally.count().max(10) as f64)
}

/// Quantiles from 0 to the last that the requests can show, evenly along the axis, in one pass over the steps.
fn curve(tally: &Tally) -> Vec<(f64, Option<f64>)> {
    let last = nines(tally);
    let n = (last * STEPS as f64).ceil() as usize;
    let quantile = |i: usize| 1.0 - libm::pow(10.0, -last * i as f64 / n as f64);
    let count = tally.count() as f64;
    let mut points = vec![];
    let (mut below, mut i) = (0u64, 0);
    for (value, many) in tally.steps() {
        below += many;
        while i <= n && libm::ceil(quantile(i) * count - 1e-6).max(1.0) <= below as f64 {
            points.push((
                quantile(i),
                Some(value.min(tally.max().unwrap_or(value)) as f64),
            ));
            i += 1;
        }
    }
    points
}
