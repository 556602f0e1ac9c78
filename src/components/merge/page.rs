//! A page that fills, best first.

use super::{Item, Merged};
use crate::sim::hash::{Map, Set};

/// See the module.
pub(super) struct Page {
    k: usize,
    /// Documents of one source at most; 0 is no bound.
    cap: usize,
    dedup: bool,
    seen: Set<u64>,
    of: Map<u32, usize>,
    /// Those that were beyond their source's cap, for when nobody else has anything left.
    put_off: Vec<Item>,
    merged: Merged,
}

impl Page {
    pub fn new(k: u64, cap: u32, dedup: bool) -> Page {
        Page {
            k: k as usize,
            cap: cap as usize,
            dedup,
            seen: Set::default(),
            of: Map::default(),
            put_off: vec![],
            merged: Merged::default(),
        }
    }

    /// Whether nobody more is needed.
    pub fn is_full(&self) -> bool {
        self.merged.items.len() >= self.k
    }

    /// The next best candidate.
    pub fn offer(&mut self, item: Item) {
        self.merged.work += 1;
        if self.dedup && !self.seen.insert(item.id) {
            self.merged.duplicates += 1;
            return;
        }
        let of = self.of.entry(item.source).or_insert(0);
        if self.cap > 0 && *of >= self.cap {
            // No more of them can ever be needed than the page has room for.
            if self.put_off.len() < self.k {
                self.put_off.push(item);
            }
            return;
        }
        *of += 1;
        self.merged.items.push(item);
    }

    /// The page, when there are no more candidates or it is full.
    pub fn done(mut self) -> Merged {
        let room = self.k.saturating_sub(self.merged.items.len());
        self.merged.items.extend(self.put_off.drain(..).take(room));
        self.merged
    }
}
