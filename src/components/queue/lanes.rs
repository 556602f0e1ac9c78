//! Waiters by class, each class in order of arrival.

use crate::config::{Node, Read, Refusal, Value};
use std::collections::VecDeque;

/// One who waits.
#[derive(Clone, Copy, Debug)]
pub struct Waiter {
    pub ticket: u32,
    pub joined: u64,
    /// Place in the order of arrival of all lanes, which tells waiters of one instant apart.
    sequence: u64,
}

/// The waiters of one class.
pub struct Lane {
    pub name: String,
    /// What the file says of the class: its priority, or its weight.
    pub value: f64,
    waiters: VecDeque<Waiter>,
}

impl Lane {
    pub fn head(&self) -> Option<&Waiter> {
        self.waiters.front()
    }
    pub fn len(&self) -> usize {
        self.waiters.len()
    }
    /// How many joined before this instant, or at it.
    pub fn joined_by(&self, instant: u64) -> usize {
        self.waiters.partition_point(|w| w.joined <= instant)
    }
}

/// All classes. Lane 0 is of those that the file does not name.
pub struct Lanes {
    pub lanes: Vec<Lane>,
    next: u64,
}

/// Most classes that a file may name: `pop` looks at each.
const MOST: usize = 64;

impl Lanes {
    pub fn new(classes: Vec<(String, f64)>, other: f64) -> Lanes {
        let named = classes.into_iter();
        Lanes {
            lanes: [("other".to_string(), other)]
                .into_iter()
                .chain(named)
                .map(|(name, value)| Lane {
                    name,
                    value,
                    waiters: VecDeque::new(),
                })
                .collect(),
            next: 0,
        }
    }

    /// Other classes; those who wait stay in theirs, or go to lane 0 where it is no longer named.
    pub fn replace(&mut self, classes: Vec<(String, f64)>, other: f64) {
        let mut new = Lanes::new(classes, other);
        new.next = self.next;
        for (i, lane) in self.lanes.drain(..).enumerate() {
            let to = if i == 0 { 0 } else { new.find(&lane.name) };
            new.lanes[to as usize].waiters.extend(lane.waiters);
        }
        for lane in &mut new.lanes {
            lane.waiters
                .make_contiguous()
                .sort_unstable_by_key(|w| w.sequence);
        }
        *self = new;
    }

    pub fn find(&self, class: &str) -> u32 {
        let named = self.lanes.iter().skip(1).position(|l| l.name == class);
        named.map_or(0, |i| i as u32 + 1)
    }

    pub fn push(&mut self, ticket: u32, lane: u32, now: u64) {
        let sequence = self.next;
        self.next += 1;
        let lane = (lane as usize).min(self.lanes.len() - 1);
        self.lanes[lane].waiters.push_back(Waiter {
            ticket,
            joined: now,
            sequence,
        });
    }

    /// Takes the head of the lane of the highest score; of equal scores the one that joined first.
    pub fn pop_best(
        &mut self,
        score: impl Fn(usize, &Lane, &Waiter) -> f64,
    ) -> Option<(usize, u32)> {
        let heads = self.lanes.iter().enumerate();
        let (best, ..) = heads
            .filter_map(|(i, lane)| lane.head().map(|w| (i, score(i, lane, w), w.sequence)))
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.2.cmp(&a.2)))?;
        let waiter = self.lanes[best].waiters.pop_front()?;
        Some((best, waiter.ticket))
    }

    pub fn oldest(&self, lane: u32) -> Option<u64> {
        self.lanes.get(lane as usize)?.head().map(|w| w.joined)
    }

    /// Depth and age of the head, class by class.
    pub fn gauges(&self, now: u64, out: &mut dyn FnMut(&str, f64)) {
        for lane in &self.lanes {
            out(
                &format!("queue.class_depth.{}", lane.name),
                lane.len() as f64,
            );
            let age = lane.head().map_or(0, |w| now.saturating_sub(w.joined));
            out(&format!("queue.class_age.{}", lane.name), age as f64);
        }
    }
}

/// Classes with a number each: `{ interactive = 10, maintenance = 0 }`.
///
/// # Errors
/// A number that is not within bounds, or more classes than a queue may have.
pub fn classes(
    node: Option<&Node>,
    right: impl Fn(f64) -> bool,
    what: &str,
) -> Result<Vec<(String, f64)>, Refusal> {
    let Some(node) = node else { return Ok(vec![]) };
    let Value::Table(table) = &node.value else {
        return Err(node.wrong("classes with a number each, such as { interactive = 10 }"));
    };
    if table.len() > MOST {
        return Err(node.wrong(&format!("at most {MOST} classes")));
    }
    table
        .iter()
        .map(|(name, entry)| match f64::read(&entry.node) {
            Ok(number) if right(number) => Ok((name.clone(), number)),
            Ok(_) => Err(entry.node.wrong(what)),
            Err(refusal) => Err(refusal),
        })
        .collect()
}
