//! Token bucket in integer arithmetic: exact refill, whatever the pattern of calls.
//!
//! Short answer: one number per key, the instant at which the bucket would be full again (the GCRA form of the token
//! bucket, Turner 1986 / ITU I.371). No fraction is ever rounded away, so a tenant that calls often gets what its rate says
//! (apache/polaris#3433 is the classic of the other kind). O(1) time a check; memory bounded by keys active within one
//! refill of the burst: full buckets are forgotten, since a full bucket is the same as none.

use super::{Admission, RateLimiter};
use crate::{
    config::{At, Count, Node, Options, Rate, Refusal, Table},
    sim::hash::FixedState,
};
use hashbrown::HashMap;

crate::options! {
    /// Token bucket.
    #[derive(Clone, Debug, PartialEq)]
    pub struct TokenBucketOptions {
        /// Tokens a second.
        rate: Rate,
        /// Tokens that it holds at most: the largest burst that passes.
        burst: Count = Count(100), "100";
    }
}

/// See the module.
pub struct TokenBucket {
    /// ns a token.
    gap: u64,
    /// ns that a whole bucket takes to fill.
    depth: u64,
    /// Instant at which the bucket of a key is full.
    full_at: HashMap<u64, u64, FixedState>,
    /// When full buckets were last forgotten, and how many keys were left.
    swept: (u64, usize),
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn RateLimiter>, Refusal> {
    let options = TokenBucketOptions::read_table(at, table, &[taken, &["key", "scope"]].concat())?;
    let mut bucket = TokenBucket {
        gap: 0,
        depth: 0,
        full_at: HashMap::default(),
        swept: (0, 0),
    };
    bucket.set(&options, at)?;
    Ok(Box::new(bucket))
}

impl TokenBucket {
    fn set(&mut self, options: &TokenBucketOptions, at: &At) -> Result<(), Refusal> {
        if options.rate.0 <= 0.0 {
            return Err(
                Refusal::at(at, "a token bucket with rate 0 never lets anybody in")
                    .help("give a rate above 0"),
            );
        }
        if options.burst.0 == 0 {
            return Err(
                Refusal::at(at, "a token bucket with burst 0 never lets anybody in")
                    .help("give a burst of 1 or more"),
            );
        }
        self.gap = ((1e9 / options.rate.0).round() as u64).max(1);
        self.depth = self.gap.saturating_mul(options.burst.0);
        Ok(())
    }

    /// Forgets full buckets, at amortised O(1): only once the map has doubled since the last time.
    fn sweep(&mut self, now: u64) {
        if self.full_at.len() > 2 * self.swept.1 + 64 {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.swept = (now, self.full_at.len());
        }
    }
}

impl RateLimiter for TokenBucket {
    fn check(&mut self, key: u64, cost: u32, now: u64) -> Admission {
        self.sweep(now);
        let cost = self.gap.saturating_mul(u64::from(cost));
        let full_at = self.full_at.entry(key).or_insert(now);
        let after = (*full_at).max(now).saturating_add(cost);
        if after - now > self.depth {
            return Admission::Refused {
                until: after - self.depth,
            };
        }
        *full_at = after;
        Admission::Granted {
            remaining: u32::try_from((self.depth - (after - now)) / self.gap).unwrap_or(u32::MAX),
        }
    }

    fn give_back(&mut self, key: u64, cost: u32, now: u64) {
        if let Some(full_at) = self.full_at.get_mut(&key) {
            *full_at = full_at
                .saturating_sub(self.gap.saturating_mul(u64::from(cost)))
                .max(now);
        }
    }

    fn retune(&mut self, options: &Node, now: u64) -> Result<(), Refusal> {
        let table = options.table("the limiter")?;
        let new = TokenBucketOptions::read_table(&options.at, table, &["kind", "key", "scope"])?;
        let (old_gap, old_depth) = (self.gap, self.depth);
        self.set(&new, &options.at)?;
        // State kept means tokens kept: what is missing from a bucket stays missing, in tokens.
        for full_at in self.full_at.values_mut() {
            let missing = full_at.saturating_sub(now).min(old_depth) as u128;
            let tokens_as_new = missing * u128::from(self.gap) / u128::from(old_gap.max(1));
            *full_at = now
                + u64::try_from(tokens_as_new)
                    .unwrap_or(u64::MAX)
                    .min(self.depth);
        }
        Ok(())
    }

    fn gauges(&self, out: &mut dyn FnMut(&'static str, f64)) {
        out("limiter.keys", self.full_at.len() as f64);
        out("limiter.rate", 1e9 / self.gap as f64);
        out("limiter.burst", (self.depth / self.gap) as f64);
    }
}
