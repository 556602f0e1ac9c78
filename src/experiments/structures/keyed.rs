//! Structures that find a value by its key.

use super::Candidate;
use crate::sim::hash::FixedState;
use std::collections::BTreeMap;

const ENTRY: u64 = 16;

/// Bytes of a hash map of this capacity: a power of two of buckets, at most 7/8 full, an entry and a control byte each.
fn table_bytes(capacity: usize) -> u64 {
    if capacity == 0 {
        return 0;
    }
    let buckets = (capacity as u64 * 8 / 7).next_power_of_two();
    buckets * (ENTRY + 1) + 16
}

/// Bytes of a B-tree: nodes of 11 entries, some 70 % full, with a parent's pointer, and a child's in the eleventh of them
/// that are inner ones.
fn tree_bytes(len: usize) -> u64 {
    let nodes = (len as f64 / (11.0 * 0.7)).ceil() as u64;
    nodes * (11 * ENTRY + 16) + nodes / 8 * 12 * 8
}

/// One kind: how to make it, put, get, count and weigh it.
struct Keyed<M> {
    name: &'static str,
    inserts: bool,
    new: fn(usize) -> M,
    put: fn(&mut M, u64, u64),
    get: fn(&M, u64) -> Option<u64>,
    len: fn(&M) -> usize,
    bytes: fn(&M) -> u64,
    held: M,
}

impl<M> Candidate for Keyed<M> {
    fn name(&self) -> &'static str {
        self.name
    }
    fn fill(&mut self, keys: &[u64]) {
        self.held = (self.new)(keys.len());
        for &key in keys {
            (self.put)(&mut self.held, key, key ^ 1);
        }
    }
    fn batch(&mut self, keys: &[u64]) -> u64 {
        if self.inserts {
            for &key in keys {
                (self.put)(&mut self.held, key, key ^ 1);
            }
            return (self.len)(&self.held) as u64;
        }
        let found = keys.iter().filter_map(|&key| (self.get)(&self.held, key));
        found.fold(0, u64::wrapping_add)
    }
    fn len(&self) -> usize {
        (self.len)(&self.held)
    }
    fn bytes(&self) -> u64 {
        (self.bytes)(&self.held)
    }
}

#[expect(
    clippy::disallowed_types,
    reason = "a candidate to be measured; nothing iterates over it"
)]
type StdMap = std::collections::HashMap<u64, u64>;
type Hashed = hashbrown::HashMap<u64, u64, FixedState>;
type Pairs = Vec<(u64, u64)>;

fn put_sorted(v: &mut Pairs, key: u64, value: u64) {
    match v.binary_search_by_key(&key, |e| e.0) {
        Ok(i) => v[i].1 = value,
        Err(i) => v.insert(i, (key, value)),
    }
}

/// All of them, at look-ups or at inserts.
pub(super) fn all(inserts: bool) -> Vec<Box<dyn Candidate>> {
    let mut all: Vec<Box<dyn Candidate>> = vec![
        Box::new(Keyed {
            name: "hash map (std, SipHash)",
            inserts,
            new: |_| StdMap::new(),
            put: |m, k, v| {
                m.insert(k, v);
            },
            get: |m, k| m.get(&k).copied(),
            len: StdMap::len,
            bytes: |m| table_bytes(m.capacity()),
            held: StdMap::new(),
        }),
        Box::new(Keyed {
            name: "hash map (hashbrown)",
            inserts,
            new: |_| Hashed::default(),
            put: |m, k, v| {
                m.insert(k, v);
            },
            get: |m, k| m.get(&k).copied(),
            len: Hashed::len,
            bytes: |m| table_bytes(m.capacity()),
            held: Hashed::default(),
        }),
        Box::new(Keyed {
            name: "B-tree",
            inserts,
            new: |_| BTreeMap::new(),
            put: |m: &mut BTreeMap<u64, u64>, k, v| {
                m.insert(k, v);
            },
            get: |m, k| m.get(&k).copied(),
            len: BTreeMap::len,
            bytes: |m| tree_bytes(m.len()),
            held: BTreeMap::new(),
        }),
        Box::new(Keyed {
            name: "sorted vec",
            inserts,
            new: |_| Pairs::new(),
            put: put_sorted,
            get: |v, k| v.binary_search_by_key(&k, |e| e.0).ok().map(|i| v[i].1),
            len: Vec::len,
            bytes: |v| v.capacity() as u64 * ENTRY,
            held: Pairs::new(),
        }),
    ];
    if inserts {
        all.push(Box::new(Keyed {
            name: "hash map, preallocated",
            inserts,
            // For as much as it will ever hold.
            new: |n| Hashed::with_capacity_and_hasher(2 * n + 1024, FixedState),
            put: |m, k, v| {
                m.insert(k, v);
            },
            get: |m, k| m.get(&k).copied(),
            len: Hashed::len,
            bytes: |m| table_bytes(m.capacity()),
            held: Hashed::default(),
        }));
    } else {
        all.push(Box::new(Keyed {
            name: "vec, scanned",
            inserts,
            new: |_| Pairs::new(),
            // Filled with keys that differ, so nothing is looked for.
            put: |v, key, value| v.push((key, value)),
            get: |v, k| v.iter().find(|e| e.0 == k).map(|e| e.1),
            len: Vec::len,
            bytes: |v| v.capacity() as u64 * ENTRY,
            held: Pairs::new(),
        }));
    }
    all
}
