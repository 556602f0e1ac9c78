//! Blocks of KV memory: who holds them, and which can be found again by the prompt prefix that they hold.
//!
//! Blocks are counted, not numbered: only those that can be found again have a place of their own. One that nobody
//! holds stays findable until its room is needed; the least recently released goes first.

use crate::sim::hash::Map;

const NONE: u32 = u32::MAX;

/// A block that can be found again.
#[derive(Clone, Copy)]
struct Slot {
    key: u64,
    /// Digest of what it really holds, whatever the key is made of.
    truth: u64,
    /// Sequences that hold it. At 0 it stands in the line of those to go.
    holders: u32,
    before: u32,
    after: u32,
}

/// All blocks of one engine.
pub(super) struct Blocks {
    total: u64,
    /// Neither held nor findable.
    free: u64,
    /// Findable and not held.
    idle: u64,
    slots: Vec<Slot>,
    empty: Vec<u32>,
    by_key: Map<u64, u32>,
    /// First to go, last to go.
    first: u32,
    last: u32,
    evicted: u64,
}

impl Blocks {
    pub fn new(total: u64) -> Blocks {
        Blocks {
            total,
            free: total,
            idle: 0,
            slots: vec![],
            empty: vec![],
            by_key: Map::default(),
            first: NONE,
            last: NONE,
            evicted: 0,
        }
    }

    /// Blocks that could be had now, by eviction if need be.
    pub fn available(&self) -> u64 {
        self.free + self.idle
    }

    /// Blocks that sequences hold.
    pub fn held(&self) -> u64 {
        self.total - self.available()
    }

    /// Blocks that can be found and that nobody holds.
    pub fn idle(&self) -> u64 {
        self.idle
    }

    /// Findable blocks that had to make room so far.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many of the leading keys are there, and how many of those nobody holds.
    pub fn find(&self, keys: &[u64]) -> (usize, u64) {
        let mut idle = 0;
        for (n, key) in keys.iter().enumerate() {
            match self.by_key.get(key) {
                Some(&slot) => idle += u64::from(self.slots[slot as usize].holders == 0),
                None => return (n, idle),
            }
        }
        (keys.len(), idle)
    }

    /// Holds blocks that were found. Whether one of them holds something else than `truths` says.
    pub fn hold(&mut self, keys: &[u64], truths: &[u64], into: &mut Vec<u32>) -> bool {
        let mut wrong = false;
        for (key, truth) in keys.iter().zip(truths) {
            let Some(&at) = self.by_key.get(key) else {
                break;
            };
            if self.slots[at as usize].holders == 0 {
                self.unlink(at);
                self.idle -= 1;
            }
            let slot = &mut self.slots[at as usize];
            slot.holders += 1;
            wrong |= slot.truth != *truth;
            into.push(at);
        }
        wrong
    }

    /// Takes `n` blocks that cannot be found; at most [`available`](Self::available).
    pub fn take(&mut self, n: u64) {
        let from_free = n.min(self.free);
        self.free -= from_free;
        for _ in from_free..n {
            let at = self.first;
            if at == NONE {
                return;
            }
            self.unlink(at);
            self.by_key.remove(&self.slots[at as usize].key);
            self.empty.push(at);
            self.idle -= 1;
            self.evicted += 1;
        }
    }

    /// Makes a block that its caller took findable, and held by the caller. `None` when there is one with this key.
    pub fn publish(&mut self, key: u64, truth: u64) -> Option<u32> {
        if self.by_key.contains_key(&key) {
            return None;
        }
        let slot = Slot {
            key,
            truth,
            holders: 1,
            before: NONE,
            after: NONE,
        };
        let at = match self.empty.pop() {
            Some(at) => {
                self.slots[at as usize] = slot;
                at
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        self.by_key.insert(key, at);
        Some(at)
    }

    /// Gives blocks back: `nameless` ones, and those in `findable`, of which the last goes first. A prefix is of use
    /// only from its beginning.
    pub fn release(&mut self, nameless: u64, findable: &mut Vec<u32>) {
        self.free += nameless;
        while let Some(at) = findable.pop() {
            let slot = &mut self.slots[at as usize];
            slot.holders -= 1;
            if slot.holders == 0 {
                self.idle += 1;
                self.append(at);
            }
        }
    }

    /// Forgets what can be found and is not held.
    pub fn flush(&mut self) {
        while self.first != NONE {
            let at = self.first;
            self.unlink(at);
            self.by_key.remove(&self.slots[at as usize].key);
            self.empty.push(at);
            self.idle -= 1;
            self.free += 1;
        }
    }

    fn append(&mut self, at: u32) {
        let last = self.last;
        let slot = &mut self.slots[at as usize];
        (slot.before, slot.after) = (last, NONE);
        match last {
            NONE => self.first = at,
            _ => self.slots[last as usize].after = at,
        }
        self.last = at;
    }

    fn unlink(&mut self, at: u32) {
        let Slot { before, after, .. } = self.slots[at as usize];
        match before {
            NONE => self.first = after,
            _ => self.slots[before as usize].after = after,
        }
        match after {
            NONE => self.last = before,
            _ => self.slots[after as usize].before = before,
        }
    }
}
