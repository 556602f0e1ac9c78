//! The counters of one pane: Space-Saving, with an indexed min-heap to find the smallest.
//!
//! The published structure is a list of buckets of equal counts, O(1) an event; a heap whose counters know their places
//! takes O(log counters), mostly one step, and half the pointers.

use super::Newcomer;
use crate::sim::hash::Map;

/// A key's counter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counter {
    pub key: u64,
    pub count: u64,
    /// What it took over from whom it replaced.
    pub over: u64,
    /// Its place in the heap.
    place: u32,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Summary {
    counters: Vec<Counter>,
    /// Numbers of counters; the smallest count first.
    heap: Vec<u32>,
    by_key: Map<u64, u32>,
    room: usize,
    newcomer: Newcomer,
    /// Events.
    pub events: u64,
    /// Events that no counter knows of any more.
    pub lost: u64,
}

impl Summary {
    pub fn new(room: u64, newcomer: Newcomer) -> Summary {
        Summary {
            counters: vec![],
            heap: vec![],
            by_key: Map::default(),
            room: room.max(1) as usize,
            newcomer,
            events: 0,
            lost: 0,
        }
    }

    /// An event. Gives the counters and places touched.
    pub fn record(&mut self, key: u64) -> u64 {
        self.events += 1;
        if let Some(&i) = self.by_key.get(&key) {
            self.counters[i as usize].count += 1;
            return 1 + self.sink(self.counters[i as usize].place as usize);
        }
        if self.counters.len() < self.room {
            let i = self.counters.len() as u32;
            self.by_key.insert(key, i);
            self.counters.push(Counter {
                key,
                count: 1,
                over: 0,
                place: i,
            });
            self.heap.push(i);
            return 1 + self.rise(i as usize);
        }
        let i = self.heap[0];
        let counter = &mut self.counters[i as usize];
        self.by_key.remove(&counter.key);
        self.by_key.insert(key, i);
        counter.key = key;
        match self.newcomer {
            Newcomer::Inherits => {
                counter.over = counter.count;
                counter.count += 1;
            }
            Newcomer::Zero => {
                self.lost += counter.count;
                counter.count = 1;
            }
        }
        1 + self.sink(0)
    }

    /// The count that a key may have which has no counter.
    pub fn absent(&self) -> u64 {
        match self.newcomer {
            Newcomer::Inherits if self.counters.len() >= self.room => self
                .heap
                .first()
                .map_or(0, |&i| self.counters[i as usize].count),
            _ => 0,
        }
    }

    /// A key with more events than that has a counter.
    pub fn blind(&self) -> u64 {
        if self.counters.len() < self.room {
            return 0;
        }
        self.events / self.room as u64
    }

    pub fn get(&self, key: u64) -> Option<&Counter> {
        let i = self.by_key.get(&key)?;
        self.counters.get(*i as usize)
    }

    pub fn counters(&self) -> &[Counter] {
        &self.counters
    }

    /// Counters and places.
    pub fn held(&self) -> u64 {
        (self.counters.len() + self.heap.len()) as u64
    }

    fn count_at(&self, place: usize) -> u64 {
        self.counters[self.heap[place] as usize].count
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        for place in [a, b] {
            self.counters[self.heap[place] as usize].place = place as u32;
        }
    }

    /// Its count grew: behind smaller ones.
    fn sink(&mut self, mut place: usize) -> u64 {
        let mut steps = 0;
        loop {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            if left >= self.heap.len() {
                return steps;
            }
            let smaller = if right < self.heap.len() && self.count_at(right) < self.count_at(left) {
                right
            } else {
                left
            };
            if self.count_at(smaller) >= self.count_at(place) {
                return steps;
            }
            self.swap(place, smaller);
            place = smaller;
            steps += 1;
        }
    }

    /// It is new: before greater ones.
    fn rise(&mut self, mut place: usize) -> u64 {
        let mut steps = 0;
        while place > 0 {
            let above = (place - 1) / 2;
            if self.count_at(above) <= self.count_at(place) {
                break;
            }
            self.swap(place, above);
            place = above;
            steps += 1;
        }
        steps
    }
}
