//! What a picture shows, in words and numbers: for who has it read aloud, and for who searches a page.
//!
//! Over time each line is told by its middle value in the phases that are compared; other pictures by what is largest.

use super::figure::{Band, Figure, Mark, Panel, Series, Shape};
use crate::incident::PhaseName;

/// Series of a panel that are told; the others can be looked up in the numbers.
const TOLD: usize = 4;
/// The phases that are told.
const PHASES: [PhaseName; 3] = [
    PhaseName::Baseline,
    PhaseName::Incident,
    PhaseName::Recovered,
];

/// A sentence for each panel of a picture.
pub fn caption(figure: &Figure) -> String {
    let bands = PHASES.iter().filter_map(|phase| {
        let mut bands = figure.bands.iter();
        bands.find(|band| band.label == phase.word())
    });
    let bands: Vec<&Band> = bands.collect();
    let panels = figure.panels.iter().filter(|p| p.has_data());
    let told = panels.map(|panel| format!("{}: {}.", panel.title, told(figure, panel, &bands)));
    let mut sentences: Vec<String> = told.collect();
    let mark = |m: &Mark| format!("{} at {}", m.label, figure.x.word(m.at));
    let marks: Vec<String> = figure.marks.iter().map(mark).collect();
    if !marks.is_empty() {
        sentences.push(format!("Marked: {}.", marks.join(", ")));
    }
    format!("{}. {}", figure.title, sentences.join(" "))
}

fn told(figure: &Figure, panel: &Panel, bands: &[&Band]) -> String {
    let words = if !panel.tiles.is_empty() {
        largest_tile(panel)
    } else if panel.series.iter().any(|s| s.shape == Shape::Bar) {
        rows(figure, panel)
    } else if bands.is_empty() {
        panel.series.iter().map(|s| s.label.clone()).collect()
    } else {
        let shown = panel.series.iter().filter(|s| s.has_data()).take(TOLD);
        shown.map(|s| course(panel, s, bands)).collect()
    };
    words.join("; ")
}

/// `p95 410ms in baseline, 2.3s in incident`.
fn course(panel: &Panel, series: &Series, bands: &[&Band]) -> String {
    let values = bands.iter().map(|band| {
        let within = |x: f64| x >= band.from && x < band.to;
        let points = series.points.iter().filter(|(x, _)| within(*x));
        let values: Vec<f64> = points.filter_map(|(_, y)| *y).collect();
        let value = typical(values).map(|v| panel.y.word(v));
        let value = value.unwrap_or_else(|| "no data".into());
        format!("{value} in {}", band.label)
    });
    let values: Vec<String> = values.collect();
    format!("{} {}", series.label, values.join(", "))
}

/// The middle value; of what only grows, the last.
fn typical(mut values: Vec<f64>) -> Option<f64> {
    if values.is_sorted() {
        return values.last().copied();
    }
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// `incident 1.2s, most of it calls with 900ms`, row by row.
fn rows(figure: &Figure, panel: &Panel) -> Vec<String> {
    let x = panel.x.as_ref().unwrap_or(&figure.x);
    let length = |series: &Series, row: usize| {
        let mut points = series.points.iter();
        let point = points.find(|(at, _)| *at == row as f64);
        point.and_then(|(_, length)| *length).unwrap_or(0.0)
    };
    let tell = |(row, name): (usize, &String)| {
        let parts = panel.series.iter().map(|s| (s, length(s, row)));
        let total: f64 = parts.clone().map(|(_, length)| length).sum();
        match parts.max_by(|(_, a), (_, b)| a.total_cmp(b)) {
            Some((series, most)) if most > 0.0 => {
                let (total, most) = (x.word(total), x.word(most));
                format!("{name} {total}, most of it {} with {most}", series.label)
            }
            _ => format!("{name} no data"),
        }
    };
    panel.y.rows.iter().enumerate().map(tell).collect()
}

/// The widest box among those that nothing stands on: of the upper rows.
fn largest_tile(panel: &Panel) -> Vec<String> {
    let top = panel.tiles.iter().filter(|tile| {
        let on = |other: &&super::Tile| {
            other.row + 1 == tile.row
                && other.from >= tile.from - 1e-9
                && other.to <= tile.to + 1e-9
        };
        !panel.tiles.iter().any(|other| on(&other))
    });
    let widest = top.max_by(|a, b| (a.to - a.from).total_cmp(&(b.to - b.from)));
    widest
        .map(|tile| format!("most of it {} with {}", tile.label, tile.note))
        .into_iter()
        .collect()
}
