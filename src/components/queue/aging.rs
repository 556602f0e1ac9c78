//! Urgent classes first, but a wait counts: effective priority = base + `age_factor` x seconds waited.
//!
//! All priorities grow at one pace, so the order of two waiters never changes while they wait, and each class is a plain
//! queue whose head is its best. A waiter is overtaken only by those that come within (their base - its own) / `age_factor`
//! seconds after it: that is the bound on starvation, and the number to tune.

use super::{
    Discipline, OF_OTHERS,
    lanes::{Lanes, classes},
};
use crate::config::{At, Node, Options, Refusal, Span, Table};

crate::options! {
    /// Priorities that grow with the wait.
    #[derive(Clone, Debug)]
    pub struct AgingOptions {
        /// Base priority of each class, such as { interactive = 10, maintenance = 0 }.
        classes: Option<Node> = None, "none: first come, first served";
        /// Base priority of classes that are not named.
        other: f64 = 0.0, "0";
        /// Priority that a second of waiting is worth; 0 is strict priority, which starves.
        age_factor: f64 = 1.0, "1";
        /// Longest wait that counts; 0 is no end.
        age_cap: Span = Span(0), "no end";
    }
}

struct Aging {
    lanes: Lanes,
    age_factor: f64,
    age_cap: u64,
}

/// A priority beyond this is no priority, and beyond 2^53 adding a second would change nothing.
const MOST: f64 = 1e9;

struct Read {
    classes: Vec<(String, f64)>,
    other: f64,
    age_factor: f64,
    age_cap: u64,
}

fn read(at: &At, table: &Table) -> Result<Read, Refusal> {
    let o = AgingOptions::read_table(at, table, OF_OTHERS)?;
    let place = |name: &str| table.get(name).map_or(at, |entry| &entry.node.at);
    if !(0.0..=MOST).contains(&o.age_factor) {
        return Err(Refusal::at(
            place("age_factor"),
            format!("an age factor of {}", o.age_factor),
        )
        .help("from 0 (strict priority) to 1e9"));
    }
    if !(-MOST..=MOST).contains(&o.other) {
        return Err(
            Refusal::at(place("other"), format!("a priority of {}", o.other))
                .help("from -1e9 to 1e9"),
        );
    }
    Ok(Read {
        classes: classes(
            o.classes.as_ref(),
            |p| p.abs() <= MOST,
            "a priority from -1e9 to 1e9",
        )?,
        other: o.other,
        age_factor: o.age_factor,
        age_cap: if o.age_cap.0 == 0 {
            u64::MAX
        } else {
            o.age_cap.0
        },
    })
}

pub fn build(at: &At, table: &Table, _: &[&str]) -> Result<Box<dyn Discipline>, Refusal> {
    let read = read(at, table)?;
    Ok(Box::new(Aging {
        lanes: Lanes::new(read.classes, read.other),
        age_factor: read.age_factor,
        age_cap: read.age_cap,
    }))
}

impl Discipline for Aging {
    fn lane(&self, class: &str) -> u32 {
        self.lanes.find(class)
    }
    fn push(&mut self, ticket: u32, lane: u32, now: u64) {
        self.lanes.push(ticket, lane, now);
    }
    fn pop(&mut self, now: u64) -> Option<u32> {
        let (factor, cap) = (self.age_factor, self.age_cap);
        self.lanes
            .pop_best(|_, lane, head| {
                let waited = now.saturating_sub(head.joined).min(cap);
                lane.value + factor * (waited as f64 / 1e9)
            })
            .map(|(_, ticket)| ticket)
    }
    fn ahead(&self, lane: u32, now: u64) -> usize {
        let Some(own) = self.lanes.lanes.get(lane as usize).map(|l| l.value) else {
            return 0;
        };
        let each = self.lanes.lanes.iter().map(|other| {
            // Whoever has waited for the difference of the bases is ahead of a newcomer.
            let lead = own - other.value;
            if lead <= 0.0 {
                return other.len();
            }
            let needed = lead / self.age_factor * 1e9;
            if needed > self.age_cap as f64 || needed > now as f64 {
                return 0;
            }
            other.joined_by(now - needed as u64)
        });
        each.sum()
    }
    fn oldest(&self, lane: u32) -> Option<u64> {
        self.lanes.oldest(lane)
    }
    fn retune(&mut self, options: &Node, _now: u64) -> Result<(), Refusal> {
        let read = read(&options.at, options.table("the queue")?)?;
        self.lanes.replace(read.classes, read.other);
        (self.age_factor, self.age_cap) = (read.age_factor, read.age_cap);
        Ok(())
    }
    fn gauges(&self, now: u64, out: &mut dyn FnMut(&str, f64)) {
        self.lanes.gauges(now, out);
    }
}
