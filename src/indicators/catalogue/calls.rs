//! What calls to dependencies do. Those of attempts can be selected by `dependency`, `step`, `replica` and `result`.

use super::{
    Indicator, Unit,
    Worse::{Higher, Lower},
};
use crate::indicators::{
    counts::{Stage, counter},
    measure::Measure,
};
use crate::recording::result;

/// All attempts, however they ended.
const ATTEMPTS: &[usize] = &[22, 23, 24, 25, 26, 27, 28];
/// Those that were answered badly, too late or not at all.
const FAILED: &[usize] = &[
    counter::RESULT + result::ERROR as usize,
    counter::RESULT + result::TIMEOUT as usize,
    counter::RESULT + result::REFUSED as usize,
    counter::RESULT + result::THROTTLED as usize,
];

const fn call(name: &'static str, unit: Unit, measure: Measure, doc: &'static str) -> Indicator {
    Indicator {
        name,
        unit,
        worse: Higher,
        doc,
        measure,
    }
}

pub(super) const INDICATORS: &[Indicator] = &[
    call(
        "retry.amplification",
        Unit::Ratio,
        Measure::Ratio(&[counter::ATTEMPTS], &[counter::CALLERS]),
        "attempts of each request that called a dependency at all; 1 is no retries",
    ),
    call(
        "call.requests",
        Unit::Count,
        Measure::Count(ATTEMPTS),
        "attempts at dependencies",
    ),
    call(
        "call.rate",
        Unit::PerSecond,
        Measure::Rate(ATTEMPTS),
        "attempts at dependencies, a second",
    ),
    call(
        "call.error_rate",
        Unit::Fraction,
        Measure::Ratio(FAILED, ATTEMPTS),
        "share of attempts that ended in error, timeout, refused or throttled",
    ),
    call(
        "call.timeout_rate",
        Unit::Fraction,
        Measure::Ratio(&[counter::RESULT + result::TIMEOUT as usize], ATTEMPTS),
        "share of attempts that the caller gave up on",
    ),
    call(
        "call.cancel_rate",
        Unit::Fraction,
        Measure::Ratio(&[counter::RESULT + result::CANCELLED as usize], ATTEMPTS),
        "share of attempts whose caller was cancelled",
    ),
    call(
        "call.throttle_rate",
        Unit::Fraction,
        Measure::Ratio(&[counter::RESULT + result::THROTTLED as usize], ATTEMPTS),
        "share of attempts that the dependency asked to come later",
    ),
    Indicator {
        name: "prefix.hit_tokens",
        unit: Unit::Count,
        worse: Lower,
        doc: "prompt tokens of a request that an engine found in memory, in the mean",
        measure: Measure::Mean(Stage::PrefixHit),
    },
];
