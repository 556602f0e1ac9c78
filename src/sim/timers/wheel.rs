//! The far store of timers: a base-64 monotone radix wheel, down to the nanosecond.
//!
//! A timer lives on the level of the highest base-64 digit in which its instant differs from
//! `base` (the last instant that left the wheel), in the list of that digit. Insert and cancel
//! are O(1); a list moves down as a whole, in its own order, when its turn comes, so equal
//! instants leave in the order in which they entered, with no sequence number stored.
//! Not for use alone: [`super::TimerQueue`] puts a small sorted tier in front of it.
//! Source: Varghese & Lauck 1987 (hierarchical wheels), Ahuja et al. 1990 (radix heaps).

use super::super::Nanos;

/// No node.
pub(super) const NIL: u32 = u32::MAX;
/// `Node::list` of a node that has fired and waits for its release.
pub(super) const FIRED: u16 = 0xFFFF;
/// `Node::list` of a node that is held by the near tier.
pub(super) const NEAR: u16 = 0xFFFE;

const DIGIT: usize = 6; // bits of a level
const FAN: usize = 1 << DIGIT;
const LEVELS: usize = 11; // 11 * 6 >= 64 bits

#[derive(Clone, Copy)]
pub(super) struct Node {
    pub at: Nanos,
    pub next: u32,
    pub prev: u32,
    pub tag: u32,
    pub list: u16,
}

/// Head and tail of a list in one word: written apart and read together they would stall.
#[derive(Clone, Copy)]
struct Ends(u64);

impl Ends {
    const EMPTY: Ends = Ends(u64::MAX);
    #[inline(always)]
    fn one(id: u32) -> Ends {
        Ends(u64::from(id) | u64::from(id) << 32)
    }
    #[inline(always)]
    fn head(self) -> u32 {
        self.0 as u32
    }
    #[inline(always)]
    fn tail(self) -> u32 {
        (self.0 >> 32) as u32
    }
    #[inline(always)]
    fn with_head(self, id: u32) -> Ends {
        Ends(self.0 & !0xFFFF_FFFF | u64::from(id))
    }
    #[inline(always)]
    fn with_tail(self, id: u32) -> Ends {
        Ends(self.0 & 0xFFFF_FFFF | u64::from(id) << 32)
    }
}

pub(super) struct Wheel {
    /// Every node held is at or after this instant.
    pub base: Nanos,
    occupied_levels: u32,
    occupied: [u64; LEVELS],
    ends: [Ends; LEVELS * FAN],
    pub nodes: Vec<Node>,
    free: u32,
}

/// The list that leaves next.
#[derive(Clone, Copy)]
pub(super) struct First {
    pub level: usize,
    slot: usize,
    pub head: u32,
    /// The earliest instant that the list could hold, and the span that it covers.
    pub start: Nanos,
}

impl First {
    #[inline(always)]
    pub fn end(self) -> Nanos {
        self.start.saturating_add(1 << (DIGIT * self.level))
    }
}

impl Wheel {
    pub fn new() -> Wheel {
        Wheel {
            base: 0,
            occupied_levels: 0,
            occupied: [0; LEVELS],
            ends: [Ends::EMPTY; LEVELS * FAN],
            nodes: Vec::new(),
            free: NIL,
        }
    }

    #[inline(always)]
    pub fn allocate(&mut self, at: Nanos, tag: u32) -> u32 {
        if self.free != NIL {
            let id = self.free;
            let node = &mut self.nodes[id as usize];
            self.free = node.next;
            node.at = at;
            node.tag = tag;
            id
        } else {
            self.nodes.push(Node {
                at,
                next: NIL,
                prev: NIL,
                tag,
                list: FIRED,
            });
            (self.nodes.len() - 1) as u32
        }
    }

    /// Gives the node back; it must be on no list.
    #[inline(always)]
    pub fn deallocate(&mut self, id: u32) {
        self.nodes[id as usize].next = self.free;
        self.free = id;
    }

    #[inline(always)]
    fn place(&self, at: Nanos) -> (usize, usize) {
        let differs = (at ^ self.base) | 1;
        let level = (63 - differs.leading_zeros()) as usize / DIGIT;
        (level, (at >> (DIGIT * level)) as usize % FAN)
    }

    #[inline(always)]
    fn mark(&mut self, level: usize, slot: usize) {
        self.occupied[level] |= 1 << slot;
        self.occupied_levels |= 1 << level;
    }

    #[inline(always)]
    fn unmark(&mut self, level: usize, slot: usize) {
        self.occupied[level] &= !(1 << slot);
        if self.occupied[level] == 0 {
            self.occupied_levels &= !(1 << level);
        }
    }

    /// Behind all that is held for the same instant.
    #[inline(always)]
    pub fn link(&mut self, id: u32, at: Nanos) {
        let (level, slot) = self.place(at);
        let list = level * FAN + slot;
        let ends = self.ends[list];
        let tail = ends.tail();
        let node = &mut self.nodes[id as usize];
        node.next = NIL;
        node.prev = tail;
        node.list = list as u16;
        if tail == NIL {
            self.ends[list] = Ends::one(id);
            self.mark(level, slot);
        } else {
            self.ends[list] = ends.with_tail(id);
            self.nodes[tail as usize].next = id;
        }
    }

    /// Before all that is held for the same instant.
    pub fn link_front(&mut self, id: u32, at: Nanos) {
        let (level, slot) = self.place(at);
        let list = level * FAN + slot;
        let ends = self.ends[list];
        let head = ends.head();
        let node = &mut self.nodes[id as usize];
        node.prev = NIL;
        node.next = head;
        node.list = list as u16;
        if head == NIL {
            self.ends[list] = Ends::one(id);
            self.mark(level, slot);
        } else {
            self.ends[list] = ends.with_head(id);
            self.nodes[head as usize].prev = id;
        }
    }

    #[inline(always)]
    pub fn unlink(&mut self, id: u32) {
        let Node {
            list, prev, next, ..
        } = self.nodes[id as usize];
        let list = list as usize;
        if prev == NIL && next == NIL {
            self.ends[list] = Ends::EMPTY;
            self.unmark(list / FAN, list % FAN);
            return;
        }
        if prev == NIL {
            self.ends[list] = self.ends[list].with_head(next);
        } else {
            self.nodes[prev as usize].next = next;
        }
        if next == NIL {
            self.ends[list] = self.ends[list].with_tail(prev);
        } else {
            self.nodes[next as usize].prev = prev;
        }
    }

    #[inline(always)]
    pub fn first(&self) -> Option<First> {
        if self.occupied_levels == 0 {
            return None;
        }
        let level = self.occupied_levels.trailing_zeros() as usize;
        let slot = self.occupied[level].trailing_zeros() as usize;
        let head = self.ends[level * FAN + slot].head();
        let at = self.nodes[head as usize].at;
        let start = at >> (DIGIT * level) << (DIGIT * level);
        Some(First {
            level,
            slot,
            head,
            start,
        })
    }

    /// Takes the whole list out of the wheel; its nodes stay chained by `next`.
    pub fn detach(&mut self, first: First) {
        self.ends[first.level * FAN + first.slot] = Ends::EMPTY;
        self.unmark(first.level, first.slot);
    }

    /// Moves a list to the levels below. `base` must be its start already.
    pub fn cascade(&mut self, first: First) {
        self.detach(first);
        let mut id = first.head;
        while id != NIL {
            let Node { at, next, .. } = self.nodes[id as usize];
            self.link(id, at);
            id = next;
        }
    }
}
