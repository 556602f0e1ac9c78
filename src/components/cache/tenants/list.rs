//! Entries, and lists that run through them: each change O(1).

use super::super::Entry;

pub(super) const NONE: u32 = u32::MAX;
/// Links within the tenant's own list, and within a list of all tenants.
pub(super) const OWN: usize = 0;
pub(super) const ALL: usize = 1;

/// Where a node lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere, for a moment.
    Out,
    /// In its tenant's share.
    Private,
    /// In the shared space.
    Shared,
    /// It was evicted; its key is remembered.
    Ghost,
}

/// An entry, or what is left of one.
#[derive(Clone, Copy)]
pub(super) struct Node {
    pub key: u64,
    pub entry: Entry,
    pub written: u64,
    pub expires: u64,
    pub tenant: u32,
    pub place: Place,
    pub links: [(u32, u32); 2],
}

/// A list through the nodes.
#[derive(Clone, Copy)]
pub(super) struct List {
    pub first: u32,
    pub last: u32,
    pub len: u64,
}

pub(super) const EMPTY: List = List {
    first: NONE,
    last: NONE,
    len: 0,
};

impl List {
    pub fn push_front(&mut self, nodes: &mut [Node], which: usize, i: u32) {
        nodes[i as usize].links[which] = (NONE, self.first);
        match self.first {
            NONE => self.last = i,
            first => nodes[first as usize].links[which].0 = i,
        }
        self.first = i;
        self.len += 1;
    }

    pub fn push_back(&mut self, nodes: &mut [Node], which: usize, i: u32) {
        nodes[i as usize].links[which] = (self.last, NONE);
        match self.last {
            NONE => self.first = i,
            last => nodes[last as usize].links[which].1 = i,
        }
        self.last = i;
        self.len += 1;
    }

    pub fn remove(&mut self, nodes: &mut [Node], which: usize, i: u32) {
        let (before, after) = nodes[i as usize].links[which];
        match before {
            NONE => self.first = after,
            before => nodes[before as usize].links[which].1 = after,
        }
        match after {
            NONE => self.last = before,
            after => nodes[after as usize].links[which].0 = before,
        }
        self.len -= 1;
    }
}
