//! The pictures of a report: each plot builds a [`Figure`] from findings, and one drawer turns figures into PNG.
//!
//! A new picture is one file with a `figure` function and one line in [`PLOTS`]. Quantities come from the catalogue of
//! indicators: a plot computes none of its own. Rows of a recording are read by the breakdown of the tail alone.

mod axis;
mod cache;
mod canvas;
mod draw;
mod figure;
mod font;
mod latency;
mod layout;
mod shapes;
mod style;
mod tail;
mod timeline;

pub use axis::{Axis, Reading, Scale};
pub use figure::{Band, Figure, Mark, Panel, Series, Shape};
pub use style::{DARK, LIGHT, Palette, Role};

use super::words::{clock, thousands};
use super::{Findings, story};
use crate::config::Refusal;
use crate::incident::{Entry, EntryKind, Phase, PhaseName};
use rayon::prelude::*;

/// A picture that reports have.
pub struct Plot {
    /// Its file without the ending.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// What is on it; `None` when the run has nothing of the kind (no cache, say).
    pub figure: fn(&Findings) -> Option<Figure>,
}

/// Every plot, in the order of a report.
pub const PLOTS: &[Plot] = &[timeline::PLOT, latency::PLOT, cache::PLOT, tail::PLOT];

/// A picture in both themes.
pub struct Picture {
    /// The plot's name.
    pub name: &'static str,
    /// What it shows.
    pub title: String,
    /// PNG for paper and bright screens: the file of the report.
    pub light: Vec<u8>,
    /// PNG for dark screens, for pages that follow the reader's setting.
    pub dark: Vec<u8>,
}

/// Every picture of a run.
pub fn pictures(findings: &Findings) -> Result<Vec<Picture>, Refusal> {
    let figures = PLOTS
        .iter()
        .filter_map(|p| (p.figure)(findings).map(|f| (p.name, f)));
    let figures: Vec<(&str, Figure)> = figures.collect();
    let draw = |(name, figure): &(&'static str, Figure)| {
        let (light, dark) = rayon::join(|| draw::png(figure, &LIGHT), || draw::png(figure, &DARK));
        Ok(Picture {
            name,
            title: figure.title.clone(),
            light: light?,
            dark: dark?,
        })
    };
    figures.par_iter().map(draw).collect()
}

/// Which run a picture is about.
fn subtitle(findings: &Findings) -> String {
    let variant = findings
        .variant
        .map(|v| format!(" · {v}"))
        .unwrap_or_default();
    format!(
        "{}{variant}: {} · {} requests{}",
        findings.incident,
        findings.title,
        thousands(findings.requests_replayed),
        findings
            .seed
            .map(|seed| format!(" · seed {seed}"))
            .unwrap_or_default()
    )
}

fn role_of(phase: PhaseName) -> Role {
    match phase {
        PhaseName::WarmUp => Role::WarmUp,
        PhaseName::Baseline => Role::Baseline,
        PhaseName::Incident => Role::Incident,
        PhaseName::Recovering => Role::Recovering,
        PhaseName::Recovered => Role::Recovered,
    }
}

/// The axis of time of a run.
fn time_axis(findings: &Findings) -> Axis {
    let (from, to) = findings.bounds();
    Axis::clock(from, to).labelled("time of the run, hh:mm")
}

/// The phases as bands.
fn bands(findings: &Findings) -> Vec<Band> {
    let shown = |p: &&Phase| p.to > p.from;
    let band = |p: &Phase| Band {
        label: p.name.word().to_owned(),
        role: role_of(p.name),
        from: p.from as f64,
        to: p.to as f64,
    };
    findings
        .truth
        .phases
        .iter()
        .filter(shown)
        .map(band)
        .collect()
}

/// The timeline as carried out; with the onset as diagnosed beside the true one, if asked.
fn marks(findings: &Findings, onset: bool) -> Vec<Mark> {
    let truth = findings.true_onset().filter(|_| onset);
    let mut marks: Vec<Mark> = findings.truth.entries.iter().map(mark_of).collect();
    if let Some(at) = truth {
        // As a rule it is an entry's own time: one line, both names.
        match marks.iter_mut().find(|m| m.at == at as f64) {
            Some(mark) => mark.label += " (true onset)",
            None => marks.push(plain_mark("true onset".into(), Role::Truth, at)),
        }
    }
    if let Some(onset) = findings.diagnosis.onset.as_ref().filter(|_| onset) {
        let off = truth.map(|t| format!(", {}", story::off(onset.at, t)));
        let label = format!(
            "diagnosed onset {}{}",
            clock(onset.at),
            off.unwrap_or_default()
        );
        let spread = Some((onset.from as f64, onset.to as f64));
        marks.push(Mark {
            spread,
            ..plain_mark(label, Role::Diagnosed, onset.at)
        });
    }
    marks
}

fn plain_mark(label: String, role: Role, at: u64) -> Mark {
    Mark {
        label,
        role,
        at: at as f64,
        until: None,
        spread: None,
    }
}

fn mark_of(entry: &Entry) -> Mark {
    let role = match entry.kind {
        EntryKind::Change => Role::Change,
        EntryKind::Fault => Role::Fault,
        EntryKind::Drift => Role::Drift,
        EntryKind::Fix | EntryKind::Guard => Role::Fix,
    };
    Mark {
        until: entry.until.map(|u| u as f64),
        ..plain_mark(story::entry_name(entry), role, entry.at)
    }
}

/// An indicator's course: the middle of each window, and its value.
fn course(findings: &Findings, name: &str) -> Vec<(f64, Option<f64>)> {
    at_windows(findings, &findings.series(name))
}

/// Values at the middles of their windows.
fn at_windows(findings: &Findings, values: &[Option<f64>]) -> Vec<(f64, Option<f64>)> {
    let middles = findings
        .watch
        .windows
        .edges
        .windows(2)
        .map(|e| (e[0] as f64 + e[1] as f64) / 2.0);
    middles.zip(values.iter().copied()).collect()
}

/// The same without windows that were cut short: what counts different things says less there, for no other reason.
fn in_whole_windows(findings: &Findings, mut series: Series) -> Series {
    let windows = &findings.watch.windows;
    for (point, edges) in series.points.iter_mut().zip(windows.edges.windows(2)) {
        if edges[1] - edges[0] < windows.width {
            point.1 = None;
        }
    }
    series
}

/// A line over time.
fn line(findings: &Findings, label: &str, role: Role, indicator: &str) -> Series {
    Series {
        label: label.to_owned(),
        role,
        shape: Shape::Line,
        points: course(findings, indicator),
    }
}

/// Without the series that are zero wherever they have data, but for the first: nothing to see, a name less to read.
fn without_zeros(series: Vec<Series>) -> Vec<Series> {
    let something = |(i, s): &(usize, Series)| {
        *i == 0 || s.points.iter().any(|(_, y)| y.is_some_and(|y| y != 0.0))
    };
    series
        .into_iter()
        .enumerate()
        .filter(something)
        .map(|(_, s)| s)
        .collect()
}

/// All values of some series.
fn values(series: &[Series]) -> impl Iterator<Item = f64> + '_ {
    series
        .iter()
        .flat_map(|s| s.points.iter().filter_map(|(_, y)| *y))
}
