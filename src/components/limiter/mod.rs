//! Rate limiters: may this request enter? Sources: Q2, Q14, Q23.
//!
//! A kind of limiter holds one limit for every key. Several limits together are [`Levels`].

pub mod gcra;
mod keyed;
pub mod levels;
pub mod promise;
pub mod sliding_window;
pub mod store;
pub mod token_bucket;

#[cfg(test)]
mod laws;

use crate::config::{Kind, Node, Options, Refusal};
pub use levels::{Level, Levels, Verdict};

/// What a limiter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may enter; so much is left.
    Granted {
        /// Whole tokens left for this key.
        remaining: u32,
    },
    /// It may not.
    Refused {
        /// ns of virtual time at which the tokens will be there, if nobody else takes them; `u64::MAX` is never.
        until: u64,
    },
}

/// Decides whether a request may enter. `key` is the digest of what the limit is per (a tenant, a user, everybody).
pub trait RateLimiter {
    /// Takes `cost` tokens for `key`, or none.
    fn check(&mut self, key: u64, cost: u32, now: u64) -> Admission;
    /// Gives tokens back, when a later gate said no.
    fn give_back(&mut self, key: u64, cost: u32, now: u64);
    /// A deploy: policy replaced, state kept.
    ///
    /// # Errors
    /// Options that the kind does not have.
    fn retune(&mut self, options: &Node, now: u64) -> Result<(), Refusal>;
    /// Names and values of its gauges.
    fn gauges(&self, _out: &mut dyn FnMut(&'static str, f64)) {}
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[
    super::Flaw {
        name: "refill-rounds-down",
        kind: "token-bucket",
        options: "refill = \"whole-tokens\"",
        breaks: "polling_fast_still_gets_the_whole_rate",
        source: "Q23: refill too slow; apache/polaris#3433: the part of a token that has come in is lost at each refill",
    },
    super::Flaw {
        name: "mark-moved-on-every-check",
        kind: "token-bucket",
        options: "refill = \"whole-tokens-mark-always\"",
        breaks: "polling_fast_still_gets_the_whole_rate",
        source: "svix/diom#115: the clock mark moves on every check, and the bucket of who polls never refills",
    },
    super::Flaw {
        name: "unbounded-state",
        kind: "token-bucket",
        options: "forget = false",
        breaks: "a_million_keys_leave_bounded_state",
        source: "Q2: unbounded per-user maps with no cleanup plan",
    },
    super::Flaw {
        name: "unbounded-log",
        kind: "sliding-window",
        options: "forget = false",
        breaks: "a_million_keys_leave_bounded_state",
        source: "Q2: unbounded per-user maps with no cleanup plan",
    },
    super::Flaw {
        name: "fixed-window",
        kind: "sliding-window",
        options: "edge = \"fixed\"",
        breaks: "never_more_than_rate_times_time_plus_burst",
        source: "Q14: fixed windows causing cliff effects at minute boundaries; Q23",
    },
    super::Flaw {
        name: "no-give-back",
        kind: "levels",
        options: "give_back = false",
        breaks: "who_is_refused_by_one_level_has_taken_from_none",
        source: "Q2: the token that the first gate gave is lost when the second refuses",
    },
    super::Flaw {
        name: "read-then-write",
        kind: "store",
        options: "atomic = false",
        breaks: "callers_at_once_share_one_bucket",
        source: "Q14: multi-roundtrip GET then SET (race-prone)",
    },
    super::Flaw {
        name: "marks-follow-the-caller",
        kind: "store",
        options: "clock = \"caller\", marks = \"follow\"",
        breaks: "commands_out_of_order_refill_nothing_twice",
        source: "Q14: no clock skew tolerance; spring-cloud-gateway#2412 and #1117, otovo/redis-rate-limiters#11",
    },
    super::Flaw {
        name: "fail-open",
        kind: "store",
        options: "fallback = { mode = \"open\" }",
        breaks: "without_the_store_no_more_than_the_emergency_limit_enters",
        source: "Q14: no fallback mode when the store is degraded; everybody enters",
    },
    super::Flaw {
        name: "fail-closed",
        kind: "store",
        options: "fallback = { mode = \"closed\" }",
        breaks: "without_the_store_critical_traffic_is_served",
        source: "Q14: no fallback mode when the store is degraded; nobody enters",
    },
    super::Flaw {
        name: "nothing-shed",
        kind: "store",
        options: "fallback = { shed = [] }",
        breaks: "without_the_store_best_effort_gives_way",
        source: "Q14: local emergency limiter and shed non-critical traffic",
    },
];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn RateLimiter>>> {
    vec![
        Kind {
            name: "token-bucket",
            summary: "fills at a rate, holds a burst",
            fields: token_bucket::TokenBucketOptions::fields,
            build: token_bucket::build,
        },
        Kind {
            name: "gcra",
            summary: "the token bucket as one number a key: when it would be full again",
            fields: gcra::GcraOptions::fields,
            build: gcra::build,
        },
        Kind {
            name: "sliding-window",
            summary: "at most a burst in any window of burst / rate, by an exact log",
            fields: sliding_window::SlidingWindowOptions::fields,
            build: sliding_window::build,
        },
    ]
}
