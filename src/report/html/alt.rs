//! What is seen on a picture, in words, for who does not see it: the panels, and where their lines and bars lie.

use crate::report::plots::{Band, Figure, Panel, Role, Series, Shape};

/// Lines of a panel that are told.
const SERIES: usize = 4;

/// The words.
pub fn of(figure: &Figure) -> String {
    let panels = figure.panels.iter().filter_map(|p| panel(figure, p));
    let panels: Vec<String> = panels.collect();
    let marks: Vec<String> = figure
        .marks
        .iter()
        .map(|m| format!("{} at {}", m.label, figure.x.word(m.at)))
        .collect();
    let mut words = figure.title.clone();
    for part in panels {
        words += &format!(". {part}");
    }
    if !marks.is_empty() {
        words += &format!(". Marked: {}", marks.join(", "));
    }
    words + "."
}

fn panel(figure: &Figure, panel: &Panel) -> Option<String> {
    let told: Vec<String> = panel
        .series
        .iter()
        .filter_map(|s| match s.shape {
            Shape::Bar => bars(figure, panel, s),
            Shape::Line | Shape::Stack => line(figure, panel, s),
        })
        .take(SERIES)
        .collect();
    (!told.is_empty()).then(|| format!("{}: {}", panel.title, told.join("; ")))
}

/// The bands that people compare; all where none of them is there.
fn compared(figure: &Figure) -> Vec<&Band> {
    let roles = [Role::Baseline, Role::Incident, Role::Recovered];
    let compared = figure.bands.iter().filter(|b| roles.contains(&b.role));
    let compared: Vec<&Band> = compared.collect();
    match compared.is_empty() {
        true => figure.bands.iter().collect(),
        false => compared,
    }
}

/// Three digits are as many as a mean by eye has.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let unit = libm::pow(10.0, libm::floor(libm::log10(value.abs())) - 2.0);
    (value / unit).round() * unit
}

/// A line: its mean in each band, or the ends of its range.
fn line(figure: &Figure, panel: &Panel, series: &Series) -> Option<String> {
    let known = || {
        let points = series.points.iter();
        points.filter_map(|(x, y)| y.filter(|y| y.is_finite()).map(|y| (*x, y)))
    };
    known().next()?;
    let mean = |band: &Band| {
        let inside = known().filter(|(x, _)| (band.from..band.to).contains(x));
        let (sum, n) = inside.fold((0.0, 0u32), |(sum, n), (_, y)| (sum + y, n + 1));
        let value = panel.y.word(rounded(sum / f64::from(n.max(1))));
        (n > 0).then(|| (value, band.label.clone()))
    };
    let means: Vec<(String, String)> = match panel.x.is_none() {
        true => compared(figure).into_iter().filter_map(mean).collect(),
        false => vec![],
    };
    if let Some((first, _)) = means.first() {
        if means.iter().all(|(value, _)| value == first) {
            return Some(format!("{} about {first} throughout", series.label));
        }
        let means = means
            .iter()
            .map(|(value, band)| format!("about {value} in {band}"));
        let means: Vec<String> = means.collect();
        return Some(format!("{} {}", series.label, means.join(", ")));
    }
    let low = known().map(|(_, y)| y).fold(f64::INFINITY, f64::min);
    let high = known().map(|(_, y)| y).fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = (panel.y.word(low), panel.y.word(high));
    Some(format!("{} from {low} to {high}", series.label))
}

/// Bars: the length of each row.
fn bars(figure: &Figure, panel: &Panel, series: &Series) -> Option<String> {
    let x = panel.x.as_ref().unwrap_or(&figure.x);
    let rows = series.points.iter().filter_map(|(row, length)| {
        let length = length.filter(|l| *l > 0.0)?;
        Some(format!("{} in {}", x.word(length), panel.y.word(*row)))
    });
    let rows: Vec<String> = rows.collect();
    (!rows.is_empty()).then(|| format!("{} {}", series.label, rows.join(", ")))
}
