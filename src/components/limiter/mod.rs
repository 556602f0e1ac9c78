//! Rate limiters: may this request enter? Sources: Q2, Q14, Q23.

mod sliding_window;
mod token_bucket;

#[cfg(test)]
mod laws;

use crate::config::{Kind, Node, Options, Refusal};

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
        /// ns of virtual time at which one more token will be there.
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
pub const FLAWS: &[super::Flaw] = &[];

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
            name: "sliding-window",
            summary: "at most a burst in any window of burst / rate, by an exact log",
            fields: sliding_window::SlidingWindowOptions::fields,
            build: sliding_window::build,
        },
    ]
}
