//! What the cache and its keys do. Rates are of look-ups.

use super::{
    Indicator, Unit,
    Worse::{self, Higher, Lower},
};
use crate::indicators::{counts::counter, measure::Measure};
use crate::recording::{cache, miss, served_by};

const HIT: &[usize] = &[counter::CACHE + cache::HIT as usize];
const MISS: &[usize] = &[counter::CACHE + cache::MISS as usize];
const LOOK_UPS: &[usize] = &[
    counter::CACHE + cache::HIT as usize,
    counter::CACHE + cache::MISS as usize,
];
/// Requests with an answer from anywhere.
const SERVED: &[usize] = &[
    counter::SERVED_BY + served_by::CACHE as usize,
    counter::SERVED_BY + served_by::FLIGHT as usize,
    counter::SERVED_BY + served_by::DEPENDENCY as usize,
    counter::SERVED_BY + served_by::FALLBACK as usize,
];

const fn rate(
    name: &'static str,
    worse: Worse,
    of: &'static [usize],
    doc: &'static str,
) -> Indicator {
    Indicator {
        name,
        unit: Unit::Fraction,
        worse,
        doc,
        measure: Measure::Ratio(of, LOOK_UPS),
    }
}

const fn key(name: &'static str, unit: Unit, measure: Measure, doc: &'static str) -> Indicator {
    Indicator {
        name,
        unit,
        worse: Higher,
        doc,
        measure,
    }
}

pub(super) const INDICATORS: &[Indicator] = &[
    rate(
        "cache.hit_rate",
        Lower,
        HIT,
        "share of look-ups that found an entry",
    ),
    rate(
        "cache.miss_rate",
        Higher,
        MISS,
        "share of look-ups that found none",
    ),
    rate(
        "cache.miss_rate.never_seen",
        Higher,
        &[counter::MISS + miss::NEVER_SEEN as usize],
        "share of look-ups for a key not seen before",
    ),
    rate(
        "cache.miss_rate.expired",
        Higher,
        &[counter::MISS + miss::EXPIRED as usize],
        "share of look-ups that found an entry too old",
    ),
    rate(
        "cache.miss_rate.evicted",
        Higher,
        &[counter::MISS + miss::EVICTED as usize],
        "share of look-ups for an entry that had to make room",
    ),
    Indicator {
        name: "flight.share",
        unit: Unit::Fraction,
        worse: Lower,
        doc: "share of answers that came from another request under way",
        measure: Measure::Ratio(&[counter::SERVED_BY + served_by::FLIGHT as usize], SERVED),
    },
    Indicator {
        name: "cache.wrong_answers",
        unit: Unit::Fraction,
        worse: Higher,
        doc: "share of the kept answers that a checker (service.check_answers) worked out again and found to be wrong",
        measure: Measure::GaugeShare("answers.wrong", "answers.checked"),
    },
    key(
        "key.cardinality",
        Unit::Count,
        Measure::Keys,
        "distinct cache keys (beyond 256 a window within 1.6 %, one standard error)",
    ),
    key(
        "content.cardinality",
        Unit::Count,
        Measure::Contents,
        "distinct contents of requests, normalised (as exact as keys)",
    ),
    key(
        "key.per_content",
        Unit::Ratio,
        Measure::KeysPerContent,
        "distinct cache keys for each distinct content",
    ),
];
