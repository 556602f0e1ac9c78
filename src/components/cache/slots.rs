//! Where entries lie: a slab of slots, an index of their keys, and two rings through them. Every step is O(1).
//!
//! The ring of entries has the one used last in front. The ring of ghosts is of keys that were evicted, newest in front:
//! they keep their place in the index, so an eviction moves a slot from ring to ring and hashes nothing.

use crate::sim::hash::mix;
use hashbrown::HashTable;

/// Heads of the two rings, which are no entries.
pub(super) const HEAD: u32 = 0;
pub(super) const GHOSTS: u32 = 1;

/// An entry, or a ghost.
pub(super) struct Slot<V> {
    pub key: u64,
    pub written: u64,
    pub expires: u64,
    pub bytes: u64,
    pub content: u64,
    pub writer: u32,
    pub prev: u32,
    pub next: u32,
    /// Somebody missed it, and was sent to make it anew.
    pub asked: bool,
    /// A ghost that had expired when it went.
    pub swept: bool,
    /// What it holds; ghosts and heads hold nothing.
    pub value: Option<V>,
}

impl<V> Slot<V> {
    pub fn of(key: u64, value: Option<V>) -> Slot<V> {
        Slot {
            key,
            written: 0,
            expires: 0,
            bytes: 0,
            content: 0,
            writer: 0,
            prev: HEAD,
            next: HEAD,
            asked: false,
            swept: false,
            value,
        }
    }
}

/// What only some policies ask of an entry. It lies beside the slot, so that a slot fits a line of the processor's cache.
#[derive(Clone, Copy, Default)]
pub(super) struct Cold {
    /// Instant until which a request is trusted to refresh it; 0 when none was sent.
    pub leased: u64,
    /// ns of its time to live.
    pub ttl: u64,
    /// ns that it took to make.
    pub cost: u64,
}

/// See the module.
pub(super) struct Slots<V> {
    index: HashTable<u32>,
    nodes: Vec<Slot<V>>,
    cold: Vec<Cold>,
    free: Vec<u32>,
    pub held: usize,
    pub ghosts: usize,
    pub bytes: u64,
    /// Slots and keys that were looked at, for the test that counts them.
    #[cfg(test)]
    pub steps: std::cell::Cell<u64>,
}

impl<V> Slots<V> {
    pub fn new() -> Slots<V> {
        let mut slots = Slots {
            index: HashTable::new(),
            nodes: vec![],
            cold: vec![],
            free: vec![],
            held: 0,
            ghosts: 0,
            bytes: 0,
            #[cfg(test)]
            steps: Default::default(),
        };
        slots.clear();
        slots
    }

    pub fn clear(&mut self) {
        self.index.clear();
        self.nodes.clear();
        self.cold.clear();
        self.free.clear();
        for head in [HEAD, GHOSTS] {
            let slot = Slot::of(0, None);
            self.nodes.push(Slot {
                prev: head,
                next: head,
                ..slot
            });
        }
        (self.held, self.ghosts, self.bytes) = (0, 0, 0);
    }

    /// Makes room for `entries` in the index: a table that doubles looks all its keys up again.
    pub fn reserve(&mut self, entries: usize) {
        let more = entries.saturating_sub(self.index.len());
        let nodes = &self.nodes;
        self.index.reserve(more, |&j| mix(nodes[j as usize].key));
    }

    #[inline(always)]
    fn step(&self) {
        #[cfg(test)]
        self.steps.set(self.steps.get() + 1);
    }

    /// The slot of a key, entry or ghost.
    #[inline]
    pub fn find(&self, key: u64) -> Option<u32> {
        let same = |&i: &u32| {
            self.step();
            self.nodes[i as usize].key == key
        };
        self.index.find(mix(key), same).copied()
    }

    #[inline]
    pub fn at(&self, i: u32) -> &Slot<V> {
        self.step();
        &self.nodes[i as usize]
    }

    #[inline]
    pub fn at_mut(&mut self, i: u32) -> &mut Slot<V> {
        self.step();
        &mut self.nodes[i as usize]
    }

    pub fn cold(&self, i: u32) -> Cold {
        self.cold.get(i as usize).copied().unwrap_or_default()
    }

    /// Grows the column of cold parts to this slot, and gives its part.
    pub fn cold_mut(&mut self, i: u32) -> &mut Cold {
        if self.cold.len() <= i as usize {
            self.cold.resize(self.nodes.len(), Cold::default());
        }
        &mut self.cold[i as usize]
    }

    /// Forgets all cold parts: nobody reads them any more.
    pub fn drop_cold(&mut self) {
        self.cold = vec![];
    }

    /// Last of the ring of entries: the one to go first.
    pub fn last(&self) -> Option<u32> {
        self.before(HEAD)
    }

    /// The entry used just before this one was; of the head, the last.
    pub fn before(&self, i: u32) -> Option<u32> {
        let prev = self.at(i).prev;
        (prev != HEAD).then_some(prev)
    }

    #[inline]
    fn unlink(&mut self, i: u32) {
        let Slot { prev, next, .. } = *self.at(i);
        self.at_mut(prev).next = next;
        self.at_mut(next).prev = prev;
    }

    #[inline]
    fn link_first(&mut self, ring: u32, i: u32) {
        let first = self.at(ring).next;
        let slot = self.at_mut(i);
        (slot.prev, slot.next) = (ring, first);
        self.at_mut(first).prev = i;
        self.at_mut(ring).next = i;
    }

    /// An entry was used.
    #[inline]
    pub fn bring_forward(&mut self, i: u32) {
        self.unlink(i);
        self.link_first(HEAD, i);
    }

    /// Takes a slot out of its ring, and what it held out of it; the index keeps it.
    pub fn take(&mut self, i: u32) -> Option<V> {
        self.unlink(i);
        let slot = self.at_mut(i);
        let (value, bytes) = (slot.value.take(), slot.bytes);
        match value {
            Some(_) => {
                self.held -= 1;
                self.bytes -= bytes;
            }
            None => self.ghosts -= 1,
        }
        value
    }

    /// Puts an entry in front, into the slot that its key had, or a new one.
    pub fn put(&mut self, known: Option<u32>, entry: Slot<V>) -> u32 {
        let (key, bytes) = (entry.key, entry.bytes);
        let i = match known.or_else(|| self.free.pop()) {
            Some(i) => {
                *self.at_mut(i) = entry;
                i
            }
            None => {
                self.nodes.push(entry);
                (self.nodes.len() - 1) as u32
            }
        };
        self.link_first(HEAD, i);
        if known.is_none() {
            let nodes = &self.nodes;
            let hash_of = |&j: &u32| mix(nodes[j as usize].key);
            self.index.insert_unique(mix(key), i, hash_of);
        }
        self.held += 1;
        self.bytes += bytes;
        i
    }

    /// Makes an entry a ghost, so that a miss can say that it was evicted. At most `most` are kept.
    pub fn haunt(&mut self, i: u32, most: usize) -> Option<V> {
        if most == 0 {
            return self.forget(i);
        }
        let value = self.take(i);
        self.link_first(GHOSTS, i);
        self.ghosts += 1;
        while self.ghosts > most {
            let oldest = self.at(GHOSTS).prev;
            self.forget(oldest);
        }
        value
    }

    /// Drops a slot, entry or ghost, without a trace.
    pub fn forget(&mut self, i: u32) -> Option<V> {
        let value = self.take(i);
        let hash = mix(self.at(i).key);
        if let Ok(entry) = self.index.find_entry(hash, |&j| j == i) {
            entry.remove();
        }
        self.free.push(i);
        value
    }
}
