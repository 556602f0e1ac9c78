//! The pictures of a report: each plot builds a [`Figure`] from findings, and one drawer turns figures into PNG.
//!
//! A new picture is one file with a `figure` function and one line in [`PLOTS`]. Quantities come from the catalogue of
//! indicators: a plot computes none of its own. Rows of a recording are read by the breakdown of the tail and
//! by what sets parts of the traffic side by side (`split`).

mod axis;
mod cache;
mod canvas;
mod caption;
pub mod confusion;
mod cpu;
mod dependencies;
mod draw;
mod figure;
mod flame;
mod font;
mod heat;
mod honest;
mod latency;
mod layout;
mod leavers;
mod limits;
mod overload;
mod parsing;
mod queue;
mod series;
mod shapes;
mod split;
mod style;
pub mod sweep;
mod tail;
mod ticks;
mod timeline;
mod writes;

pub use axis::{Axis, Reading, Scale};
pub use caption::caption;
pub use figure::{Band, Figure, Heat, Mark, Panel, Series, Shape, Tile};
pub use style::{DARK, LIGHT, Palette, Role};

use series::{at_windows, in_whole_windows, line, over_time, values, without_zeros};

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
pub const PLOTS: &[Plot] = &[
    timeline::PLOT,
    heat::PLOT,
    latency::PLOT,
    tail::PLOT,
    cache::PLOT,
    dependencies::PLOT,
    limits::PLOT,
    queue::PLOT,
    cpu::PLOT,
    flame::PLOT,
    parsing::PLOT,
    honest::PLOT,
    writes::PLOT,
    leavers::PLOT,
    overload::PLOT,
];

/// A picture in both themes.
pub struct Picture {
    /// The plot's name.
    pub name: &'static str,
    /// What it shows.
    pub title: String,
    /// What it shows, in words and numbers: for who cannot see it.
    pub caption: String,
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
            caption: caption(figure),
            light: light?,
            dark: dark?,
        })
    };
    figures.par_iter().map(draw).collect()
}

/// Which run a picture is about. The title comes last: it may be too long, and is cut.
fn subtitle(findings: &Findings) -> String {
    let variant = findings
        .variant
        .map(|v| format!(" · {v}"))
        .unwrap_or_default();
    let seed = findings.seed.map(|seed| format!(" · seed {seed}"));
    format!(
        "{}{variant} · {} requests{}: {}",
        findings.incident,
        thousands(findings.requests_replayed),
        seed.unwrap_or_default(),
        findings.title
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
