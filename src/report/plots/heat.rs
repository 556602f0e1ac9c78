//! Every request by its latency, over time: two crowds where a percentile knows one number, a band that thickens, a wall
//! at a timeout.

use super::super::Findings;
use super::axis::{Axis, Reading};
use super::{
    Figure, Heat, Panel, Plot, Role, bands, line, marks, subtitle, time_axis, without_zeros,
};
use crate::indicators::Stage;

/// One line of the table.
pub const PLOT: Plot = Plot {
    name: "heatmap",
    title: "How long requests took, all of them, over time",
    figure,
};

/// Columns at most: cells that can be seen, with enough requests in each to be a shade.
const COLUMNS: u64 = 180;
/// Cells of a column.
const CELLS: usize = 64;

fn figure(findings: &Findings) -> Option<Figure> {
    let columns = columns(findings);
    let steps: Vec<Vec<(u64, u64)>> = columns
        .windows(2)
        .map(|edges| {
            let windows = findings.watch.windows.within(edges[0], edges[1]);
            findings
                .watch
                .tally(Stage::Latency, windows)
                .steps()
                .collect()
        })
        .collect();
    let all = steps.iter().flatten().map(|(value, _)| *value as f64);
    let y = Axis::log(Reading::Duration, all.clone());
    if all.fold(0.0, f64::max) <= 0.0 {
        return None;
    }
    let edge = |i: usize| {
        let share = i as f64 / CELLS as f64;
        y.range.start * libm::pow(y.range.end / y.range.start, share)
    };
    let counts = steps.iter().map(|steps| {
        let mut cells = vec![0u64; CELLS];
        for (value, many) in steps {
            let cell = (y.place(*value as f64) * CELLS as f64) as usize;
            cells[cell.min(CELLS - 1)] += many;
        }
        cells
    });
    let heat = Heat {
        across: columns.iter().map(|edge| *edge as f64).collect(),
        up: (0..=CELLS).map(edge).collect(),
        counts: counts.collect(),
        of: "requests a cell",
    };
    let of = |label, role, name| line(findings, label, role, name);
    let lines = without_zeros(vec![
        of("p99", Role::P99, "latency.p99"),
        of("p95", Role::P95, "latency.p95"),
        of("p50", Role::P50, "latency.p50"),
    ]);
    Some(Figure {
        title: PLOT.title.into(),
        subtitle: subtitle(findings),
        panels: vec![Panel {
            heat: Some(heat),
            ..Panel::new("Latency from the intended arrival", y, 400, lines)
        }],
        x: time_axis(findings),
        bands: bands(findings),
        marks: marks(findings, true),
    })
}

/// Edges of columns of one width, a multiple of the windows', so that each is a sum of windows.
fn columns(findings: &Findings) -> Vec<u64> {
    let (from, to) = findings.bounds();
    let width = findings.watch.windows.width.max(1);
    let many = (to - from).div_ceil(width).div_ceil(COLUMNS).max(1);
    let step = width.saturating_mul(many);
    let mut edges: Vec<u64> = (0..(to - from).div_ceil(step))
        .map(|i| from + i * step)
        .collect();
    edges.push(to);
    edges
}
