//! The course of the indicators in focus over time, one line of blocks each, above a ruler with the phases.

use super::super::Findings;
use super::super::focus::focus;
use super::super::spark::{cell_of, scale_of};
use super::super::words::{clock, show};
use super::grid::WIDTH;
use super::paint::{Ink, Paint};
use super::spark::sparkline;
use crate::gates::Verdict;

/// Lines at most.
const LINES: usize = 6;

/// The lines; none when there is no data at all.
pub fn lines(findings: &Findings, paint: Paint) -> Vec<String> {
    let focus = focus(findings, LINES);
    if focus.is_empty() {
        return vec![];
    }
    let edges = &findings.watch.windows.edges;
    let courses: Vec<(Vec<Option<f64>>, String)> = focus
        .iter()
        .map(|f| {
            let values = findings.series(f.indicator.name);
            let known = || values.iter().flatten().copied();
            let low = known().fold(f64::INFINITY, f64::min);
            let high = known().fold(f64::NEG_INFINITY, f64::max);
            let (low, high) = (
                show(f.indicator.unit, Some(low)),
                show(f.indicator.unit, Some(high)),
            );
            let range = match low == high {
                true => low,
                false => format!("{low} to {high}"),
            };
            (values, range)
        })
        .collect();
    let widest =
        |texts: &mut dyn Iterator<Item = &str>| texts.map(|t| t.chars().count()).max().unwrap_or(0);
    let name = widest(&mut focus.iter().map(|f| f.indicator.name));
    let range = widest(&mut courses.iter().map(|(_, range)| range.as_str()));
    // Whatever the names, nothing is cut off.
    let cells = WIDTH.saturating_sub(2 + name + 2 + 2 + range).clamp(24, 64);
    let mut lines = vec![paint.ink(Ink::Head, "Over time")];
    for (f, (values, range)) in focus.iter().zip(&courses) {
        let ink = match f.verdict {
            Some(Verdict::Breach) => Ink::Bad,
            Some(Verdict::NoData) => Ink::Doubt,
            _ => Ink::Plain,
        };
        let space = " ".repeat(name - f.indicator.name.chars().count());
        lines.push(format!(
            "  {}{space}  {}  {}",
            paint.ink(ink, f.indicator.name),
            sparkline(values, edges, cells, scale_of(f.indicator.unit)),
            paint.ink(Ink::Dim, range)
        ));
    }
    let below = |text: &str| format!("  {:name$}  {}", "", paint.ink(Ink::Dim, text));
    lines.push(below(&ruler(findings, edges, cells)));
    let (from, to) = findings.bounds();
    let (from, to) = (clock(from), clock(to));
    let space = " ".repeat(cells.saturating_sub(from.len() + to.len()).max(1));
    lines.push(below(&format!("{from}{space}{to}")));
    lines
}

/// Phases along the sparklines: `│baseline──│incident─────│recovered──`. A name that does not fit is left out.
fn ruler(findings: &Findings, edges: &[u64], cells: usize) -> String {
    let mut line = vec!['─'; cells];
    for phase in &findings.truth.phases {
        let (from, to) = (
            cell_of(phase.from, edges, cells),
            cell_of(phase.to, edges, cells),
        );
        if from >= cells || to <= from {
            continue;
        }
        line[from] = '│';
        let name = phase.name.word();
        if name.chars().count() < to - from {
            let letters = name.chars().enumerate();
            letters.for_each(|(i, c)| line[from + 1 + i] = c);
        }
    }
    line.into_iter().collect()
}
