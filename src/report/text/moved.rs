//! What has moved since a baseline, as a table: the worst first.

use super::super::Findings;
use super::grid::Grid;
use super::paint::{Ink, Paint};
use crate::baseline::{Movement, Way};
use crate::config::show_percent;

/// Rows that are shown; the rest is in summary.json.
const ROWS: usize = 16;

/// The section of a run; empty where it was held against nothing.
pub fn lines(findings: &Findings, paint: Paint) -> Vec<String> {
    findings.moved.map_or(vec![], |m| table(m, paint))
}

fn table(movement: &Movement, paint: Paint) -> Vec<String> {
    let mut lines = vec![format!(
        "{}  {}",
        paint.ink(Ink::Head, &format!("Against {}", movement.baseline)),
        heading(movement)
    )];
    if movement.moved.is_empty() {
        return lines;
    }
    let mut grid = Grid::default();
    let heads = ["", "was", "is", "", ""];
    grid.row(heads.map(|h| (h.to_owned(), Ink::Dim)));
    for moved in movement.moved.iter().take(ROWS) {
        let (ink, word) = match moved.way {
            Way::Breach => (Ink::Bad, "breach"),
            Way::Worse => (Ink::Plain, "worse"),
            Way::Better => (Ink::Good, "better"),
        };
        let name = format!("{} {}", moved.phase, moved.quantity);
        grid.row([
            (name, Ink::Plain),
            (moved.was(), Ink::Plain),
            (moved.is(), ink),
            (moved.by(), ink),
            (word.to_owned(), ink),
        ]);
    }
    lines.extend(grid.lines(paint));
    if movement.moved.len() > ROWS {
        lines.push(format!(
            "  and {} more (--print json has all of them)",
            movement.moved.len() - ROWS
        ));
    }
    lines
}

/// In a few words what came of it.
pub fn heading(movement: &Movement) -> String {
    let worse = movement
        .moved
        .iter()
        .filter(|m| m.way == Way::Breach)
        .count();
    match (movement.moved.len(), worse) {
        (0, _) if movement.identical => "the same to the byte".into(),
        (0, _) => "no quantity moved, though the recording is another".into(),
        (n, worse) => format!(
            "{n} quantities moved, {worse} that are held for the worse by more than {}",
            show_percent(movement.tolerance)
        ),
    }
}
