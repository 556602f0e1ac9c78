//! The course of the main indicators over time, one line of blocks each, above a ruler with the phases.

use super::super::Findings;
use super::super::words::{clock, show};
use super::paint::{Ink, Paint};
use super::spark::{Scale, cell_of, sparkline};
use crate::indicators::find;

/// Cells of a sparkline.
const CELLS: usize = 64;

/// What is drawn: name, indicator, scale.
const COURSES: &[(&str, &str, Scale)] = &[
    ("p95", "latency.p95", Scale::Log),
    ("hit rate", "cache.hit_rate", Scale::Linear),
    ("answers", "throughput", Scale::Linear),
];

/// The lines; none when there is no data at all.
pub fn lines(findings: &Findings, paint: Paint) -> Vec<String> {
    let edges = &findings.watch.windows.edges;
    let mut lines = vec![];
    for (word, name, scale) in COURSES {
        let values = findings.series(name);
        let known = || values.iter().flatten().copied();
        let (Some(indicator), Some(_)) = (find(name), known().next()) else {
            continue;
        };
        let (low, high) = (
            known().fold(f64::INFINITY, f64::min),
            known().fold(f64::NEG_INFINITY, f64::max),
        );
        let line = sparkline(&values, edges, CELLS, *scale);
        let range = format!(
            "{} to {}",
            show(indicator.unit, Some(low)),
            show(indicator.unit, Some(high))
        );
        lines.push(
            format!("  {word:<8} {line}  {}", paint.ink(Ink::Dim, &range))
                .trim_end()
                .to_owned(),
        );
    }
    if lines.is_empty() {
        return lines;
    }
    lines.insert(0, paint.ink(Ink::Head, "Over time"));
    let below = |text: &str| format!("  {:<8} {}", "", paint.ink(Ink::Dim, text));
    lines.push(below(&ruler(findings, edges)));
    let (from, to) = findings.bounds();
    let (from, to) = (clock(from), clock(to));
    let space = " ".repeat(CELLS.saturating_sub(from.len() + to.len()).max(1));
    lines.push(below(&format!("{from}{space}{to}")));
    lines
}

/// Phases along the sparklines: `│baseline──│incident─────│recovered──`. A name that does not fit is cut.
fn ruler(findings: &Findings, edges: &[u64]) -> String {
    let mut line = vec!['─'; CELLS];
    for phase in &findings.truth.phases {
        let (from, to) = (
            cell_of(phase.from, edges, CELLS),
            cell_of(phase.to, edges, CELLS),
        );
        if from >= CELLS || to <= from {
            continue;
        }
        line[from] = '│';
        let name = phase.name.word().chars().take(to - from - 1);
        name.enumerate().for_each(|(i, c)| line[from + 1 + i] = c);
    }
    line.into_iter().collect()
}
