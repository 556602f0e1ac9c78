//! Two recordings, side by side: what got worse, what got better, what is the same, and what cannot be told.
//!
//! [`unpaired`] is for recordings of real time, or of different traffic: every change is held against what chance does to it.
//! [`paired`] is for two runs of the same requests, where nothing is left to chance.
//! A change counts when it is significant *and* beyond the smallest that matters ([`Tolerance`]).
//! Not here: what made it worse (`diagnosis`), thresholds that a team sets (`gates`).
//!
//! Errors over all rows together: the chance that a comparison of two recordings of the same service calls anything worse
//! or better is at most [`Options::alpha`]. Holm's correction, not one of false discovery rates: this decides whether a
//! build may pass, and one false row stops it. Half of it is spent on what users feel, a quarter each on what happens
//! inside and on parts of the traffic, so that looking closer does not blind the look at the whole.

pub mod blocks;
pub mod chance;
mod estimate;
mod paired;
mod rows;
mod segments;
mod shape;
mod side;
mod spread;
mod words;

pub use paired::{Changed, Matched, Moved, Paired, matched, paired};
pub use rows::{Change, Family, Row, Segment, Verdict};
pub use side::stretch;
pub use words::{chance as show_chance, percent_moved};

use crate::recording::{Recording, requests};
use serde::Serialize;
use side::Side;

/// The smallest change that matters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tolerance {
    /// As a part of the smaller value; of a share, as a part of the side that hurts.
    pub relative: f64,
    /// Of durations, in ns, on top.
    pub absolute: f64,
    /// Of shares, on top.
    pub share: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Tolerance {
            relative: 0.05,
            absolute: 1e6,
            share: 5e-5,
        }
    }
}

/// How two recordings are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// The smallest change that matters.
    pub tolerance: Tolerance,
    /// Chance of any false row.
    pub alpha: f64,
    /// Draws of blocks for each number.
    pub draws: u64,
    /// Of the draws' dice.
    pub seed: u64,
    /// Requests that each recording must have.
    pub requests: u64,
    /// Parts of the traffic that are looked at, at most.
    pub segments: usize,
    /// Requests that a part must have in each recording.
    pub segment_requests: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            tolerance: Tolerance::default(),
            alpha: 0.05,
            draws: 500,
            seed: 1,
            requests: 100,
            segments: 24,
            segment_requests: 300,
        }
    }
}

/// What is said of one recording as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Whole {
    /// User requests.
    pub requests: u64,
    /// From its start to the last arrival, s.
    pub seconds: f64,
    /// Requests a second.
    pub arrivals: f64,
    /// Answers a second.
    pub answers: f64,
}

/// What a comparison comes to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// The older one.
    pub base: Whole,
    /// The newer one.
    pub new: Whole,
    /// The smallest change that matters.
    pub tolerance: Tolerance,
    /// Chance of any false row; 0 where nothing was left to chance.
    pub alpha: f64,
    /// What was compared, worst first.
    pub rows: Vec<Row>,
    /// What could not be compared, and what to bear in mind.
    pub notes: Vec<String>,
}

impl Comparison {
    /// Rows with this verdict.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = &Row> + Clone {
        self.rows.iter().filter(move |row| row.verdict == verdict)
    }

    /// Whether anything is worse.
    pub fn is_worse(&self) -> bool {
        self.with(Verdict::Worse).next().is_some()
    }

    /// The row of this name over all traffic.
    pub fn row(&self, name: &str) -> Option<&Row> {
        let mut rows = self.rows.iter();
        rows.find(|row| row.name == name && row.segment.is_none())
    }
}

/// Compares two recordings whose requests are not the same ones.
///
/// Every quantity of the indicator catalogue that both have the columns for and that is a quantile, a mean, a share, a
/// ratio or the mean of a gauge: over all traffic, and the main ones over its largest parts. Counts and largest values are
/// left out, since they grow with the length of a recording; rates of arrivals are in [`Whole`].
pub fn unpaired(base: &Recording, new: &Recording, options: &Options) -> Comparison {
    let (base, new) = (from_first(base), from_first(new));
    let sides = [Side::new(&base), Side::new(&new)];
    let mut comparison = Comparison {
        base: whole(&sides[0]),
        new: whole(&sides[1]),
        tolerance: options.tolerance,
        alpha: options.alpha,
        ..Comparison::default()
    };
    let least = sides.iter().map(Side::requests).min().unwrap_or(0);
    if least < options.requests.max(1) {
        comparison.notes.push(format!(
            "too few requests: {least} in the smaller recording, and at least {} are needed",
            options.requests.max(1)
        ));
        return comparison;
    }
    let mut raw = rows::over_all(&sides, options);
    raw.extend(segments::rows(&sides, options, &mut comparison.notes));
    comparison.rows = rows::judged(raw, options);
    words::notes(&sides, &mut comparison);
    comparison
}

/// The recording from its first arrival on, where it does not begin with it.
fn from_first(recording: &Recording) -> std::borrow::Cow<'_, Recording> {
    let table = &recording.requests;
    let Some(last) = table.len().checked_sub(1) else {
        return std::borrow::Cow::Borrowed(recording);
    };
    let at = |i| table.value(requests::arrived, i);
    if at(0) > (at(last) - at(0)) / 100 {
        std::borrow::Cow::Owned(stretch(recording, at(0), u64::MAX))
    } else {
        std::borrow::Cow::Borrowed(recording)
    }
}

fn whole(side: &Side) -> Whole {
    let all = 0..side.watch.windows.len();
    let seconds = side.seconds();
    let answers = crate::indicators::find("throughput");
    let answers = answers.and_then(|i| side.watch.measure(&i.measure, all));
    Whole {
        requests: side.requests(),
        seconds,
        arrivals: side.requests() as f64 / seconds,
        answers: answers.unwrap_or(0.0),
    }
}
