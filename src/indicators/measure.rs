//! How an indicator's value comes out of what a [`Watch`](super::Watch) holds.

use super::counts::{Parts, Stage, counter};
use crate::recording::outcome;

/// What is done with the counters, sketches and sets of a range of windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// A quantile of a stage, as a fraction.
    Quantile(Stage, f64),
    /// Mean of a stage.
    Mean(Stage),
    /// Largest value of a stage.
    Max(Stage),
    /// Sum of counters over sum of counters; no data when the second is 0.
    Ratio(&'static [usize], &'static [usize]),
    /// Sum of counters.
    Count(&'static [usize]),
    /// Sum of counters a second.
    Rate(&'static [usize]),
    /// Distinct cache keys.
    Keys,
    /// Distinct contents.
    Contents,
    /// Distinct keys over distinct contents.
    KeysPerContent,
    /// Users with a request that failed, of those who asked.
    UsersHarmed,
    /// Users without any answer, of those who asked.
    UsersShutOut,
    /// Readings of the gauge of this name, over all replicas.
    Gauge(&'static str, GaugeStat),
    /// Sum of the readings of one gauge over that of another; no data when the second is 0.
    GaugeShare(&'static str, &'static str),
}

/// What is made of the readings of a gauge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaugeStat {
    /// Mean of all readings.
    Mean,
    /// Largest reading.
    Max,
}

impl Measure {
    /// What a watch must keep for it.
    pub fn parts(&self) -> Parts {
        match *self {
            Measure::Quantile(stage, _) | Measure::Mean(stage) | Measure::Max(stage) => {
                Parts::stage(stage)
            }
            Measure::Keys | Measure::Contents | Measure::KeysPerContent => Parts::DISTINCT,
            Measure::UsersHarmed | Measure::UsersShutOut => Parts::USERS,
            Measure::Ratio(..)
            | Measure::Count(_)
            | Measure::Rate(_)
            | Measure::Gauge(..)
            | Measure::GaugeShare(..) => Parts::NONE,
        }
    }
}

const fn ended(outcome: u8) -> usize {
    counter::OUTCOME + outcome as usize
}

/// All user requests, however they ended.
pub(super) const REQUESTS: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
/// Those that got an answer.
pub(super) const ANSWERED: &[usize] = &[ended(outcome::OK), ended(outcome::DEGRADED)];
/// Those that the service failed.
pub(super) const FAILED: &[usize] = &[
    ended(outcome::ERROR),
    ended(outcome::TIMEOUT),
    ended(outcome::SHED),
    ended(outcome::PARSE_ERROR),
    ended(outcome::UNAVAILABLE),
];
pub(super) const ERROR: &[usize] = &[ended(outcome::ERROR)];
pub(super) const TIMEOUT: &[usize] = &[ended(outcome::TIMEOUT)];
pub(super) const REJECTED: &[usize] = &[ended(outcome::REJECTED)];
pub(super) const SHED: &[usize] = &[ended(outcome::SHED)];
pub(super) const HUNG_UP: &[usize] = &[ended(outcome::HUNG_UP)];
pub(super) const UNAVAILABLE: &[usize] = &[ended(outcome::UNAVAILABLE)];
pub(super) const DEGRADED: &[usize] = &[ended(outcome::DEGRADED)];
