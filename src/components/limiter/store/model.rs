//! The store and its script without a server: the same decisions in whole numbers, held equal to the script on a real
//! Redis by `tests/redis_limiter.rs`.

use crate::{
    config::{At, Refusal},
    sim::hash::Map,
};

/// The script, as the server gets it.
pub const SCRIPT: &str = include_str!("script.lua");

/// Amounts of one token. A ms of one token an hour is 278 of them, so that slow rates keep four digits.
pub const UNIT: u64 = 1_000_000_000;

/// Amounts that doubles count to, with room for a sum of two.
const MOST: u64 = 1 << 52;

/// A level's limit, as the script is told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What comes in a ms.
    pub rate: u64,
    /// What the bucket holds.
    pub capacity: u64,
}

impl Quota {
    /// From tokens a second and tokens held.
    ///
    /// # Errors
    /// Those that the script could not count.
    pub fn new(rate: f64, burst: u64, at: &At) -> Result<Quota, Refusal> {
        let a_ms = rate * (UNIT / 1000) as f64;
        if a_ms.is_nan() || !(1.0..=MOST as f64).contains(&a_ms.round()) {
            return Err(Refusal::at(at, "a rate that the store cannot count")
                .help("from one in twelve days to four billion a second"));
        }
        match burst.checked_mul(UNIT) {
            Some(capacity @ 1..=MOST) => Ok(Quota {
                rate: a_ms.round() as u64,
                capacity,
            }),
            _ => Err(Refusal::at(at, format!("a bucket of {burst} tokens"))
                .help("from 1 to 4 million: the store counts billionths of a token")),
        }
    }
}

/// A bucket as the store holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Amount.
    pub tokens: u64,
    /// Refilled up to then, ms.
    pub last_refill_ms: u64,
}

/// What the script answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Whether it may enter.
    pub allowed: bool,
    /// Whole tokens left at the level that has fewest.
    pub remaining: u64,
    /// ms until every level that refused has the tokens; `None` is never.
    pub retry_after_ms: Option<u64>,
    /// Index of the first level that refused.
    pub refused: Option<usize>,
}

crate::choice! {
    /// What a command does that comes with an earlier time than the bucket's mark.
    pub enum Marks {
        /// The mark stays.
        Forward = "forward",
        /// The mark goes back to it, and the time between is refilled again. A flaw.
        Follow = "follow",
    }
}

/// Decides from what is held; gives the reply, and what to write if it is allowed. `cost` is an amount, `now` in ms.
pub fn decide(
    held: &[Option<Bucket>],
    quotas: &[Quota],
    cost: u64,
    now: u64,
    marks: Marks,
) -> (Reply, Vec<Bucket>) {
    let mut reply = Reply {
        allowed: true,
        remaining: u64::MAX,
        retry_after_ms: Some(0),
        refused: None,
    };
    let mut after = Vec::with_capacity(quotas.len());
    for (level, (held, quota)) in held.iter().zip(quotas).enumerate() {
        let mut bucket = held.unwrap_or(Bucket {
            tokens: quota.capacity,
            last_refill_ms: now,
        });
        if now > bucket.last_refill_ms {
            let refill = (now - bucket.last_refill_ms).saturating_mul(quota.rate);
            bucket.tokens = bucket.tokens.saturating_add(refill);
            bucket.last_refill_ms = now;
        } else if marks == Marks::Follow {
            bucket.last_refill_ms = now;
        }
        bucket.tokens = bucket.tokens.min(quota.capacity);
        if bucket.tokens < cost {
            reply.allowed = false;
            reply.refused = reply.refused.or(Some(level));
            let fills = (cost - bucket.tokens).div_ceil(quota.rate);
            let wait = (cost <= quota.capacity).then(|| bucket.last_refill_ms - now + fills);
            reply.retry_after_ms = match (reply.retry_after_ms, wait) {
                (Some(a), Some(b)) => Some(a.max(b)),
                _ => None,
            };
        } else {
            bucket.tokens -= cost;
        }
        reply.remaining = reply.remaining.min(bucket.tokens / UNIT);
        after.push(bucket);
    }
    (reply, after)
}

/// Buckets by key, and when each is forgotten.
#[derive(Default)]
pub struct Store {
    buckets: Map<u64, (Bucket, u64)>,
    swept: usize,
}

impl Store {
    /// What is held of these keys at this time of the store, ms.
    pub fn read(&self, keys: &[u64], store_ms: u64) -> Vec<Option<Bucket>> {
        let alive = |key| match self.buckets.get(key) {
            Some((bucket, dies)) if *dies > store_ms => Some(*bucket),
            _ => None,
        };
        keys.iter().map(alive).collect()
    }

    /// Writes buckets, each kept until it is full again and `slack` ms longer.
    pub fn write(
        &mut self,
        keys: &[u64],
        quotas: &[Quota],
        after: &[Bucket],
        store_ms: u64,
        slack: u64,
    ) {
        // At amortised O(1): only once there are twice as many as the last time.
        if self.buckets.len() > 2 * self.swept + 64 {
            self.buckets.retain(|_, (_, dies)| *dies > store_ms);
            self.swept = self.buckets.len();
        }
        for ((key, quota), bucket) in keys.iter().zip(quotas).zip(after) {
            let ttl = quota.capacity / quota.rate + 1 + slack;
            self.buckets
                .insert(*key, (*bucket, store_ms.saturating_add(ttl)));
        }
    }

    /// Runs the script: reads, decides and writes with nobody between. `caller_ms` is the caller's time, where it is that
    /// which counts.
    pub fn run(
        &mut self,
        keys: &[u64],
        quotas: &[Quota],
        cost: u64,
        store_ms: u64,
        caller_ms: Option<u64>,
        slack: u64,
    ) -> Reply {
        let held = self.read(keys, store_ms);
        let now = caller_ms.unwrap_or(store_ms);
        let (reply, after) = decide(&held, quotas, cost, now, Marks::Forward);
        if reply.allowed {
            self.write(keys, quotas, &after, store_ms, slack);
        }
        reply
    }

    /// Buckets that are held.
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }
}
