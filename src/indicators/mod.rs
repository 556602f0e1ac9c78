//! The catalogue of named quantities over a recording, and the streaming accumulator behind all of them.
//!
//! One p95 in the house: gates hold these, onsets look for their change points, plots draw them.

use crate::recording::{Observer, RequestRow};

/// Which way is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worse {
    /// More is worse.
    Higher,
    /// Less is worse.
    Lower,
}

/// What a value is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// ns.
    Nanos,
    /// A fraction, shown in percent.
    Fraction,
    /// Things.
    Count,
    /// Things a second.
    PerSecond,
    /// A ratio without a unit.
    Ratio,
}

/// A named quantity.
#[derive(Debug)]
pub struct Indicator {
    /// `stage.quantity`, such as `latency.p95`, `cache.hit_rate`.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// Which way is worse.
    pub worse: Worse,
    /// What it is, one line.
    pub doc: &'static str,
}

/// Virtual time cut into windows: all of one width, but for extra cuts where the caller wants an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Width in ns.
    pub width: u64,
    /// Start of each window and the end of the last, ascending, ns.
    pub edges: Vec<u64>,
}

/// Accumulates what indicators need, window by window, as rows come about (or are read back from a recording).
pub struct Watch {
    /// The windows.
    pub windows: Windows,
}

impl Watch {
    /// An accumulator over these windows, of the requests that `select` lets through.
    pub fn new(windows: Windows) -> Watch {
        Watch { windows }
    }
    /// The value of an indicator over `[from, to)`, which are edges. `None` is "no data".
    pub fn over(&self, _indicator: &Indicator, _from: u64, _to: u64) -> Option<f64> {
        None
    }
    /// The value in each window.
    pub fn series(&self, _indicator: &Indicator) -> Vec<Option<f64>> {
        vec![]
    }
}

impl Observer for Watch {
    fn request(&mut self, _row: &RequestRow, _ended: u64) {}
}
