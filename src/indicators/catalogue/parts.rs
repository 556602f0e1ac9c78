//! What answers say of themselves, and what they are made of: for services that log their sub-steps (`service.report`), and
//! recordings that have these columns.
//!
//! A failure that users see is in `error_rate`; an answer that says what it lacks is in `degraded_rate`. What is in neither
//! is `partial_failure_rate.hidden`: nobody was told.

use super::{
    Indicator, Unit,
    Worse::{self, Higher, Lower},
};
use crate::{
    indicators::{
        counts::counter,
        measure::{Measure, REQUESTS},
    },
    recording::{end_marker, told},
};

const fn of(
    name: &'static str,
    unit: Unit,
    worse: Worse,
    measure: Measure,
    doc: &'static str,
) -> Indicator {
    Indicator {
        name,
        unit,
        worse,
        doc,
        measure,
    }
}

const END: &[usize] = &[
    counter::END + end_marker::PRESENT as usize,
    counter::END + end_marker::MISSING as usize,
];

pub(super) const INDICATORS: &[Indicator] = &[
    of(
        "success.reported",
        Unit::Fraction,
        Lower,
        Measure::Ratio(&[counter::TOLD + told::COMPLETE as usize], REQUESTS),
        "share whose answer says that it is complete",
    ),
    of(
        "success.honest",
        Unit::Fraction,
        Lower,
        Measure::Ratio(&[counter::WHOLE], REQUESTS),
        "share that is complete by the log of its sub-steps",
    ),
    of(
        "partial_failure_rate",
        Unit::Fraction,
        Higher,
        Measure::Ratio(&[counter::PARTIAL], REQUESTS),
        "share answered with something missing, whatever the answer says",
    ),
    of(
        "partial_failure_rate.hidden",
        Unit::Fraction,
        Higher,
        Measure::Ratio(&[counter::HIDDEN], REQUESTS),
        "share with something missing whose answer says that it is complete",
    ),
    of(
        "steps.failed",
        Unit::Ratio,
        Higher,
        Measure::Ratio(&[counter::STEPS_FAILED], REQUESTS),
        "sub-steps without a result, of each request",
    ),
    of(
        "items.sent",
        Unit::Count,
        Lower,
        Measure::Count(&[counter::ITEMS_SENT]),
        "items that were brought to bulk calls",
    ),
    of(
        "items.stored",
        Unit::Count,
        Lower,
        Measure::Count(&[counter::ITEMS_STORED]),
        "items that bulk calls stored",
    ),
    of(
        "items.stored_share",
        Unit::Fraction,
        Lower,
        Measure::Ratio(&[counter::ITEMS_STORED], &[counter::ITEMS_SENT]),
        "items stored of those that were sent",
    ),
    of(
        "items.per_request",
        Unit::Ratio,
        Lower,
        Measure::Ratio(&[counter::ITEMS_SENT], REQUESTS),
        "items that a request brought, in the mean",
    ),
    of(
        "shards_ok",
        Unit::Fraction,
        Lower,
        Measure::Ratio(&[counter::SHARDS_OK], &[counter::SHARDS]),
        "shards that answered of those that were asked",
    ),
    of(
        "hits_per_search",
        Unit::Ratio,
        Lower,
        Measure::Ratio(&[counter::HITS], &[counter::SEARCHES]),
        "hits of a search, in the mean",
    ),
    of(
        "end_marker_rate",
        Unit::Fraction,
        Lower,
        Measure::Ratio(&[counter::END + end_marker::PRESENT as usize], END),
        "share of streamed answers that came to their end",
    ),
];
