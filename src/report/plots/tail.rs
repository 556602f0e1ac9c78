//! Where the time of the slowest twentieth goes: mean time per stage among requests from the phase's p95 up, as lengths
//! and as shares. A p95 says that it hurts; this says where.
//!
//! It reads the rows of the recording. Without rows it falls back to all requests, which the windows know, and says so.

use super::super::Findings;
use super::axis::{Axis, Reading};
use super::{Figure, Panel, Plot, Role, Series, Shape, subtitle};
use crate::incident::Phase;
use crate::indicators::{Stage, find};
use crate::recording::{Recording, outcome, requests};

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "tail",
    title: "Where the time of the slowest 5% goes",
    figure,
};

/// A stage of the journey: name, role, column of requests, indicator.
const STAGES: &[(&str, Role, usize, &str)] = &[
    (
        "queue",
        Role::Queue,
        requests::queue_wait,
        "queue.wait.mean",
    ),
    (
        "flight",
        Role::Flight,
        requests::flight_wait,
        "flight.wait.mean",
    ),
    ("pool", Role::Pool, requests::pool_wait, "pool.wait.mean"),
    ("backoff", Role::Backoff, requests::backoff, "backoff.mean"),
    ("calls", Role::Call, requests::call, "call.mean"),
    ("compute", Role::Compute, requests::compute, "compute.mean"),
];

/// What is left of the latency when all stages are taken off.
const REST: &str = "other";

/// A share of a bar that cannot be seen.
const SLIVER: f64 = 0.005;

/// Requests that were answered in no time, since they were not let in: they have no journey.
const NOT_TAKEN_IN: [u8; 4] = [
    outcome::REJECTED,
    outcome::SHED,
    outcome::PARSE_ERROR,
    outcome::UNAVAILABLE,
];

fn figure(findings: &Findings) -> Option<Figure> {
    let phases = findings.compared();
    let (means, title) = match findings.recording {
        Some(recording) => (in_the_tail(findings, recording, &phases)?, PLOT.title),
        None => (
            of_all(findings, &phases),
            "Where the time of requests goes (rows were not kept: all of them, not the slowest 5%)",
        ),
    };
    if means.iter().flatten().all(|m| *m <= 0.0) {
        return None;
    }
    let means = without_slivers(means);
    let words: Vec<String> = phases.iter().map(|p| p.name.word().to_owned()).collect();
    let totals: Vec<f64> = means.iter().map(|m| m.iter().sum()).collect();
    let shares: Vec<Vec<f64>> = means
        .iter()
        .zip(&totals)
        .map(|(m, total)| {
            m.iter()
                .map(|v| if *total > 0.0 { v / total } else { 0.0 })
                .collect()
        })
        .collect();
    let height = 44 * words.len().max(1) as u32 + 8;
    let panel = |title: &str, x: Axis, rows: &[Vec<f64>]| Panel {
        x: Some(x),
        ..Panel::new(title, Axis::rows(words.clone()), height, bars(rows))
    };
    let longest = totals.iter().copied().fold(0.0, f64::max);
    // Room for the total behind the longest bar.
    let x = Axis::linear(Reading::Duration, [longest * 1.06].into_iter(), 1e3);
    Some(Figure {
        title: title.into(),
        subtitle: subtitle(findings),
        panels: vec![
            panel("Mean time by stage", x.clone(), &means),
            panel(
                "The same as shares",
                Axis::linear(Reading::Percent, [1.0].into_iter(), 1.0),
                &shares,
            ),
        ],
        x,
        bands: vec![],
        marks: vec![],
    })
}

/// Stages that are nowhere large enough to be seen go to the rest.
fn without_slivers(mut means: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    for stage in 0..STAGES.len() {
        let seen =
            |row: &Vec<f64>| row[stage] >= SLIVER * row.iter().sum::<f64>() && row[stage] > 0.0;
        if !means.iter().any(seen) {
            for row in &mut means {
                row[STAGES.len()] += row[stage];
                row[stage] = 0.0;
            }
        }
    }
    means
}

/// A series for each stage that took any time.
fn bars(rows: &[Vec<f64>]) -> Vec<Series> {
    let names = STAGES
        .iter()
        .map(|(name, role, ..)| (*name, *role))
        .chain([(REST, Role::Rest)]);
    let series = |(stage, (name, role)): (usize, (&str, Role))| {
        let value = |row: &Vec<f64>| row.get(stage).copied().filter(|v| *v > 0.0);
        let points: Vec<_> = rows
            .iter()
            .enumerate()
            .map(|(i, row)| (i as f64, value(row)))
            .collect();
        Series {
            label: name.to_owned(),
            role,
            shape: Shape::Bar,
            points,
        }
    };
    names
        .enumerate()
        .map(series)
        .filter(Series::has_data)
        .collect()
}

/// Mean ns per stage and the rest, by phase, among the requests from the phase's p95 up. `None` when the recording
/// lacks a column for it.
fn in_the_tail(
    findings: &Findings,
    recording: &Recording,
    phases: &[Phase],
) -> Option<Vec<Vec<f64>>> {
    let table = &recording.requests;
    let column = |c| table.column(c);
    let (arrived, latency) = (column(requests::arrived)?, column(requests::latency)?);
    let from: Vec<Option<u64>> = phases
        .iter()
        .map(|p| {
            let windows = findings.watch.windows.within(p.from, p.to);
            // A sketch knows values to a part in a thousand, and answers with the largest of its step.
            findings
                .watch
                .tally(Stage::Latency, windows)
                .quantile(0.95)
                .map(|v| v - v / 1000)
        })
        .collect();
    let mut sums = vec![vec![0.0; STAGES.len() + 1]; phases.len()];
    let mut counts = vec![0u64; phases.len()];
    for (row, (arrived, latency)) in arrived.iter().zip(latency.iter()).enumerate() {
        let Some(phase) = phases
            .iter()
            .position(|p| (p.from..p.to).contains(&arrived))
        else {
            continue;
        };
        if from[phase].is_none_or(|from| latency < from) {
            continue;
        }
        let value = |c| table.value(c, row);
        if value(requests::background) != 0
            || NOT_TAKEN_IN
                .map(u64::from)
                .contains(&value(requests::outcome))
        {
            continue;
        }
        counts[phase] += 1;
        let mut rest = latency as f64;
        for (sum, (_, _, column, _)) in sums[phase].iter_mut().zip(STAGES) {
            let time = value(*column) as f64;
            *sum += time;
            rest -= time;
        }
        sums[phase][STAGES.len()] += rest.max(0.0);
    }
    for (sums, count) in sums.iter_mut().zip(&counts) {
        sums.iter_mut()
            .for_each(|sum| *sum /= (*count).max(1) as f64);
    }
    Some(sums)
}

/// The same of all requests, from the windows.
fn of_all(findings: &Findings, phases: &[Phase]) -> Vec<Vec<f64>> {
    let mean = |name: &str, phase: &Phase| {
        let value = find(name).and_then(|i| findings.value_over(i, phase.from, phase.to));
        value.unwrap_or(0.0)
    };
    let row = |phase: &Phase| {
        let mut row: Vec<f64> = STAGES.iter().map(|(.., name)| mean(name, phase)).collect();
        let rest = mean("latency.mean", phase) - row.iter().sum::<f64>();
        row.push(rest.max(0.0));
        row
    };
    phases.iter().map(row).collect()
}
