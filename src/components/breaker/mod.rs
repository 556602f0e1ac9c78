//! Circuit breakers: is it worth calling at all? Sources: Q10, Q18.
//!
//! # Short answer
//! Closed, all calls pass and are counted. When most of those of the last while failed, it opens: calls fail at once, which
//! costs the caller nothing and leaves the dependency in peace. After a while one call at a time is let through to see; when
//! it succeeds the breaker closes, when it fails it stays open for as long again.
//!
//! # Complexity
//! O(1) time a call, memory a ring of 10 pairs of counts.
//!
//! # Follow-ups of the seed
//! - How is a shared dependency protected from everybody at once? Each replica's breaker sees the same failures and stops;
//!   half-open, each sends one call. `gameday replay incident-18 --variant breaker-only`.
//!
//! # Anti-patterns
//! Flaws in [`FLAWS`]: `never-opens`, `all-probe-at-once`.
//!
//! # Smallest set-up
//! ```toml
//! call = { dependency = "llm", breaker = { kind = "failure-ratio", ratio = "50%", window = "10s", open_for = "5s" } }
//! ```
//!
//! # Source
//! Nygard, "Release It!", 2007; Netflix Hystrix, "How it works", 2012.

mod failure_ratio;

#[cfg(test)]
mod laws;

use crate::config::{Kind, Node, Options, Refusal};

/// Leave to make one call. Give it back with [`Breaker::done`], however the call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass(u64);

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Calls pass.
    Closed,
    /// Calls are refused.
    Open,
    /// Single calls pass, to see.
    HalfOpen,
}

/// Decides whether a call is worth making.
pub trait Breaker {
    /// Leave for one call; `None`: fail at once.
    fn admit(&mut self, now: u64) -> Option<Pass>;
    /// The call has ended: whether well, or `None` when its caller went away and nobody knows.
    fn done(&mut self, pass: Pass, well: Option<bool>, now: u64);
    /// Where it stands.
    fn position(&self, now: u64) -> Position;
    /// A deploy: policy replaced, state kept.
    ///
    /// # Errors
    /// Options that the kind does not have.
    fn retune(&mut self, options: &Node, now: u64) -> Result<(), Refusal>;
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[
    super::Flaw {
        name: "never-opens",
        kind: "failure-ratio",
        options: "min_calls = 1000000",
        breaks: "it_opens_when_most_calls_fail",
        source: "Q18: no breaker on a sustained failure ratio, or one whose threshold no traffic reaches",
    },
    super::Flaw {
        name: "all-probe-at-once",
        kind: "failure-ratio",
        options: "probes_at_once = 1000",
        breaks: "half_open_lets_one_call_through_at_a_time",
        source: "Nygard 2007: a dependency that is coming back gets all the traffic that waited for it",
    },
];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn Breaker>>> {
    vec![Kind {
        name: "failure-ratio",
        summary: "opens when most calls of the last while failed",
        fields: failure_ratio::FailureRatioOptions::fields,
        build: failure_ratio::build,
    }]
}
