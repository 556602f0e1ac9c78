//! LRU with time to live, bounded in entries and in bytes, in one shard or several.
//!
//! # Short answer
//! A hash map into a slab of slots that form a ring in order of use (Q1). An expired entry stays until it is overwritten,
//! evicted or swept, so that a miss can say *expired*; keys that were evicted stay as ghosts in a second ring of as many
//! again, so that a miss can say *evicted* (bounded memory: an eviction longer ago than that reads as *never seen*).
//! Entries and ghosts have one index: an eviction moves a slot from ring to ring.
//!
//! # Complexity
//! O(1) a look-up; O(1 + `sweep`) a put, amortised over what it evicts. Memory is the capacity's, twice. Held by
//! `steps_do_not_grow_with_the_cache`, which counts the slots that are touched.
//!
//! # Follow-ups
//! - *How would you shard the cache to reduce contention?* `shards = N`: each has its lock, its share of the room (the
//!   shares add up exactly) and its own order of use. What it costs: a shard that gets more than its share evicts while
//!   others have room, counted as `cache.evicted_early`.
//! - *How do TTL and LRU interact under bursty traffic?* An expired entry takes room that a live one could have: `sweep`
//!   gives it back. A popular entry that expires in a burst sends the burst to the dependency: `jitter` keeps entries from
//!   ending together, `early` renews what is popular before it ends, and `stale` sends one request and serves the rest.
//!   `gameday replay incident-01` is a service without them.
//! - *Which keys does a burst push out?* Those not used since; under `recency = "insertion"` the popular ones as well.
//! - *Two ways to prevent a stampede?* `--variant early`, `--variant stale` and `--variant single-flight` of incident-01.
//!
//! # Anti-patterns
//! See [`FLAWS`](super::FLAWS): `evict-insertion-order`, `expired-served`, `ttl-from-last-use`, `capacity-off-by-one`.
//!
//! # Smallest set-up
//! ```toml
//! cache = { kind = "lru", capacity = 10_000, ttl = "5m", jitter = "20%", early = 1, stale = "30s", sweep = 2 }
//! ```
//!
//! # Source
//! Q1; ArcadeData/arcadedb#4559 (room for one less); RFC 5861 (stale-while-revalidate); Vattani, Chierichetti, Lowenstein,
//! "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015 (`early`).

use super::{
    Entry, Lookup, Reason,
    lru_options::{Eviction, Expiry, LruOptions, Recency},
    slots::{HEAD, Slot, Slots},
};
use crate::sim::dice::Draw;

/// What one shard has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries that made room because there were too many.
    pub evicted_for_entries: u64,
    /// Entries that made room because there were too many bytes.
    pub evicted_for_bytes: u64,
    /// Entries that were swept because nobody may be served them any more.
    pub expirations: u64,
    /// Answers that were served although they had expired.
    pub served_stale: u64,
    /// Requests that were sent to refresh an entry that others were still served.
    pub refreshes: u64,
    /// Misses of an answer for which another request was sent before, and has not come back.
    pub stampede: u64,
    /// Answers larger than the whole cache, which were not stored.
    pub too_large: u64,
}

impl Counts {
    /// Entries that made room, for whichever reason.
    pub fn evictions(&self) -> u64 {
        self.evicted_for_entries + self.evicted_for_bytes
    }

    /// Both together.
    pub fn plus(&self, other: &Counts) -> Counts {
        Counts {
            evicted_for_entries: self.evicted_for_entries + other.evicted_for_entries,
            evicted_for_bytes: self.evicted_for_bytes + other.evicted_for_bytes,
            expirations: self.expirations + other.expirations,
            served_stale: self.served_stale + other.served_stale,
            refreshes: self.refreshes + other.refreshes,
            stampede: self.stampede + other.stampede,
            too_large: self.too_large + other.too_large,
        }
    }
}

/// One shard: the policy, without a lock. `V` is what an entry holds besides what the policy reads; a replay holds nothing.
pub(super) struct Lru<V> {
    capacity: usize,
    byte_limit: u64,
    slots: Slots<V>,
    counts: Counts,
    sweep: usize,
    stale: u64,
    lease: u64,
    early: f64,
    recency: Recency,
    expiry: Expiry,
    eviction: Eviction,
    /// Keys that were evicted and are remembered, at most.
    ghosts: usize,
}

impl<V> Lru<V> {
    /// A shard with room for so many entries and bytes (0: no bound), of options that were checked.
    pub fn new(options: &LruOptions, capacity: usize, bytes: u64) -> Lru<V> {
        let mut lru = Lru {
            capacity: 0,
            byte_limit: u64::MAX,
            slots: Slots::new(),
            counts: Counts::default(),
            sweep: 0,
            stale: 0,
            lease: 0,
            early: 0.0,
            recency: options.recency,
            expiry: options.expiry,
            eviction: options.eviction,
            ghosts: 0,
        };
        lru.set(options, capacity, bytes, &mut drop);
        lru
    }

    /// Policy replaced, entries kept but those that no longer fit.
    pub fn set(
        &mut self,
        options: &LruOptions,
        capacity: usize,
        bytes: u64,
        out: &mut impl FnMut(V),
    ) {
        self.capacity = capacity;
        self.ghosts = capacity;
        self.byte_limit = if options.bytes.0 == 0 {
            u64::MAX
        } else {
            bytes
        };
        self.sweep = usize::try_from(options.sweep.0).unwrap_or(usize::MAX);
        self.stale = options.stale.0;
        self.lease = options.lease.0;
        self.early = options.early;
        self.recency = options.recency;
        self.expiry = options.expiry;
        self.eviction = options.eviction;
        if !self.reads_cold() {
            self.slots.drop_cold();
        }
        // Beyond this, who knows whether it is ever filled.
        let most = (1 << 16) / options.shards.0.max(1) as usize;
        self.slots.reserve(self.capacity.min(most));
        self.make_room(0, 0, out);
    }

    /// Whether the policy asks for more of an entry than its slot has.
    fn reads_cold(&self) -> bool {
        self.stale > 0 || self.early > 0.0 || self.expiry == Expiry::Sliding
    }

    pub fn held(&self) -> usize {
        self.slots.held
    }

    pub fn bytes(&self) -> u64 {
        self.slots.bytes
    }

    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    #[cfg(test)]
    pub fn steps(&self) -> u64 {
        self.slots.steps.get()
    }

    /// Entry or ghost of a key.
    pub fn find(&self, key: u64) -> Option<u32> {
        self.slots.find(key)
    }

    /// Looks a key up, and counts it as used. With dice, it may be renewed before it ends.
    pub fn get(&mut self, key: u64, now: u64, dice: Option<Draw>) -> Lookup {
        match self.find(key) {
            Some(i) => self.touch(i, now, dice),
            None => Lookup::Miss(Reason::NeverSeen),
        }
    }

    /// As [`get`](Self::get), of a key that was found.
    pub fn touch(&mut self, i: u32, now: u64, dice: Option<Draw>) -> Lookup {
        let slot = self.slots.at_mut(i);
        let (expires, held) = (slot.expires, slot.value.is_some());
        let dead = expires.saturating_add(self.stale) <= now && self.expiry != Expiry::Ignored;
        if dead || !held {
            self.counts.stampede += u64::from(slot.asked);
            slot.asked = true;
            return Lookup::Miss(if held || slot.swept {
                Reason::Expired
            } else {
                Reason::Evicted
            });
        }
        let hit = Lookup::Hit {
            age: now.saturating_sub(slot.written),
            writer: slot.writer,
            content: slot.content,
        };
        if self.recency == Recency::Use {
            self.slots.bring_forward(i);
        }
        if self.expiry == Expiry::Ignored {
            return hit;
        }
        let expired = expires <= now;
        if (expired || self.renew_early(i, expires - now, dice)) && self.lease(i, now) {
            self.counts.refreshes += 1;
            return Lookup::Refresh;
        }
        if expired {
            self.counts.served_stale += 1;
        } else if self.expiry == Expiry::Sliding && expires != u64::MAX {
            let ttl = self.slots.cold(i).ttl;
            let slot = self.slots.at_mut(i);
            let ttl = if ttl > 0 { ttl } else { expires - slot.written };
            slot.expires = now.saturating_add(ttl);
        }
        hit
    }

    /// XFetch: the nearer the end, the likelier, in multiples of how long the answer takes to make. The popular is asked
    /// for often enough to be renewed in time; what nobody asks for is not renewed at all.
    fn renew_early(&self, i: u32, left: u64, dice: Option<Draw>) -> bool {
        match dice {
            Some(mut dice) if self.early > 0.0 => {
                let cost = self.slots.cold(i).cost as f64;
                dice.exponential(cost * self.early) >= left as f64
            }
            _ => false,
        }
    }

    /// Whether this request is the one to refresh an entry: nobody else was sent lately.
    fn lease(&mut self, i: u32, now: u64) -> bool {
        // Even a lease of nothing sends one request an instant, not all of them.
        let until = now.saturating_add(self.lease.max(1));
        let cold = self.slots.cold_mut(i);
        let free = cold.leased <= now;
        if free {
            cold.leased = until;
        }
        free
    }

    /// Stores an answer; `out` gets what is dropped for it.
    pub fn put(&mut self, key: u64, entry: &Entry, value: V, now: u64, out: &mut impl FnMut(V)) {
        let known = self.find(key);
        if entry.bytes > self.byte_limit {
            // What was there before is no answer any more.
            known.and_then(|i| self.slots.forget(i)).map(&mut *out);
            self.counts.too_large += 1;
            return out(value);
        }
        if let Some(i) = known {
            self.slots.take(i).map(&mut *out);
        }
        // What is put is out of both rings by now, so that neither the sweep nor an eviction meets it.
        self.sweep_last(now, out);
        self.make_room(1, entry.bytes, out);
        let expires = match entry.ttl {
            0 => u64::MAX,
            ttl => now.saturating_add(ttl),
        };
        let slot = Slot {
            written: now,
            expires,
            bytes: entry.bytes,
            content: entry.content,
            writer: entry.writer,
            ..Slot::of(key, Some(value))
        };
        let i = self.slots.put(known, slot);
        if self.reads_cold() {
            let cold = self.slots.cold_mut(i);
            (cold.leased, cold.ttl, cold.cost) = (0, entry.ttl, entry.cost);
        }
        if self.eviction == Eviction::OneEarly && self.held() >= self.capacity {
            self.evict_last(out);
            self.counts.evicted_for_entries += 1;
        }
    }

    pub fn clear(&mut self) {
        self.slots.clear();
    }

    fn evict_last(&mut self, out: &mut impl FnMut(V)) {
        if let Some(last) = self.slots.last() {
            self.slots.haunt(last, self.ghosts).map(out);
        }
    }

    /// Looks at the last few entries in order of use and drops those that nobody may be served any more. What is used
    /// stays in front: it is seen expired by whoever asks.
    fn sweep_last(&mut self, now: u64, out: &mut impl FnMut(V)) {
        let mut next = self.slots.before(HEAD).filter(|_| self.sweep > 0);
        for _ in 0..self.sweep {
            let Some(i) = next else { return };
            next = self.slots.before(i);
            let expires = self.slots.at(i).expires;
            if expires.saturating_add(self.stale) <= now && self.expiry != Expiry::Ignored {
                self.slots.at_mut(i).swept = true;
                self.slots.haunt(i, self.ghosts).map(&mut *out);
                self.counts.expirations += 1;
            }
        }
    }

    fn make_room(&mut self, entries: usize, bytes: u64, out: &mut impl FnMut(V)) {
        while self.held() > 0 {
            if self.held() + entries > self.capacity {
                self.counts.evicted_for_entries += 1;
            } else if self.bytes().saturating_add(bytes) > self.byte_limit {
                self.counts.evicted_for_bytes += 1;
            } else {
                return;
            }
            self.evict_last(out);
        }
    }

    /// Takes the entry out that is to go first, with what is left of its life.
    pub fn pop_last(&mut self) -> Option<Kept<V>> {
        let i = self.slots.last()?;
        let slot = self.slots.at(i);
        let (key, written, expires) = (slot.key, slot.written, slot.expires);
        let (bytes, content, writer) = (slot.bytes, slot.content, slot.writer);
        let cold = self.slots.cold(i);
        let value = self.slots.forget(i)?;
        let entry = Entry {
            bytes,
            ttl: cold.ttl,
            writer,
            content,
            cost: cold.cost,
        };
        Some(Kept {
            key,
            entry,
            written,
            expires,
            value,
        })
    }

    /// Puts one back that [`pop_last`](Self::pop_last) of another shard gave.
    pub fn keep(&mut self, kept: Kept<V>, out: &mut impl FnMut(V)) {
        let Kept {
            key,
            entry,
            written,
            expires,
            value,
        } = kept;
        self.put(key, &entry, value, written, out);
        if let Some(i) = self.find(key) {
            self.slots.at_mut(i).expires = expires;
        }
    }
}

/// An entry on its way from shard to shard.
pub(super) struct Kept<V> {
    pub key: u64,
    entry: Entry,
    written: u64,
    expires: u64,
    value: V,
}
