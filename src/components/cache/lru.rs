//! LRU with time to live, bounded in entries and in bytes.
//!
//! Short answer: a hash map into a slab of nodes that form a ring in order of use (Q1). O(1) a look-up and a put; memory is
//! the capacity's. An expired entry stays until it is overwritten or evicted, so that a miss can say *expired*; keys that
//! were evicted are remembered in a ring of as many again, so that a miss can say *evicted* (bounded memory: an eviction
//! longer ago than that reads as *never seen*).

use super::{Cache, Entry, Lookup, Reason};
use crate::{
    config::{At, Bytes, Count, Node, Options, Refusal, Table},
    sim::hash::{FixedState, mix},
};
use hashbrown::{HashMap, HashTable};
use std::collections::VecDeque;

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

/// Index of the ring's head, which is no entry.
const HEAD: u32 = 0;

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
}

/// See the module.
pub struct Lru {
    capacity: usize,
    byte_limit: u64,
    index: HashTable<u32>,
    nodes: Vec<Slot>,
    free: Vec<u32>,
    bytes: u64,
    /// Evicted keys in order, and how often each stands in the ring.
    ghosts: VecDeque<u64>,
    evicted: HashMap<u64, u32, FixedState>,
    evictions: u64,
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Cache>, Refusal> {
    let options = LruOptions::read_table(at, table, &[taken, OF_THE_STAGE].concat())?;
    let head = Slot {
        key: 0,
        written: 0,
        expires: 0,
        bytes: 0,
        content: 0,
        writer: 0,
        prev: HEAD,
        next: HEAD,
    };
    let mut lru = Lru {
        capacity: 0,
        byte_limit: u64::MAX,
        index: HashTable::new(),
        nodes: vec![head],
        free: vec![],
        bytes: 0,
        ghosts: VecDeque::new(),
        evicted: HashMap::default(),
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
    fn link_first(&mut self, i: u32) {
        let first = self.nodes[HEAD as usize].next;
        self.nodes[i as usize].prev = HEAD;
        self.nodes[i as usize].next = first;
        self.nodes[first as usize].prev = i;
        self.nodes[HEAD as usize].next = i;
    }

    fn remove(&mut self, i: u32) -> u64 {
        let Slot { key, bytes, .. } = self.nodes[i as usize];
        self.unlink(i);
        if let Ok(entry) = self.index.find_entry(mix(key), |&j| j == i) {
            entry.remove();
        }
        self.bytes -= bytes;
        self.free.push(i);
        key
    }

    fn evict_last(&mut self) {
        let last = self.nodes[HEAD as usize].prev;
        let key = self.remove(last);
        self.evictions += 1;
        self.ghosts.push_back(key);
        *self.evicted.entry(key).or_insert(0) += 1;
        while self.ghosts.len() > self.capacity {
            if let Some(old) = self.ghosts.pop_front()
                && let Some(times) = self.evicted.get_mut(&old)
            {
                *times -= 1;
                if *times == 0 {
                    self.evicted.remove(&old);
                }
            }
        }
    }

    fn make_room(&mut self, entries: usize, bytes: u64) {
        while !self.index.is_empty()
            && (self.index.len() + entries > self.capacity
                || self.bytes.saturating_add(bytes) > self.byte_limit)
        {
            self.evict_last();
        }
    }
}

impl Cache for Lru {
    fn get(&mut self, key: u64, now: u64) -> Lookup {
        let Some(i) = self.find(key) else {
            let evicted = !self.evicted.is_empty() && self.evicted.contains_key(&key);
            return Lookup::Miss(if evicted {
                Reason::Evicted
            } else {
                Reason::NeverSeen
            });
        };
        let node = self.nodes[i as usize];
        if node.expires <= now {
            return Lookup::Miss(Reason::Expired);
        }
        self.unlink(i);
        self.link_first(i);
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
        if let Some(i) = self.find(key) {
            self.remove(i);
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
        };
        let i = match self.free.pop() {
            Some(i) => {
                self.nodes[i as usize] = node;
                i
            }
            None => {
                self.nodes.push(node);
                (self.nodes.len() - 1) as u32
            }
        };
        self.link_first(i);
        let nodes = &self.nodes;
        self.index
            .insert_unique(mix(key), i, |&j| mix(nodes[j as usize].key));
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
        self.nodes.truncate(1);
        self.nodes[0].prev = HEAD;
        self.nodes[0].next = HEAD;
        self.free.clear();
        self.bytes = 0;
        self.ghosts.clear();
        self.evicted.clear();
    }

    fn gauges(&self, out: &mut dyn FnMut(&'static str, f64)) {
        out("cache.entries", self.index.len() as f64);
        out("cache.capacity", self.capacity as f64);
        out("cache.bytes", self.bytes as f64);
        out("cache.evictions", self.evictions as f64);
    }
}
