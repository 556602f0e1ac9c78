//! A ring of buckets, each with the maximum of its stretch of time. The last one is being filled; a bucket that comes to
//! its turn again is emptied. See the folder's documentation.

use super::{Window, deque::of_length};
use crate::config::{At, Options, Refusal, Span, Table};

crate::choice! {
    /// How far the ring is turned when time has passed.
    pub enum CatchUp {
        /// To now, however long that is.
        ToNow = "to-now",
        /// One turn at most: after a long idle its clock is behind, and every value that comes turns it on and empties it.
        OneTurn = "one-turn",
    }
}

crate::options! {
    /// Maximum over a ring of buckets.
    #[derive(Clone, Debug, PartialEq)]
    pub struct RingMaxOptions {
        /// How far it looks back, and up to one bucket more.
        over: Span = Span(30_000_000_000), "30s";
        /// Buckets of that time.
        buckets: u32 = 3, "3";
        /// How far the ring is turned when time has passed: to-now, one-turn.
        catch_up: CatchUp = CatchUp::ToNow, "to-now";
    }
}

struct RingMax {
    /// ns of a bucket.
    step: u64,
    over: u64,
    catch_up: CatchUp,
    /// One more than look back: the one that is being filled.
    buckets: Vec<Option<u64>>,
    at: usize,
    /// When the present bucket began; of the ring's clock, which may be behind.
    began: u64,
    looked_at: u64,
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Window>, Refusal> {
    let o = RingMaxOptions::read_table(at, table, taken)?;
    let place = |name: &str| table.get(name).map_or(at, |e| &e.node.at);
    of_length(o.over.0, place("over"))?;
    if !(1..=10_000).contains(&o.buckets) || u64::from(o.buckets) > o.over.0 {
        return Err(
            Refusal::at(place("buckets"), format!("{} buckets", o.buckets))
                .help("from 1 to 10000, and 1 ns each at least"),
        );
    }
    Ok(Box::new(RingMax {
        step: o.over.0.div_ceil(u64::from(o.buckets)),
        over: o.over.0,
        catch_up: o.catch_up,
        buckets: vec![None; o.buckets as usize + 1],
        at: 0,
        began: 0,
        looked_at: 0,
    }))
}

impl RingMax {
    fn turn(&mut self, now: u64) {
        let steps = now.saturating_sub(self.began) / self.step;
        let turned = steps.min(self.buckets.len() as u64);
        for _ in 0..turned {
            self.at = (self.at + 1) % self.buckets.len();
            self.buckets[self.at] = None;
        }
        self.looked_at += turned;
        self.began += self.step
            * match self.catch_up {
                CatchUp::ToNow => steps,
                CatchUp::OneTurn => turned,
            };
    }
}

impl Window for RingMax {
    fn record(&mut self, value: u64, now: u64) {
        self.turn(now);
        let bucket = &mut self.buckets[self.at];
        *bucket = (*bucket).max(Some(value));
    }

    fn read(&mut self, now: u64) -> Option<u64> {
        self.turn(now);
        self.looked_at += self.buckets.len() as u64;
        self.buckets.iter().copied().max().flatten()
    }

    fn over(&self) -> Option<u64> {
        Some(self.over)
    }

    fn grain(&self) -> u64 {
        // As many buckets as look back, the one that is being filled, and what the last of them is wider.
        self.step + (self.step * (self.buckets.len() as u64 - 1) - self.over)
    }

    fn held(&self) -> usize {
        self.buckets.len()
    }

    fn looked_at(&self) -> u64 {
        self.looked_at
    }
}
