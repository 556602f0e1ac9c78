//! LRU with time to live, bounded in entries and in bytes.
//!
//! # Short answer
//! A hash map into a slab of nodes that form a ring in order of use (Q1). An expired entry stays until it is overwritten,
//! evicted or swept, so that a miss can say *expired*; keys that were evicted stay as ghosts in a second ring of as many
//! again, so that a miss can say *evicted* (bounded memory: an eviction longer ago than that reads as *never seen*).
//! Entries and ghosts have one index: an eviction moves a node from ring to ring.
//!
//! # Complexity
//! O(1) a look-up; O(1 + `sweep`) a put, amortised over what it evicts. Memory is the capacity's, twice.
//!
//! # Follow-ups
//! - *How do TTL and LRU interact under bursty traffic?* An expired entry takes room that a live one could have: `sweep`
//!   gives it back. A popular entry that expires in a burst sends the burst to the dependency: `stale` sends one request and
//!   serves the rest. `cargo test --lib cache::laws` counts both.
//! - *Which keys does a burst push out?* Those not used since; under `recency = "insertion"` the popular ones as well.
//!
//! # Anti-patterns
//! See [`FLAWS`](super::FLAWS): `evict-insertion-order`, `expired-served`, `ttl-from-last-use`, `capacity-off-by-one`.
//!
//! # Smallest set-up
//! ```toml
//! cache = { kind = "lru", capacity = 10_000, ttl = "5m", stale = "30s", sweep = 2 }
//! ```
//!
//! # Source
//! Q1; ArcadeData/arcadedb#4559 (room for one less); RFC 5861 (stale-while-revalidate).

use super::{
    Cache, Entry, Lookup, Reason,
    lru_options::{Eviction, Expiry, LruOptions, Recency},
};
use crate::{
    config::{At, Node, Options, Refusal, Table},
    sim::hash::mix,
};
use hashbrown::HashTable;

/// Options that the cache *stage* reads from the same table.
pub(super) const OF_THE_STAGE: &[&str] = &["kind", "scope", "ttl", "jitter", "lookup"];

/// Heads of the two rings, which are no entries.
const HEAD: u32 = 0;
const GHOSTS: u32 = 1;

#[derive(Clone, Copy)]
struct Slot {
    key: u64,
    written: u64,
    expires: u64,
    /// Instant until which a request is trusted to refresh it; 0 when none was sent.
    leased: u64,
    ttl: u64,
    bytes: u64,
    content: u64,
    writer: u32,
    prev: u32,
    next: u32,
    ghost: bool,
}

impl Slot {
    /// A ring with nothing in it.
    fn head(of: u32) -> Slot {
        Slot {
            key: 0,
            written: 0,
            expires: 0,
            leased: 0,
            ttl: 0,
            bytes: 0,
            content: 0,
            writer: 0,
            prev: of,
            next: of,
            ghost: false,
        }
    }
}

/// See the module.
pub struct Lru {
    capacity: usize,
    byte_limit: u64,
    index: HashTable<u32>,
    nodes: Vec<Slot>,
    free: Vec<u32>,
    /// Entries, and keys that were evicted.
    held: usize,
    ghosts: usize,
    bytes: u64,
    evictions: u64,
    expirations: u64,
    served_stale: u64,
    refreshes: u64,
    sweep: usize,
    stale: u64,
    lease: u64,
    recency: Recency,
    expiry: Expiry,
    eviction: Eviction,
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Cache>, Refusal> {
    let options = LruOptions::read_table(at, table, &[taken, OF_THE_STAGE].concat())?;
    let mut lru = Lru {
        capacity: 0,
        byte_limit: u64::MAX,
        index: HashTable::new(),
        nodes: vec![Slot::head(HEAD), Slot::head(GHOSTS)],
        free: vec![],
        held: 0,
        ghosts: 0,
        bytes: 0,
        evictions: 0,
        expirations: 0,
        served_stale: 0,
        refreshes: 0,
        sweep: 0,
        stale: 0,
        lease: 0,
        recency: options.recency,
        expiry: options.expiry,
        eviction: options.eviction,
    };
    lru.set(&options, at)?;
    Ok(Box::new(lru))
}

impl Lru {
    fn set(&mut self, options: &LruOptions, at: &At) -> Result<(), Refusal> {
        if options.capacity.0 == 0 || options.capacity.0 >= u64::from(u32::MAX) {
            return Err(
                Refusal::at(at, format!("a cache of {} entries", options.capacity.0))
                    .help("give a capacity from 1 to 4 billion, or leave the cache out"),
            );
        }
        self.capacity = options.capacity.0 as usize;
        // A table that doubles looks all its keys up again. Beyond this, who knows whether it is ever filled.
        let room = self.capacity.min(1 << 16);
        let nodes = &self.nodes;
        let more = room.saturating_sub(self.index.len());
        self.index.reserve(more, |&j| mix(nodes[j as usize].key));
        self.byte_limit = if options.bytes.0 == 0 {
            u64::MAX
        } else {
            options.bytes.0
        };
        self.sweep = usize::try_from(options.sweep.0).unwrap_or(usize::MAX);
        self.stale = options.stale.0;
        self.lease = options.lease.0;
        self.recency = options.recency;
        self.expiry = options.expiry;
        self.eviction = options.eviction;
        Ok(())
    }

    #[inline]
    fn find(&self, key: u64) -> Option<u32> {
        self.index
            .find(mix(key), |&i| self.nodes[i as usize].key == key)
            .copied()
    }

    #[inline]
    fn unlink(&mut self, i: u32) {
        let Slot { prev, next, .. } = self.nodes[i as usize];
        self.nodes[prev as usize].next = next;
        self.nodes[next as usize].prev = prev;
    }

    #[inline]
    fn link_first(&mut self, ring: u32, i: u32) {
        let first = self.nodes[ring as usize].next;
        self.nodes[i as usize].prev = ring;
        self.nodes[i as usize].next = first;
        self.nodes[first as usize].prev = i;
        self.nodes[ring as usize].next = i;
    }

    /// Takes a node out of its ring; the index keeps it.
    fn take(&mut self, i: u32) {
        let Slot { bytes, ghost, .. } = self.nodes[i as usize];
        self.unlink(i);
        if ghost {
            self.ghosts -= 1;
        } else {
            self.held -= 1;
            self.bytes -= bytes;
        }
    }

    fn evict_last(&mut self) {
        let last = self.nodes[HEAD as usize].prev;
        self.take(last);
        self.nodes[last as usize].ghost = true;
        self.link_first(GHOSTS, last);
        self.ghosts += 1;
        self.evictions += 1;
        while self.ghosts > self.capacity {
            let oldest = self.nodes[GHOSTS as usize].prev;
            self.forget(oldest);
        }
    }

    /// Drops a node, entry or ghost, without a trace.
    fn forget(&mut self, i: u32) {
        self.take(i);
        let hash = mix(self.nodes[i as usize].key);
        if let Ok(entry) = self.index.find_entry(hash, |&j| j == i) {
            entry.remove();
        }
        self.free.push(i);
    }

    /// Looks at the last few entries in order of use and drops those that nobody may be served any more. What is used
    /// stays in front: it is seen expired by whoever asks.
    fn sweep_last(&mut self, now: u64) {
        let mut at = self.nodes[HEAD as usize].prev;
        for _ in 0..self.sweep {
            if at == HEAD {
                return;
            }
            let node = self.nodes[at as usize];
            if self.dead(&node, now) {
                self.forget(at);
                self.expirations += 1;
            }
            at = node.prev;
        }
    }

    /// Whether it may not even be served stale.
    fn dead(&self, node: &Slot, now: u64) -> bool {
        node.expires.saturating_add(self.stale) <= now && self.expiry != Expiry::Ignored
    }

    fn make_room(&mut self, entries: usize, bytes: u64) {
        while self.held > 0
            && (self.held + entries > self.capacity
                || self.bytes.saturating_add(bytes) > self.byte_limit)
        {
            self.evict_last();
        }
    }
}

impl Cache for Lru {
    fn get(&mut self, key: u64, now: u64) -> Lookup {
        let Some(i) = self.find(key) else {
            return Lookup::Miss(Reason::NeverSeen);
        };
        let node = self.nodes[i as usize];
        if node.ghost {
            return Lookup::Miss(Reason::Evicted);
        }
        if self.dead(&node, now) {
            return Lookup::Miss(Reason::Expired);
        }
        if self.recency == Recency::Use {
            self.unlink(i);
            self.link_first(HEAD, i);
        }
        if node.expires <= now && self.expiry != Expiry::Ignored {
            if node.leased <= now {
                // Even a lease of nothing sends one request an instant, not all of them.
                self.nodes[i as usize].leased = now.saturating_add(self.lease.max(1));
                self.refreshes += 1;
                return Lookup::Refresh;
            }
            self.served_stale += 1;
        } else if self.expiry == Expiry::Sliding && node.expires != u64::MAX {
            let slot = &mut self.nodes[i as usize];
            slot.expires = now.saturating_add(slot.ttl);
        }
        Lookup::Hit {
            age: now - node.written,
            writer: node.writer,
            content: node.content,
        }
    }

    fn put(&mut self, key: u64, entry: Entry, now: u64) {
        if entry.bytes > self.byte_limit {
            return; // larger than the whole cache
        }
        let known = self.find(key);
        if let Some(i) = known {
            self.take(i);
        }
        // What is put is out of both rings by now, so that neither the sweep nor an eviction meets it.
        self.sweep_last(now);
        self.make_room(1, entry.bytes);
        let expires = if entry.ttl == 0 {
            u64::MAX
        } else {
            now.saturating_add(entry.ttl)
        };
        let node = Slot {
            key,
            written: now,
            expires,
            leased: 0,
            ttl: entry.ttl,
            bytes: entry.bytes,
            content: entry.content,
            writer: entry.writer,
            prev: HEAD,
            next: HEAD,
            ghost: false,
        };
        let i = match known.or_else(|| self.free.pop()) {
            Some(i) => {
                self.nodes[i as usize] = node;
                i
            }
            None => {
                self.nodes.push(node);
                (self.nodes.len() - 1) as u32
            }
        };
        self.link_first(HEAD, i);
        if known.is_none() {
            let nodes = &self.nodes;
            self.index
                .insert_unique(mix(key), i, |&j| mix(nodes[j as usize].key));
        }
        self.held += 1;
        self.bytes += entry.bytes;
        if self.eviction == Eviction::OneEarly && self.held >= self.capacity {
            self.evict_last();
        }
    }

    fn retune(&mut self, options: &Node, _now: u64) -> Result<(), Refusal> {
        let table = options.table("the cache")?;
        let new = LruOptions::read_table(&options.at, table, OF_THE_STAGE)?;
        self.set(&new, &options.at)?;
        self.make_room(0, 0);
        Ok(())
    }

    fn flush(&mut self) {
        self.index.clear();
        self.nodes.clear();
        self.nodes.extend([Slot::head(HEAD), Slot::head(GHOSTS)]);
        self.free.clear();
        (self.held, self.ghosts, self.bytes) = (0, 0, 0);
    }

    fn gauges(&self, out: &mut dyn FnMut(&'static str, f64)) {
        out("cache.entries", self.held as f64);
        out("cache.capacity", self.capacity as f64);
        out("cache.bytes", self.bytes as f64);
        out("cache.evictions", self.evictions as f64);
        if self.sweep > 0 {
            out("cache.expirations", self.expirations as f64);
        }
        if self.stale > 0 {
            out("cache.served_stale", self.served_stale as f64);
            out("cache.refreshes", self.refreshes as f64);
        }
    }
}
