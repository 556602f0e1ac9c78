//! Token bucket in integer arithmetic: exact refill, whatever the pattern of calls.
//!
//! # Short answer
//! What a key's bucket lacks, counted in ns of its rate, and the mark up to which it was refilled. A check refills for the
//! time since the mark, then takes. Nothing is ever rounded away, so a tenant that calls often gets what its rate says.
//!
//! # Complexity
//! O(1) time a check; memory: 16 bytes a key, of keys whose bucket is not full (a full bucket is the same as none),
//! `max_keys` at most.
//!
//! # Follow-ups
//! Beside GCRA: the same decisions to the nanosecond, on any schedule
//! (`cargo test --lib -- limiter::laws::the_token_bucket_decides_as_gcra_does`). Beside a sliding window: a full bucket that
//! refills meanwhile lets up to twice its burst through in one window; it is meant to.
//!
//! # Anti-patterns
//! `refill = "whole-tokens"` (rounds down and moves the mark: apache/polaris#3433), `refill = "whole-tokens-mark-always"`
//! (moves the mark on every check, so that a caller who polls is refilled never: svix/diom#115), `forget = false` (a key a
//! user for ever).
//!
//! # Smallest set-up
//! ```toml
//! limiter = { kind = "token-bucket", rate = "20/s", burst = 10 }
//! ```
//!
//! # Source
//! Q2, Q14, Q23; Turner, "New directions in communications", 1986.

use super::{
    Admission, RateLimiter,
    gcra::as_many,
    keyed::{Keyed, MOST_KEYS, pace},
};
use crate::config::{At, Count, Node, Options, Rate, Refusal, Table};

crate::choice! {
    /// How a bucket is refilled.
    pub enum Refill {
        /// For every nanosecond that has passed.
        Exact = "exact",
        /// By whole tokens, and the time of the rest is lost. A flaw.
        WholeTokens = "whole-tokens",
        /// By whole tokens, and the time is lost even when there was none. A flaw.
        MarkAlways = "whole-tokens-mark-always",
    }
}

crate::options! {
    /// Token bucket.
    #[derive(Clone, Debug, PartialEq)]
    pub struct TokenBucketOptions {
        /// Tokens a second.
        rate: Rate,
        /// Tokens that it holds at most: the largest burst that passes.
        burst: Count = Count(100), "100";
        /// Keys that it remembers at most; those that come too late share one bucket.
        max_keys: Count = Count(MOST_KEYS), "1M";
        /// Whether full buckets are forgotten; false is a flaw.
        forget: bool = true, "true";
        /// How it is refilled: "exact", or one of two flaws, "whole-tokens" and "whole-tokens-mark-always".
        refill: Refill = Refill::Exact, "exact";
    }
}

/// A bucket; a fresh one is full.
#[derive(Default)]
struct Bucket {
    /// ns of the rate that are missing.
    missing: u64,
    /// Refilled up to then.
    mark: u64,
}

/// See the module.
pub struct TokenBucket {
    /// ns a token.
    gap: u64,
    /// ns that a whole bucket takes to fill.
    depth: u64,
    refill: Refill,
    buckets: Keyed<Bucket>,
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn RateLimiter>, Refusal> {
    let options = TokenBucketOptions::read_table(at, table, taken)?;
    let mut bucket = TokenBucket {
        gap: 0,
        depth: 0,
        refill: Refill::Exact,
        buckets: Keyed::new(),
    };
    bucket.set(&options, at)?;
    Ok(Box::new(bucket))
}

impl TokenBucket {
    fn set(&mut self, o: &TokenBucketOptions, at: &At) -> Result<(), Refusal> {
        (self.gap, self.depth) = pace(o.rate.0, o.burst.0, "token bucket", at)?;
        self.refill = o.refill;
        self.buckets.bound(o.max_keys.0, o.forget, at)
    }
}

impl Bucket {
    #[inline]
    fn refill(&mut self, now: u64, gap: u64, how: Refill) {
        let passed = now.saturating_sub(self.mark);
        let whole = || passed / gap * gap;
        match how {
            Refill::Exact => {
                self.missing = self.missing.saturating_sub(passed);
                self.mark = self.mark.max(now);
            }
            Refill::WholeTokens if passed < gap => {}
            Refill::WholeTokens | Refill::MarkAlways => {
                self.missing = self.missing.saturating_sub(whole());
                self.mark = self.mark.max(now);
            }
        }
    }
}

impl RateLimiter for TokenBucket {
    fn check(&mut self, key: u64, cost: u32, now: u64) -> Admission {
        let full = |b: &Bucket| b.mark.saturating_add(b.missing) <= now;
        let bucket = self.buckets.slot(key, full);
        bucket.refill(now, self.gap, self.refill);
        let cost = self.gap.saturating_mul(u64::from(cost));
        let after = bucket.missing.saturating_add(cost);
        if after > self.depth {
            let never = cost > self.depth;
            return Admission::Refused {
                until: if never {
                    u64::MAX
                } else {
                    bucket.mark.saturating_add(after - self.depth)
                },
            };
        }
        bucket.missing = after;
        Admission::Granted {
            remaining: u32::try_from((self.depth - after) / self.gap).unwrap_or(u32::MAX),
        }
    }

    fn give_back(&mut self, key: u64, cost: u32, _now: u64) {
        if let Some(bucket) = self.buckets.held(key) {
            let cost = self.gap.saturating_mul(u64::from(cost));
            bucket.missing = bucket.missing.saturating_sub(cost);
        }
    }

    fn retune(&mut self, options: &Node, now: u64) -> Result<(), Refusal> {
        let table = options.table("the limiter")?;
        let new = TokenBucketOptions::read_table(&options.at, table, &["kind"])?;
        let (old_gap, old_depth) = (self.gap, self.depth);
        self.set(&new, &options.at)?;
        for bucket in self.buckets.all() {
            bucket.refill(now, old_gap, Refill::Exact);
            let missing = bucket.missing.min(old_depth);
            bucket.missing = as_many(missing, old_gap, self.gap).min(self.depth);
        }
        Ok(())
    }

    fn gauges(&self, out: &mut dyn FnMut(&'static str, f64)) {
        out("limiter.keys", self.buckets.len() as f64);
        out("limiter.rate", 1e9 / self.gap as f64);
        out("limiter.burst", (self.depth / self.gap) as f64);
    }
}
