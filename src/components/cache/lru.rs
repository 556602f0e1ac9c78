//! LRU with time to live, bounded in entries and in bytes.
//!
//! Short answer: a hash map into a slab of nodes that form a ring in order of use (Q1). O(1) a look-up and a put; memory is
//! the capacity's. An expired entry stays until it is overwritten or evicted, so that a miss can say *expired*; keys that
//! were evicted stay as ghosts in a second ring of as many again, so that a miss can say *evicted* (bounded memory: an
//! eviction longer ago than that reads as *never seen*). Entries and ghosts have one index: an eviction moves a node from
//! ring to ring.

use super::{Cache, Entry, Lookup, Reason};
use crate::{
    config::{At, Bytes, Count, Node, Options, Refusal, Table},
    sim::hash::mix,
};
use hashbrown::HashTable;

crate::options! {
    /// LRU cache.
    #[derive(Clone, Debug, PartialEq)]
    pub struct LruOptions {
        /// Entries that it holds at most.
        capacity: Count = Count(10_000), "10k";
        /// Bytes of answers that it holds at most; 0 is no bound.
        bytes: Bytes = Bytes(0), "no bound";
    }
}

/// Options that the cache *stage* reads from the same table.
const OF_THE_STAGE: &[&str] = &["kind", "scope", "ttl", "jitter", "lookup"];

/// Heads of the two rings, which are no entries.
const HEAD: u32 = 0;
const GHOSTS: u32 = 1;

#[derive(Clone, Copy)]
struct Slot {
    key: u64,
    written: u64,
    expires: u64,
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
            self.take(oldest);
            let hash = mix(self.nodes[oldest as usize].key);
            if let Ok(entry) = self.index.find_entry(hash, |&j| j == oldest) {
                entry.remove();
            }
            self.free.push(oldest);
        }
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
        let node = &self.nodes[i as usize];
        if node.ghost {
            return Lookup::Miss(Reason::Evicted);
        }
        if node.expires <= now {
            return Lookup::Miss(Reason::Expired);
        }
        let hit = Lookup::Hit {
            age: now - node.written,
            writer: node.writer,
            content: node.content,
        };
        self.unlink(i);
        self.link_first(HEAD, i);
        hit
    }

    fn put(&mut self, key: u64, entry: Entry, now: u64) {
        if entry.bytes > self.byte_limit {
            return; // larger than the whole cache
        }
        let known = self.find(key);
        if let Some(i) = known {
            self.take(i);
        }
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
    }
}
