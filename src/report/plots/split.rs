//! Parts of the traffic side by side: an indicator for each tenant, class, client or dependency, from the rows of the
//! recording. Windows are wider than those of all traffic, since a part has fewer requests.

use super::super::Findings;
use super::figure::{Series, Shape};
use super::style::Role;
use crate::indicators::{Lookup, Parts, Watch, WatchSpec, Watched, Windows, find};
use crate::recording::Recording;

/// Windows of a part at most.
const WINDOWS: u64 = 90;
/// Parts that are shown at most.
pub const PARTS: usize = 5;

/// The traffic by the values of one column.
pub struct Split<'a> {
    watched: Watched,
    recording: &'a Recording,
    by: &'static str,
}

impl<'a> Split<'a> {
    /// By a column of requests or attempts. `None` when rows were not kept.
    pub fn of(findings: &Findings<'a>, by: &'static str, parts: Parts) -> Option<Split<'a>> {
        let recording = findings.recording?;
        let spec = WatchSpec {
            select: vec![],
            by: Some(by),
            parts,
        };
        let watched = Watched::from_recording(recording, windows(findings), [spec]);
        Some(Split {
            watched,
            recording,
            by,
        })
    }

    /// The parts that weigh most, the heaviest first; none that weigh nothing, and none without a name.
    pub fn heaviest(&self, weight: impl Fn(&Watch) -> f64) -> Vec<(String, &Watch)> {
        let lookup: &dyn Lookup = self.recording;
        let segments = self.watched.segments(&[], self.by, lookup);
        let parts = segments.map(|(all, _)| all).unwrap_or_default();
        let named = parts.into_iter().filter(|part| part.name != "(none)");
        let mut parts: Vec<(f64, String, &Watch)> = named
            .map(|part| (weight(part.watch), part.name, part.watch))
            .filter(|(weight, ..)| *weight > 0.0)
            .collect();
        parts.sort_by(|(v, a, _), (w, b, _)| w.total_cmp(v).then_with(|| a.cmp(b)));
        parts.truncate(PARTS);
        parts
            .into_iter()
            .map(|(_, name, watch)| (name, watch))
            .collect()
    }

    /// An indicator of some parts, coloured by their rank.
    pub fn lines(&self, parts: &[(String, &Watch)], indicator: &str) -> Vec<Series> {
        let series = |(rank, (name, watch)): (usize, &(String, &Watch))| {
            self.line(name, Role::Nth(rank), watch, indicator)
        };
        parts.iter().enumerate().map(series).collect()
    }

    /// An indicator of one part.
    pub fn line(&self, label: &str, role: Role, watch: &Watch, indicator: &str) -> Series {
        let values = find(indicator).map(|i| watch.series(i)).unwrap_or_default();
        let edges = self.watched.windows.edges.windows(2);
        let middles = edges.map(|e| (e[0] as f64 + e[1] as f64) / 2.0);
        let finite = |v: Option<f64>| v.filter(|v| v.is_finite());
        Series {
            label: label.to_owned(),
            role,
            shape: Shape::Line,
            points: middles.zip(values.into_iter().map(finite)).collect(),
        }
    }
}

/// What an indicator is over the whole run; nothing where there is no data.
pub fn in_all(watch: &Watch, indicator: &str) -> f64 {
    let value = find(indicator).and_then(|i| watch.over(i, 0, u64::MAX));
    value.filter(|v| v.is_finite()).unwrap_or(0.0)
}

/// Windows a whole number of times as wide as those of all traffic, cut where phases begin.
fn windows(findings: &Findings) -> Windows {
    let (from, to) = findings.bounds();
    let width = findings.watch.windows.width.max(1);
    let times = (to - from).div_ceil(width).div_ceil(WINDOWS).max(1);
    let phases = findings.truth.phases.iter();
    let cuts: Vec<u64> = phases.flat_map(|p| [p.from, p.to]).collect();
    Windows::new(width.saturating_mul(times), to, &cuts)
}
