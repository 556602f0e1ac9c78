//! GCRA, the virtual scheduler of the token bucket: one number a key.
//!
//! # Short answer
//! The instant at which the bucket of a key would be full again. A request moves it by the time of its tokens, and enters
//! unless that lies further ahead than a whole bucket takes to fill. The same decisions as the token bucket's, in half of
//! its memory, and there is no mark that could be moved wrongly.
//!
//! # Complexity
//! O(1) time a check; memory: 8 bytes a key, of keys whose bucket is not full, `max_keys` at most.
//!
//! # Follow-ups
//! Which is right, this or the `governor` crate? `cargo test --lib -- limiter::laws::gcra_decides_as_governor_does`: both, on any schedule.
//!
//! # Anti-patterns
//! None of its own; see the token bucket.
//!
//! # Smallest set-up
//! ```toml
//! limiter = { kind = "gcra", rate = "20/s", burst = 10 }
//! ```
//!
//! # Source
//! Q2; ITU-T I.371, annex A; Turner, "New directions in communications", 1986.

use super::{
    Admission, RateLimiter,
    keyed::{Keyed, MOST_KEYS, pace},
};
use crate::config::{At, Count, Node, Options, Rate, Refusal, Table};

crate::options! {
    /// GCRA.
    #[derive(Clone, Debug, PartialEq)]
    pub struct GcraOptions {
        /// Tokens a second.
        rate: Rate,
        /// Tokens that a bucket holds at most: the largest burst that passes.
        burst: Count = Count(100), "100";
        /// Keys that it remembers at most; those that come too late share one bucket.
        max_keys: Count = Count(MOST_KEYS), "1M";
    }
}

/// See the module.
pub struct Gcra {
    /// ns a token.
    gap: u64,
    /// ns that a whole bucket takes to fill.
    depth: u64,
    /// Instant at which the bucket of a key is full.
    full_at: Keyed<u64>,
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn RateLimiter>, Refusal> {
    let options = GcraOptions::read_table(at, table, taken)?;
    Ok(Box::new(Gcra::of(&options, at)?))
}

impl Gcra {
    /// So many a second, and so many at once.
    ///
    /// # Errors
    /// A rate or burst that lets nobody in.
    pub fn new(rate: f64, burst: u64, at: &At) -> Result<Gcra, Refusal> {
        let options = GcraOptions {
            rate: Rate(rate),
            burst: Count(burst),
            max_keys: Count(MOST_KEYS),
        };
        Gcra::of(&options, at)
    }

    /// ns of its rate that a token takes.
    pub fn gap(&self) -> u64 {
        self.gap
    }

    fn of(options: &GcraOptions, at: &At) -> Result<Gcra, Refusal> {
        let mut limiter = Gcra {
            gap: 0,
            depth: 0,
            full_at: Keyed::new(),
        };
        limiter.set(options, at)?;
        Ok(limiter)
    }

    fn set(&mut self, o: &GcraOptions, at: &At) -> Result<(), Refusal> {
        (self.gap, self.depth) = pace(o.rate.0, o.burst.0, "GCRA", at)?;
        self.full_at.bound(o.max_keys.0, true, at)
    }
}

impl RateLimiter for Gcra {
    fn check(&mut self, key: u64, cost: u32, now: u64) -> Admission {
        let cost = self.gap.saturating_mul(u64::from(cost));
        let full_at = self.full_at.slot(key, |full_at| *full_at <= now);
        let after = (*full_at).max(now).saturating_add(cost);
        if after - now > self.depth {
            let never = cost > self.depth;
            return Admission::Refused {
                until: if never { u64::MAX } else { after - self.depth },
            };
        }
        *full_at = after;
        Admission::Granted {
            remaining: u32::try_from((self.depth - (after - now)) / self.gap).unwrap_or(u32::MAX),
        }
    }

    fn give_back(&mut self, key: u64, cost: u32, now: u64) {
        if let Some(full_at) = self.full_at.held(key) {
            *full_at = full_at
                .saturating_sub(self.gap.saturating_mul(u64::from(cost)))
                .max(now);
        }
    }

    fn retune(&mut self, options: &Node, now: u64) -> Result<(), Refusal> {
        let new = GcraOptions::read_table(&options.at, options.table("the limiter")?, &["kind"])?;
        let (old_gap, old_depth) = (self.gap, self.depth);
        self.set(&new, &options.at)?;
        for full_at in self.full_at.all() {
            let missing = full_at.saturating_sub(now).min(old_depth);
            *full_at = now + as_many(missing, old_gap, self.gap).min(self.depth);
        }
        Ok(())
    }

    fn gauges(&self, out: &mut dyn FnMut(&'static str, f64)) {
        out("limiter.keys", self.full_at.len() as f64);
        out("limiter.rate", 1e9 / self.gap as f64);
        out("limiter.burst", (self.depth / self.gap) as f64);
    }
}

/// ns of as many tokens, at another rate. State kept means tokens kept: what is missing from a bucket stays missing.
pub(super) fn as_many(missing: u64, old_gap: u64, gap: u64) -> u64 {
    let now = u128::from(missing) * u128::from(gap) / u128::from(old_gap.max(1));
    u64::try_from(now).unwrap_or(u64::MAX)
}
