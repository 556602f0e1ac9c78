//! The monotonic deque. See the folder's documentation.

use super::Window;
use crate::config::{At, Count, Options, Refusal, Span, Table};
use std::collections::VecDeque;

crate::choice! {
    /// Which of two equal values is kept.
    pub enum Equals {
        /// The newest: it is there for longest.
        NewestStays = "newest-stays",
        /// The first, and the others are dropped.
        FirstStays = "first-stays",
    }
}

crate::choice! {
    /// When what is too old is taken out.
    pub enum Expire {
        /// Before each reading and with each value.
        Always = "always",
        /// With each value.
        OnRecord = "on-record",
    }
}

crate::choice! {
    /// What is kept.
    pub enum Held {
        /// Values that may still become the maximum.
        Candidates = "candidates",
        /// Every value, looked through for each reading.
        All = "all",
    }
}

crate::options! {
    /// Maximum over a sliding window.
    #[derive(Clone, Debug, PartialEq)]
    pub struct SlidingMaxOptions {
        /// How far it looks back.
        over: Option<Span> = None, "30s, unless `last` is given";
        /// So many values instead, however old they are.
        last: Option<Count> = None, "by time";
        /// Values held in memory at most; beyond that a reading may be too high for one window.
        most: Count = Count(100_000), "100k";
        /// Which of two equal values is kept: newest-stays, first-stays.
        equals: Equals = Equals::NewestStays, "newest-stays";
        /// When what is too old is taken out: always, on-record.
        expire: Expire = Expire::Always, "always";
        /// What is kept: candidates, all.
        keep: Held = Held::Candidates, "candidates";
    }
}

/// How long a window may be, ns: longer ones are slips of a unit.
pub(super) const LONGEST: u64 = 30 * 86_400_000_000_000;

struct Sample {
    value: u64,
    at: u64,
    number: u64,
}

struct SlidingMax {
    /// ns, or a number of values.
    over: Result<u64, u64>,
    most: usize,
    equals: Equals,
    expire: Expire,
    keep: Held,
    samples: VecDeque<Sample>,
    recorded: u64,
    looked_at: u64,
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Window>, Refusal> {
    let o = SlidingMaxOptions::read_table(at, table, taken)?;
    let place = |name: &str| table.get(name).map_or(at, |e| &e.node.at);
    if o.over.is_some() && o.last.is_some() {
        return Err(
            Refusal::at(place("last"), "a window by time and by count at once")
                .help("give over or last"),
        );
    }
    let most = 1 << 24;
    if !(2..=most).contains(&o.most.0) {
        return Err(
            Refusal::at(place("most"), format!("{} values in memory", o.most.0))
                .help(format!("from 2 to {most}")),
        );
    }
    let over = match (o.last, o.over) {
        (Some(Count(last)), _) if last == 0 || last > o.most.0 => {
            return Err(
                Refusal::at(place("last"), format!("a window of {last} values"))
                    .help(format!("from 1 to {}, which is `most`", o.most.0)),
            );
        }
        (Some(Count(last)), _) => Err(last),
        (None, over) => Ok(over.map_or(30_000_000_000, |over| over.0)),
    };
    if let Ok(ns) = over {
        of_length(ns, place("over"))?;
    }
    Ok(Box::new(SlidingMax {
        over,
        most: o.most.0 as usize,
        equals: o.equals,
        expire: o.expire,
        keep: o.keep,
        samples: VecDeque::new(),
        recorded: 0,
        looked_at: 0,
    }))
}

/// Refuses windows of no length, and such as are slips of a unit.
pub(super) fn of_length(ns: u64, at: &At) -> Result<(), Refusal> {
    match ns {
        1..=LONGEST => Ok(()),
        _ => Err(
            Refusal::at(at, "a window that long holds nothing, or everything")
                .help("from 1ns to 30 days"),
        ),
    }
}

impl SlidingMax {
    fn forget(&mut self, now: u64) {
        while let Some(front) = self.samples.front() {
            self.looked_at += 1;
            let old = match self.over {
                Ok(ns) => now.saturating_sub(front.at) >= ns,
                Err(last) => self.recorded - front.number > last,
            };
            if !old {
                return;
            }
            self.samples.pop_front();
        }
    }
}

impl Window for SlidingMax {
    fn record(&mut self, value: u64, now: u64) {
        let number = self.recorded;
        self.recorded += 1;
        self.forget(now);
        if self.keep == Held::Candidates {
            while let Some(back) = self.samples.back() {
                self.looked_at += 1;
                match (back.value, self.equals) {
                    (kept, Equals::FirstStays) if kept == value => return,
                    (kept, _) if kept > value => break,
                    _ => drop(self.samples.pop_back()),
                }
            }
        }
        if self.samples.len() == self.most
            && let Some(back) = self.samples.back_mut()
        {
            *back = Sample {
                value: back.value.max(value),
                at: now,
                number,
            };
            return;
        }
        self.samples.push_back(Sample {
            value,
            at: now,
            number,
        });
    }

    fn read(&mut self, now: u64) -> Option<u64> {
        if self.expire == Expire::Always {
            self.forget(now);
        }
        match self.keep {
            Held::Candidates => self.samples.front().map(|s| s.value),
            Held::All => {
                self.looked_at += self.samples.len() as u64;
                self.samples.iter().map(|s| s.value).max()
            }
        }
    }

    fn over(&self) -> Option<u64> {
        self.over.ok()
    }

    fn held(&self) -> usize {
        self.samples.len()
    }

    fn looked_at(&self) -> u64 {
        self.looked_at
    }
}
