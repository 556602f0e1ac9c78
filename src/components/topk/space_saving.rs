//! space-saving: so many counters a pane, each count with its bound of error (Metwally, Agrawal, El Abbadi 2005).
//!
//! Panes add up as mergeable summaries do (Agarwal et al. 2012): a key that a full pane does not know may have had as many
//! events there as the pane's smallest counter, and that is added to its count and to its bound.

use super::{List, Newcomer, OF_THE_STAGE, Ranked, TopK, check, panes::Panes, summary::Summary};
use crate::{
    config::{At, Count, Node, Options, Refusal, Span, Table},
    sim::hash::Map,
};

crate::options! {
    /// So many counters a pane, whatever there is to count.
    #[derive(Clone, Debug, PartialEq)]
    pub struct SpaceSavingOptions {
        /// Keys on the list.
        k: Count = Count(10), "10";
        /// How far back events count; 0 is for ever.
        window: Span = Span(300_000_000_000), "5m";
        /// Panes of the window: the past is forgotten a pane at a time.
        panes: u32 = 10, "10";
        /// Counters of a pane, at least k: whoever has more than one event of so many is surely known.
        counters: Count = Count(1_000), "1k";
        /// What a newcomer's count starts with when it takes a counter over: inherits or zero.
        newcomer: Newcomer = Newcomer::Inherits, "inherits";
        /// Say by how much each count may be wrong.
        bounds: bool = true, "true";
    }
}

/// Counters of all panes together, at most.
const MOST_COUNTERS: u64 = 10_000_000;

/// See the module.
struct SpaceSaving {
    options: SpaceSavingOptions,
    panes: Panes<Summary>,
    work: u64,
}

/// Builds one from its options.
pub(super) fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn TopK>, Refusal> {
    let options = read(at, table, &[taken, OF_THE_STAGE].concat())?;
    Ok(Box::new(SpaceSaving {
        panes: Panes::new(options.window.0, options.panes),
        options,
        work: 0,
    }))
}

fn read(at: &At, table: &Table, taken: &[&str]) -> Result<SpaceSavingOptions, Refusal> {
    let options = SpaceSavingOptions::read_table(at, table, taken)?;
    check(at, options.k, options.window.0, options.panes)?;
    let counters = options.counters.0;
    let all = counters.saturating_mul(u64::from(options.panes));
    if counters < options.k.0 || all > MOST_COUNTERS {
        let message = format!("{counters} counters for a list of {}", options.k.0);
        return Err(Refusal::at(at, message).help(format!(
            "counters is k or more, ten times k is usual; all panes together have {MOST_COUNTERS} at most"
        )));
    }
    Ok(options)
}

/// What all panes together know of a key, less what each says of keys that it does not know.
#[derive(Clone, Copy, Default)]
struct Sum {
    count: u64,
    over: i64,
}

impl SpaceSaving {
    fn advance(&mut self, now: u64) {
        let work = &mut self.work;
        self.panes.advance(now, |_| *work += 1);
    }

    /// Sums over panes: count of a key that none knows, events lost, blind spot.
    fn floor(&self) -> (u64, u64, u64) {
        self.panes.iter().fold((0, 0, 0), |(a, l, b), pane| {
            (a + pane.absent(), l + pane.lost, b + pane.blind())
        })
    }

    fn ranked(&self, key: u64, count: u64, over: u64, lost: u64) -> Ranked {
        let said = self.options.bounds;
        Ranked {
            key,
            count,
            over: if said { over } else { 0 },
            under: if said { lost } else { 0 },
            sure: false,
        }
    }
}

impl TopK for SpaceSaving {
    fn record(&mut self, key: u64, now: u64) {
        self.advance(now);
        let (room, newcomer) = (self.options.counters.0, self.options.newcomer);
        let pane = self.panes.current(|| Summary::new(room, newcomer));
        self.work += pane.record(key);
    }

    fn list(&mut self, now: u64) -> List {
        self.advance(now);
        let (absent, lost, blind) = self.floor();
        let mut sums: Map<u64, Sum> = Map::default();
        for pane in self.panes.iter() {
            let floor = pane.absent();
            self.work += pane.counters().len() as u64;
            for counter in pane.counters() {
                let sum = sums.entry(counter.key).or_default();
                sum.count += counter.count - floor;
                sum.over += counter.over as i64 - floor as i64;
            }
        }
        let mut all: Vec<Ranked> = sums
            .iter()
            .map(|(&key, sum)| {
                let over = absent.saturating_add_signed(sum.over);
                self.ranked(key, sum.count + absent, over, lost)
            })
            .collect();
        // The order of the map does not matter: no two keys are equal.
        let k = self.options.k.0 as usize;
        let order = |r: &Ranked| (std::cmp::Reverse(r.count), r.over, r.key);
        if all.len() > k + 1 {
            all.select_nth_unstable_by_key(k, order);
            all.truncate(k + 1);
        }
        all.sort_unstable_by_key(order);
        let unknown = if self.options.bounds {
            absent + lost
        } else {
            0
        };
        let unlisted = all.get(k).map_or(0, |r| r.count + r.under).max(unknown);
        all.truncate(k);
        for item in &mut all {
            item.sure = item.count - item.over >= unlisted;
        }
        List {
            since: self.panes.since(),
            total: self.panes.iter().map(|p| p.events).sum(),
            items: all,
            unlisted,
            blind,
        }
    }

    fn count(&mut self, key: u64, now: u64) -> Option<Ranked> {
        self.advance(now);
        let (_, lost, _) = self.floor();
        let (mut count, mut over, mut known) = (0, 0, false);
        for pane in self.panes.iter() {
            self.work += 1;
            match pane.get(key) {
                Some(counter) => {
                    (count, over) = (count + counter.count, over + counter.over);
                    known = true;
                }
                None => (count, over) = (count + pane.absent(), over + pane.absent()),
            }
        }
        known.then(|| self.ranked(key, count, over, lost))
    }

    fn held(&self) -> u64 {
        self.panes.iter().map(Summary::held).sum()
    }

    fn most_held(&self) -> u64 {
        2 * self.options.counters.0 * u64::from(self.options.panes)
    }

    fn work(&self) -> u64 {
        self.work
    }

    /// Panes that have begun keep their counters; the next has the new number.
    fn retune(&mut self, options: &Node, _now: u64) -> Result<(), Refusal> {
        let table = options.table("a trending list")?;
        let new = read(&options.at, table, OF_THE_STAGE)?;
        if !self.panes.is(new.window.0, new.panes) {
            self.panes = Panes::new(new.window.0, new.panes);
        }
        self.options = new;
        Ok(())
    }
}
