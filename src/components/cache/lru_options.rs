//! Options of the LRU kind, with the words of its known flaws.

use crate::config::{At, Bytes, Count, Refusal, Span};

/// Shards at most: beyond it a lock is no longer what threads wait for.
const MOST_SHARDS: u64 = 1024;

crate::options! {
    /// LRU cache.
    #[derive(Clone, Debug, PartialEq)]
    pub struct LruOptions {
        /// Entries that it holds at most.
        capacity: Count = Count(10_000), "10k";
        /// Bytes of answers that it holds at most; 0 is no bound.
        bytes: Bytes = Bytes(0), "no bound";
        /// Entries that each put looks at, from the least recently used on, to drop those that have expired; 0 leaves them
        /// until they are overwritten or evicted.
        sweep: Count = Count(0), "0";
        /// How long an expired entry is still served while one request at a time refreshes it; 0s is not at all.
        stale: Span = Span(0), "0s";
        /// How long a refresh may take until another request is sent for the same key.
        lease: Span = Span(5_000_000_000), "5s";
        /// How eagerly what is asked for is renewed before it ends (XFetch), in multiples of the time that it took to make,
        /// which the paper calls beta: 1 is right for most, more is earlier, 0 is not at all.
        early: f64 = 0.0, "0";
        /// Parts with an order of use and a share of the room of their own, 1 to 1024.
        shards: Count = Count(1), "1";
        /// Whether gauges also tell evictions by reason, repeated misses and the fullest shard.
        detail: bool = false, "false";
        /// What makes an entry recent. `insertion` is first in, first out under the name of LRU: a known flaw.
        recency: Recency = Recency::Use, "use";
        /// When a life ends. `sliding` and `ignored` are known flaws.
        expiry: Expiry = Expiry::Absolute, "absolute";
        /// When a put makes room. `one-early` is a known flaw.
        eviction: Eviction = Eviction::WhenFull, "when-full";
    }
}

impl Default for LruOptions {
    fn default() -> LruOptions {
        LruOptions {
            capacity: Count(10_000),
            bytes: Bytes(0),
            sweep: Count(0),
            stale: Span(0),
            lease: Span(5_000_000_000),
            early: 0.0,
            shards: Count(1),
            detail: false,
            recency: Recency::Use,
            expiry: Expiry::Absolute,
            eviction: Eviction::WhenFull,
        }
    }
}

impl LruOptions {
    /// Refuses what no cache can be.
    ///
    /// # Errors
    /// Room for nothing or for more than four billion, more shards than entries, an eagerness that is no number.
    pub fn check(&self, at: &At) -> Result<(), Refusal> {
        let refuse = |what, help| Err(Refusal::at(at, what).help(help));
        let (capacity, shards) = (self.capacity.0, self.shards.0);
        if capacity == 0 || capacity >= u64::from(u32::MAX) {
            return refuse(
                format!("a cache of {capacity} entries"),
                "give a capacity from 1 to 4 billion, or leave the cache out",
            );
        }
        if shards == 0 || shards > MOST_SHARDS.min(capacity) {
            return refuse(
                format!("{shards} shards for {capacity} entries"),
                "give 1 to 1024 shards, and no more than there are entries",
            );
        }
        if self.bytes.0 > 0 && self.bytes.0 < shards {
            return refuse(
                format!("{shards} shards for {} bytes", self.bytes.0),
                "give each shard room for an answer",
            );
        }
        if !(0.0..=1e6).contains(&self.early) {
            return refuse(
                format!("answers renewed {} times early", self.early),
                "give a number from 0 to a million; 1 is right for most",
            );
        }
        Ok(())
    }
}

/// The part of `total` that the `i`-th of `n` shards gets: all parts together are the total.
pub(super) fn part(total: u64, n: u64, i: u64) -> u64 {
    total / n + u64::from(i < total % n)
}

/// The shard of a key. Not by the bits that place it in a shard's index: the low ones and the top seven.
#[inline]
pub(super) fn shard_of(hash: u64, shards: usize) -> usize {
    ((u64::from((hash >> 24) as u32) * shards as u64) >> 32) as usize
}

crate::choice! {
    /// What makes an entry recent.
    pub enum Recency {
        /// Being put or asked for.
        Use = "use",
        /// Being put: what everybody asks for leaves with its generation.
        Insertion = "insertion",
    }
}

crate::choice! {
    /// When a life ends.
    pub enum Expiry {
        /// Its time to live after it was written.
        Absolute = "absolute",
        /// Its time to live after it was last asked for: what is popular never ends.
        Sliding = "sliding",
        /// Never: nobody looks at the time.
        Ignored = "ignored",
    }
}

crate::choice! {
    /// When a put makes room.
    pub enum Eviction {
        /// Before it would hold more than it has room for.
        WhenFull = "when-full",
        /// As soon as it is full, after the put: it holds one less, and with room for one always nothing.
        OneEarly = "one-early",
    }
}
