//! exact: a count for every key, the k best in a min-heap with lazy deletion.

use super::{List, OF_THE_STAGE, Ranked, Stale, Ties, TopK, check, panes::Panes};
use crate::{
    config::{At, Count, Node, Options, Refusal, Span, Table},
    sim::hash::Map,
};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, binary_heap::PeekMut},
};

crate::options! {
    /// A count for every key.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ExactOptions {
        /// Keys on the list.
        k: Count = Count(10), "10";
        /// How far back events count; 0 is for ever.
        window: Span = Span(300_000_000_000), "5m";
        /// Panes of the window: the past is forgotten a pane at a time.
        panes: u32 = 10, "10";
        /// Keys that are counted at most; others are missed until the window has room again.
        max_keys: Count = Count(1_000_000), "1M";
        /// Which of two keys with equal counts stands first: key or arrival.
        ties: Ties = Ties::Key, "key";
        /// What becomes of a key's older places in the heap: drop or keep.
        stale: Stale = Stale::Drop, "drop";
    }
}

/// A key's count.
#[derive(Clone, Copy, Debug)]
struct Counted {
    count: u64,
    /// What decides between equal counts; the smaller is the better.
    tie: u64,
    /// It is among the best; its newest place is in the heap.
    best: bool,
}

/// A place in the heap: the worst comes up first. It is old once the key's count is another.
type Place = Reverse<(u64, Reverse<u64>, u64)>;

/// What happened in a pane.
#[derive(Clone, Debug, Default)]
struct Pane {
    counts: Map<u64, u64>,
    events: u64,
    missed: u64,
}

/// See the module.
pub(super) struct Exact {
    options: ExactOptions,
    counts: Map<u64, Counted>,
    panes: Panes<Pane>,
    /// Counts of panes, all together.
    in_panes: u64,
    heap: BinaryHeap<Place>,
    /// Keys that are among the best: one more than are listed, to know who comes next.
    best: u64,
    arrivals: u64,
    work: u64,
}

/// Builds one from its options.
pub(super) fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn TopK>, Refusal> {
    Ok(Box::new(Exact::new(read(
        at,
        table,
        &[taken, OF_THE_STAGE].concat(),
    )?)))
}

fn read(at: &At, table: &Table, taken: &[&str]) -> Result<ExactOptions, Refusal> {
    let options = ExactOptions::read_table(at, table, taken)?;
    check(at, options.k, options.window.0, options.panes)?;
    if !(1..=100_000_000).contains(&options.max_keys.0) {
        return Err(
            Refusal::at(at, "a count of that many keys").help("max_keys is from 1 to 100 million")
        );
    }
    Ok(options)
}

impl Exact {
    fn new(options: ExactOptions) -> Exact {
        Exact {
            panes: Panes::new(options.window.0, options.panes),
            options,
            counts: Map::default(),
            in_panes: 0,
            heap: BinaryHeap::new(),
            best: 0,
            arrivals: 0,
            work: 0,
        }
    }

    /// One that has room for every key.
    pub(super) fn judge(k: u64, window: u64, panes: u32) -> Exact {
        Exact::new(ExactOptions {
            k: Count(k),
            window: Span(window),
            panes: panes.max(1),
            max_keys: Count(u64::MAX),
            ties: Ties::Key,
            stale: Stale::Drop,
        })
    }

    /// Places that the heap may have before old ones are cleaned out.
    fn most_places(&self) -> u64 {
        4 * (self.options.k.0 + 1) + 16
    }

    fn advance(&mut self, now: u64) {
        let (counts, work, in_panes) = (&mut self.counts, &mut self.work, &mut self.in_panes);
        let mut fewer = false;
        self.panes.advance(now, |pane: Pane| {
            fewer = true;
            *work += pane.counts.len() as u64;
            *in_panes -= pane.counts.len() as u64;
            for (key, n) in &pane.counts {
                if let Some(counted) = counts.get_mut(key) {
                    counted.count -= n;
                    if counted.count == 0 {
                        counts.remove(key);
                    }
                }
            }
        });
        if fewer {
            self.choose_anew();
        }
    }

    /// Counts fell, so anybody may be among the best now.
    fn choose_anew(&mut self) {
        let room = self.options.k.0 + 1;
        self.heap.clear();
        self.work += self.counts.len() as u64;
        for (key, counted) in &mut self.counts {
            counted.best = false;
            let place = Reverse((counted.count, Reverse(counted.tie), *key));
            if (self.heap.len() as u64) < room {
                self.heap.push(place);
            } else if let Some(mut worst) = self.heap.peek_mut()
                && place.0 > worst.0
            {
                *worst = place;
            }
        }
        self.best = self.heap.len() as u64;
        for Reverse((_, _, key)) in &self.heap {
            if let Some(counted) = self.counts.get_mut(key) {
                counted.best = true;
            }
        }
    }

    fn is_new(counts: &Map<u64, Counted>, Reverse((count, _, key)): &Place) -> bool {
        counts.get(key).is_some_and(|c| c.best && c.count == *count)
    }

    /// The key has counted once more: is it among the best?
    fn place(&mut self, key: u64, counted: Counted) {
        let place = Reverse((counted.count, Reverse(counted.tie), key));
        self.work += 1;
        let dropping = self.options.stale == Stale::Drop;
        if dropping && self.heap.len() as u64 >= self.most_places() {
            self.work += self.heap.len() as u64;
            let counts = &self.counts;
            self.heap.retain(|place| Self::is_new(counts, place));
        }
        if counted.best {
            self.heap.push(place);
            return;
        }
        if self.best > self.options.k.0 {
            let worst = loop {
                let Some(top) = self.heap.peek_mut() else {
                    return;
                };
                if Self::is_new(&self.counts, &top) {
                    break top;
                }
                self.work += 1;
                PeekMut::pop(top);
            };
            if place.0 <= worst.0 {
                return;
            }
            let Reverse((_, _, leaves)) = PeekMut::pop(worst);
            if let Some(left) = self.counts.get_mut(&leaves) {
                left.best = false;
            }
            self.best -= 1;
        }
        self.heap.push(place);
        self.best += 1;
        if let Some(counted) = self.counts.get_mut(&key) {
            counted.best = true;
        }
    }

    fn missed(&self) -> u64 {
        self.panes.iter().map(|p| p.missed).sum()
    }
}

impl TopK for Exact {
    fn record(&mut self, key: u64, now: u64) {
        self.advance(now);
        self.work += 1;
        self.arrivals += 1;
        let pane = self.panes.current(Pane::default);
        pane.events += 1;
        let full = self.counts.len() as u64 >= self.options.max_keys.0;
        let counted = match self.counts.get_mut(&key) {
            Some(counted) => {
                counted.count += 1;
                *counted
            }
            None if full => {
                pane.missed += 1;
                return;
            }
            None => *self.counts.entry(key).or_insert(Counted {
                count: 1,
                tie: match self.options.ties {
                    Ties::Key => key,
                    Ties::Arrival => self.arrivals,
                },
                best: false,
            }),
        };
        // What never leaves the window need not be told apart by pane.
        if !self.panes.for_ever() {
            let pane = self.panes.current(Pane::default);
            let n = pane.counts.entry(key).or_insert(0);
            self.in_panes += u64::from(*n == 0);
            *n += 1;
        }
        self.place(key, counted);
    }

    fn list(&mut self, now: u64) -> List {
        self.advance(now);
        let missed = self.missed();
        self.work += self.heap.len() as u64;
        let mut places: Vec<_> = self
            .heap
            .iter()
            .filter(|place| Self::is_new(&self.counts, place))
            .map(|place| place.0)
            .collect();
        places.sort_unstable_by(|a, b| b.cmp(a));
        let k = self.options.k.0 as usize;
        let next = places.get(k).map_or(0, |place| place.0);
        let unlisted = next + missed;
        let items = places.iter().take(k).map(|&(count, _, key)| Ranked {
            key,
            count,
            over: 0,
            under: missed,
            sure: count >= unlisted,
        });
        List {
            since: self.panes.since(),
            total: self.panes.iter().map(|p| p.events).sum(),
            items: items.collect(),
            unlisted,
            blind: missed,
        }
    }

    fn count(&mut self, key: u64, now: u64) -> Option<Ranked> {
        self.advance(now);
        let counted = self.counts.get(&key)?;
        Some(Ranked {
            key,
            count: counted.count,
            over: 0,
            under: self.missed(),
            sure: false,
        })
    }

    fn held(&self) -> u64 {
        self.counts.len() as u64 + self.in_panes + self.heap.len() as u64
    }

    fn most_held(&self) -> u64 {
        let panes = 1 + u64::from(self.options.panes);
        self.options.max_keys.0.saturating_mul(panes) + self.most_places()
    }

    fn work(&self) -> u64 {
        self.work
    }

    fn retune(&mut self, options: &Node, _now: u64) -> Result<(), Refusal> {
        let table = options.table("a trending list")?;
        let new = read(&options.at, table, OF_THE_STAGE)?;
        if !self.panes.is(new.window.0, new.panes) {
            *self = Exact::new(new);
            return Ok(());
        }
        self.options = new;
        for (key, counted) in &mut self.counts {
            if self.options.ties == Ties::Key {
                counted.tie = *key;
            }
        }
        self.choose_anew();
        Ok(())
    }
}
