//! k-way: a heap with one cursor a list.

use super::{
    Hit, Item, Merge, Merged, Normalise, OF_THE_STAGE, Source, Ties, check,
    page::Page,
    scores::{Scale, in_order},
};
use crate::config::{At, Count, Options, Refusal, Table};
use std::{borrow::Cow, cmp::Ordering, collections::BinaryHeap};

crate::options! {
    /// Merging by scores on one scale.
    #[derive(Clone, Debug, PartialEq)]
    pub struct KWayOptions {
        /// Documents on a page.
        k: Count = Count(10), "10";
        /// How scores are brought to one scale: min-max, z-score or none.
        normalise: Normalise = Normalise::MinMax, "min-max";
        /// Documents of one source on a page, as long as others have anything left; 0 is no bound.
        cap: u32 = 0, "no bound";
        /// A document stands on a page once.
        dedup: bool = true, "true";
        /// Who stands first of two with equal scores: source or arrival.
        ties: Ties = Ties::Source, "source";
        /// Put lists in order that are not.
        sort: bool = true, "true";
    }
}

/// See the module.
struct KWay(KWayOptions);

/// Builds one from its options.
pub(super) fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Merge>, Refusal> {
    let options = KWayOptions::read_table(at, table, &[taken, OF_THE_STAGE].concat())?;
    check(at, options.k.0)?;
    Ok(Box::new(KWay(options)))
}

/// A list, and how far it has been read.
struct Cursor<'a> {
    hits: Cow<'a, [Hit]>,
    next: usize,
    scale: Scale,
    source: u32,
    /// What decides between equal scores; the smaller is the better.
    tie: u32,
    /// Score of the next one.
    score: f32,
}

impl Cursor<'_> {
    /// Looks at the next one; whether there is one.
    fn look(&mut self) -> bool {
        match self.hits.get(self.next) {
            Some(hit) => {
                self.score = self.scale.at(hit.score);
                true
            }
            None => false,
        }
    }
}

impl PartialEq for Cursor<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Cursor<'_> {}
impl PartialOrd for Cursor<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Cursor<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = self.score.total_cmp(&other.score);
        by_score.then(other.tie.cmp(&self.tie))
    }
}

impl Merge for KWay {
    fn merge(&self, sources: &[Source<'_>]) -> Merged {
        let options = &self.0;
        let mut heap: BinaryHeap<Cursor<'_>> = BinaryHeap::with_capacity(sources.len());
        for (arrival, source) in sources.iter().enumerate() {
            let hits = match options.sort {
                true => in_order(source.hits),
                false => Cow::Borrowed(source.hits),
            };
            let mut cursor = Cursor {
                next: 0,
                scale: Scale::of(&hits, options.normalise),
                hits,
                source: source.number,
                tie: match options.ties {
                    Ties::Source => source.number,
                    Ties::Arrival => arrival as u32,
                },
                score: 0.0,
            };
            if cursor.look() {
                heap.push(cursor);
            }
        }
        let mut page = Page::new(options.k.0, options.cap, options.dedup);
        while !page.is_full() {
            let Some(mut best) = heap.peek_mut() else {
                break;
            };
            page.offer(Item {
                id: best.hits[best.next].id,
                score: best.score,
                source: best.source,
            });
            best.next += 1;
            if !best.look() {
                std::collections::binary_heap::PeekMut::pop(best);
            }
        }
        page.done()
    }

    fn k(&self) -> usize {
        self.0.k.0 as usize
    }
}
