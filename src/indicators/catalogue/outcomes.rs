//! How requests end. Shares are of all user requests; background work (warming, audits) is in none of them.
//!
//! A client that hangs up has got no answer, but leaves for reasons of its own as well: it is counted in
//! `hangup_rate`, and against `success_rate`, but not in `error_rate`. A refusal by a limiter is policy, and is in
//! `reject_rate` alone.

use super::{
    Indicator, Unit,
    Worse::{self, Higher, Lower},
};
use crate::indicators::{
    counts::counter,
    measure::{
        ANSWERED, DEGRADED, ERROR, FAILED, HUNG_UP, Measure, REJECTED, REQUESTS, SHED, TIMEOUT,
        UNAVAILABLE,
    },
};

const fn share(
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
        measure: Measure::Ratio(of, REQUESTS),
    }
}

const fn other(
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

/// The share of what the parser said: a word of `parse_error`.
const fn parse(name: &'static str, word: usize, doc: &'static str) -> Indicator {
    const WORDS: [[usize; 1]; 13] = {
        let mut words = [[0]; 13];
        let mut n = 0;
        while n < 13 {
            words[n] = [counter::PARSED + n];
            n += 1;
        }
        words
    };
    const OF: &[[usize; 1]; 13] = &WORDS;
    share(name, Higher, &OF[word], doc)
}

pub(super) const INDICATORS: &[Indicator] = &[
    other(
        "requests",
        Unit::Count,
        Lower,
        Measure::Count(REQUESTS),
        "user requests that arrived",
    ),
    other(
        "arrival_rate",
        Unit::PerSecond,
        Higher,
        Measure::Rate(REQUESTS),
        "user requests that arrived, a second",
    ),
    other(
        "throughput",
        Unit::PerSecond,
        Lower,
        Measure::Rate(ANSWERED),
        "answers a second, by the time of arrival",
    ),
    share(
        "success_rate",
        Lower,
        ANSWERED,
        "share answered, by a fallback or in part included",
    ),
    share(
        "error_rate",
        Higher,
        FAILED,
        "share failed: error, timeout, shed, parse_error or unavailable",
    ),
    share(
        "error_rate.error",
        Higher,
        ERROR,
        "share that the service or a dependency failed",
    ),
    share(
        "error_rate.timeout",
        Higher,
        TIMEOUT,
        "share that the service gave up on",
    ),
    share(
        "error_rate.shed",
        Higher,
        SHED,
        "share refused since a queue was full or too slow",
    ),
    share(
        "error_rate.parse_error",
        Higher,
        &[counter::OUTCOME + 6],
        "share refused since the payload could not be read",
    ),
    share(
        "error_rate.unavailable",
        Higher,
        UNAVAILABLE,
        "share that no replica could take",
    ),
    share(
        "timeout_rate",
        Higher,
        TIMEOUT,
        "the same as error_rate.timeout",
    ),
    share("shed_rate", Higher, SHED, "the same as error_rate.shed"),
    share(
        "reject_rate",
        Higher,
        REJECTED,
        "share refused by a limiter",
    ),
    other(
        "reject_rate.under_quota",
        Unit::Fraction,
        Higher,
        Measure::Ratio(&[counter::UNDER_QUOTA_REJECTED], &[counter::UNDER_QUOTA]),
        "share of the requests within service.quota that a limiter refused: the sign of a limiter that refuses good traffic",
    ),
    share(
        "reject_rate.soft",
        Higher,
        &[counter::SOFT_REJECTED],
        "share that a soft limit would have refused",
    ),
    share(
        "over_quota",
        Higher,
        &[counter::OVER_QUOTA],
        "share of the requests beyond service.quota",
    ),
    share(
        "hangup_rate",
        Higher,
        HUNG_UP,
        "share whose client left before an answer",
    ),
    share(
        "degraded_rate",
        Higher,
        DEGRADED,
        "share answered in part, or by a fallback",
    ),
    share(
        "cold.share",
        Higher,
        &[counter::COLD],
        "share served by a fresh process",
    ),
    share(
        "parse.error_rate",
        Higher,
        &[counter::PARSE_ERRORS],
        "share whose payload the parser found fault with, answered or not",
    ),
    parse("parse.missing_field_rate", 1, "share that lacked a field"),
    parse(
        "parse.wrong_type_rate",
        2,
        "share with a field of another type",
    ),
    parse(
        "parse.unknown_value_rate",
        3,
        "share with a value that is not known",
    ),
    parse("parse.truncated_rate", 4, "share that ended early"),
    parse(
        "parse.wrapped_rate",
        5,
        "share with something around the payload, not repaired",
    ),
    parse("parse.syntax_rate", 6, "share that was not the format"),
    parse(
        "parse.unknown_field_rate",
        7,
        "share refused for a field that the schema does not have",
    ),
    parse(
        "parse.too_large_rate",
        8,
        "share that was too large or too deep",
    ),
    parse(
        "parse.repair_rate",
        9,
        "share whose payload was read after a repair",
    ),
    parse(
        "parse.adapt_rate",
        10,
        "share read by a mapping: an old name, a default, another type, a field passed over",
    ),
    parse(
        "parse.fallback_rate",
        11,
        "share that the parser of before read, after this one had refused it",
    ),
    parse(
        "parse.wrong_format_rate",
        12,
        "share with a value of the right type in another form",
    ),
    other(
        "users.harmed",
        Unit::Fraction,
        Higher,
        Measure::UsersHarmed,
        "share of the users who asked of whom a request failed or was given up; measured where a gate names it",
    ),
    other(
        "users.shut_out",
        Unit::Fraction,
        Higher,
        Measure::UsersShutOut,
        "share of the users who asked and got no answer at all, which a rate over all requests hides; measured where a gate names it",
    ),
    other(
        "tries_per_op",
        Unit::Ratio,
        Higher,
        Measure::Ratio(REQUESTS, &[counter::FIRST]),
        "tries of clients for each first try that arrived",
    ),
    other(
        "background.requests",
        Unit::Count,
        Higher,
        Measure::Count(&[counter::BACKGROUND]),
        "rows that no user asked for: warming, audits",
    ),
];
