//! Versions that serve side by side: the strongest evidence there is for or against a deploy.
//!
//! The old version is a control that lives through the same minutes, so load, time of day and the dependency's mood cancel.
//! It finds a canary of a few percent that no total would show. Mantel-Haenszel over windows (1959).

use super::{
    episode::{Finding, Frame},
    scan::Stretch,
    series::{Marker, What},
    stats::ln,
    view::View,
};
use crate::recording::requests;
use std::collections::BTreeMap;

/// A version of something: a column of ordinals and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// The column in the table of requests.
    pub column: usize,
    /// Its value, from 1.
    pub value: u64,
    /// The version beside it.
    pub old: u64,
}

/// The columns that hold versions; the most specific first: they stay as they are through deploys of something else.
pub const COLUMNS: [usize; 5] = [
    requests::key_template,
    requests::serializer,
    requests::parser_version,
    requests::limiter_scope,
    requests::service_version,
];

/// z from which a difference between versions is one. Few comparisons are made, but the rows of one content, tenant or
/// second are alike: white noise would need 3.5; the rest pays for that.
const LEAST_Z: f64 = 6.0;
/// Rows of the smaller side below which nothing is said.
const LEAST_ROWS: f64 = 60.0;

/// Counts of one window, old and new.
#[derive(Clone, Copy, Default)]
struct Pair {
    n: [f64; 2],
    bad: [f64; 2],
}

/// The outcome of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Contrast {
    /// Share that is bad with the new version, less that with the old in the same windows.
    pub difference: f64,
    /// How many standard errors that is.
    pub z: f64,
    /// Share that is bad with the old version.
    pub old: f64,
    /// Share that is bad with the new version.
    pub new: f64,
}

/// Values of a column in order of first appearance, with the first and last request of each.
pub fn appearances(view: &View, column: usize) -> Vec<(u64, usize, usize)> {
    let mut seen: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    for i in 0..view.len() {
        let value = view.get(column, i);
        if value != 0 {
            seen.entry(value).or_insert((i, i)).1 = i;
        }
    }
    let mut all: Vec<_> = seen
        .into_iter()
        .map(|(v, (first, last))| (v, first, last))
        .collect();
    all.sort_by_key(|a| a.1);
    all
}

/// Requests from the first of a version on that its share is read off.
const SHARE_OF: usize = 400;

/// The instant before which a version was not yet there, with 95 % confidence. A version that serves a share p of requests
/// hides from the next k of them with odds (1 - p)^k; and arrivals of one instant are not in order.
pub fn before_first(view: &View, column: usize, value: u64, first: usize) -> u64 {
    let next = first..(first + SHARE_OF).min(view.len());
    let served = next
        .clone()
        .filter(|&i| view.get(column, i) == value)
        .count();
    let share = (served as f64 / next.len().max(1) as f64).clamp(1e-3, 0.95);
    let hidden = (ln(0.05) / ln(1.0 - share)).ceil() as usize;
    let strictly = view
        .arrived
        .partition_point(|&t| t < view.arrived[first])
        .checked_sub(hidden);
    strictly.map_or(0, |i| view.arrived[i])
}

/// Changes found by comparing versions.
pub fn findings(view: &View, frame: &Frame) -> Vec<Finding> {
    let mut found = vec![];
    for column in COLUMNS {
        let seen = appearances(view, column);
        for (k, &(value, first, last)) in seen.iter().enumerate().skip(1) {
            let earlier: Vec<u64> = seen[..k].iter().map(|s| s.0).collect();
            for what in [
                What::Misses,
                What::Failures,
                What::ParseErrors,
                What::Rejects,
                What::Hidden,
            ] {
                let Some(series) = frame.of(what) else {
                    continue;
                };
                let versions = (column, value, earlier.as_slice());
                let Some(finding) = compare(view, frame, series.marker, versions, first..last + 1)
                else {
                    continue;
                };
                // The columns often move together: the first one that shows it is enough.
                if !found.iter().any(|f: &Finding| {
                    f.marker.what == what && f.stretch.from.abs_diff(finding.stretch.from) <= 1
                }) {
                    found.push(finding);
                }
            }
        }
    }
    found
}

fn compare(
    view: &View,
    frame: &Frame,
    marker: Marker,
    (column, value, earlier): (usize, u64, &[u64]),
    rows: std::ops::Range<usize>,
) -> Option<Finding> {
    let pairs = pairs(view, frame, marker, rows.clone(), |i| {
        let v = view.get(column, i);
        if v == value {
            Some(1)
        } else if earlier.contains(&v) {
            Some(0)
        } else {
            None
        }
    });
    let both: Vec<(usize, Pair)> = pairs
        .into_iter()
        .filter(|(_, p)| p.n[0] > 0.0 && p.n[1] > 0.0)
        .collect();
    // What fades as a cache refills is clearest at first, what stays is clearest over the whole time side by side.
    let parts = [both.len() / 8, both.len() / 4, both.len() / 2, both.len()];
    let whole = parts
        .iter()
        .filter_map(|&k| contrast(&both[..k]))
        .max_by(|a, b| a.z.total_cmp(&b.z))?;
    let least = if marker.what == What::Misses {
        0.05
    } else {
        0.01
    };
    if whole.z < LEAST_Z || whole.difference < least {
        return None;
    }
    // A cold process with a cache of its own passes by itself; what stays in the later half of the time side by side does not.
    let fresh = rows
        .clone()
        .step_by(7)
        .find(|&i| view.get(column, i) == value)
        .is_some_and(|i| {
            let process = view.get(requests::process, i);
            process != 0
                && !(0..rows.start)
                    .step_by(7)
                    .any(|k| view.get(requests::process, k) == process)
        });
    if fresh && contrast(&both[both.len() / 2..]).is_none_or(|late| late.difference < least) {
        return None;
    }
    let (from, to) = (both.first()?.0, both.last()?.0 + 1);
    if to - from < frame.windows.shortest || from < frame.first() {
        return None;
    }
    let old = earlier.last().copied().unwrap_or(0);
    Some(Finding {
        marker,
        stretch: Stretch {
            z: whole.z,
            from,
            to,
        },
        before: whole.old,
        during: whole.new,
        times: whole.difference / least,
        version: Some(Version { column, value, old }),
    })
}

fn pairs(
    view: &View,
    frame: &Frame,
    marker: Marker,
    rows: std::ops::Range<usize>,
    side: impl Fn(usize) -> Option<usize>,
) -> BTreeMap<usize, Pair> {
    let mut pairs: BTreeMap<usize, Pair> = BTreeMap::new();
    for i in rows {
        let window = frame.windows.of(view.arrived[i]);
        if window < frame.warm || window >= frame.windows.count || view.get(requests::cold, i) != 0
        {
            continue;
        }
        if let (Some(side), Some(bad)) = (side(i), marker.bad(view, i)) {
            let pair = pairs.entry(window).or_default();
            pair.n[side] += 1.0;
            pair.bad[side] += f64::from(u8::from(bad));
        }
    }
    pairs
}

fn contrast(pairs: &[(usize, Pair)]) -> Option<Contrast> {
    let (mut weights, mut sum, mut variance) = (0.0, 0.0, 0.0);
    let (mut n, mut bad) = ([0.0; 2], [0.0; 2]);
    for (_, p) in pairs {
        let weight = p.n[0] * p.n[1] / (p.n[0] + p.n[1]);
        let pooled = (p.bad[0] + p.bad[1] + 0.5) / (p.n[0] + p.n[1] + 1.0);
        weights += weight;
        sum += weight * (p.bad[1] / p.n[1] - p.bad[0] / p.n[0]);
        variance += weight * pooled * (1.0 - pooled);
        for side in 0..2 {
            n[side] += p.n[side];
            bad[side] += p.bad[side];
        }
    }
    if n[0].min(n[1]) < LEAST_ROWS || weights <= 0.0 {
        return None;
    }
    let difference = sum / weights;
    Some(Contrast {
        difference,
        z: sum / variance.max(1e-12).sqrt(),
        old: bad[0] / n[0],
        new: bad[1] / n[1],
    })
}

/// The version that came at an onset, if others serve beside it and it is worse than they are: whose keys to look at in a
/// roll-out. Weaker evidence is enough here, since that something changed is known already.
pub fn at_onset(
    view: &View,
    frame: &Frame,
    onset: std::ops::Range<u64>,
    during: std::ops::Range<u64>,
) -> Option<Version> {
    let marker = frame
        .of(What::Misses)
        .or_else(|| frame.of(What::Slow))?
        .marker;
    let rows = view.between(during.start, during.end);
    COLUMNS.into_iter().find_map(|column| {
        let seen = appearances(view, column);
        let (_, &(value, ..)) = seen
            .iter()
            .enumerate()
            .skip(1)
            .find(|(_, (_, first, _))| onset.contains(&view.arrived[*first]))?;
        let new = rows
            .clone()
            .filter(|&i| view.get(column, i) == value)
            .count() as f64
            / rows.len().max(1) as f64;
        if !(0.01..0.99).contains(&new) {
            return None;
        }
        let pairs = pairs(view, frame, marker, rows.clone(), |i| {
            match view.get(column, i) {
                v if v == value => Some(1),
                0 => None,
                _ => Some(0),
            }
        });
        let both: Vec<_> = pairs
            .into_iter()
            .filter(|(_, p)| p.n[0] > 0.0 && p.n[1] > 0.0)
            .collect();
        let old = seen
            .iter()
            .map(|s| s.0)
            .take_while(|v| *v != value)
            .last()
            .unwrap_or(0);
        // Where they hardly served side by side one followed the other, and the episode's rows are the newer one's.
        let beside = if both.len() >= 3 {
            contrast(&both)
        } else {
            None
        };
        beside
            .map_or(new >= 0.3, |c| c.z >= 2.0)
            .then_some(Version { column, value, old })
    })
}
