//! Structures that keep an order: the best by score, the oldest by time.

use super::Candidate;
use crate::sim::hash::FixedState;
use hashbrown::HashMap;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque},
};

const K: usize = 10;
type Scores = HashMap<u64, u64, FixedState>;

/// Bytes of a table or tree of `n` pairs; see `keyed`. Here from the number alone.
fn hash_bytes(map: &Scores) -> u64 {
    (map.capacity() as u64 * 8 / 7).max(1).next_power_of_two() * 17 + 16
}

/// The best ten among scores, best first: what each way of asking must give.
fn check_sum(best: impl Iterator<Item = (u64, u64)>) -> u64 {
    best.fold(0, |sum, (score, key)| {
        crate::sim::hash::mix(sum ^ key).wrapping_add(score)
    })
}

/// Scores in a hash map, and a way to find the best.
struct Top {
    name: &'static str,
    scores: Scores,
    /// Kept in order all the time, where the way is that.
    index: Option<BTreeSet<(u64, u64)>>,
    best: fn(&Scores) -> u64,
}

impl Candidate for Top {
    fn name(&self) -> &'static str {
        self.name
    }
    fn fill(&mut self, keys: &[u64]) {
        self.scores = keys.iter().map(|&k| (k, 1)).collect();
        if let Some(index) = &mut self.index {
            *index = keys.iter().map(|&k| (1, k)).collect();
        }
    }
    fn batch(&mut self, keys: &[u64]) -> u64 {
        for &key in keys {
            let score = self.scores.entry(key).or_insert(0);
            *score += 1;
            if let Some(index) = &mut self.index {
                index.remove(&(*score - 1, key));
                index.insert((*score, key));
            }
        }
        match &self.index {
            Some(index) => check_sum(index.iter().rev().take(K).copied()),
            None => (self.best)(&self.scores),
        }
    }
    fn len(&self) -> usize {
        self.scores.len()
    }
    fn bytes(&self) -> u64 {
        let tree = |s: &BTreeSet<(u64, u64)>| (s.len() as u64 * 10 / 77 + 1) * 200;
        hash_bytes(&self.scores) + self.index.as_ref().map_or(0, tree)
    }
}

fn by_sorting(scores: &Scores) -> u64 {
    let mut all: Vec<(u64, u64)> = scores.iter().map(|(&k, &s)| (s, k)).collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    check_sum(all.into_iter().take(K))
}

fn by_selecting(scores: &Scores) -> u64 {
    let mut all: Vec<(u64, u64)> = scores.iter().map(|(&k, &s)| (s, k)).collect();
    if all.len() > K {
        all.select_nth_unstable_by(K, |a, b| b.cmp(a));
        all.truncate(K);
    }
    all.sort_unstable_by(|a, b| b.cmp(a));
    check_sum(all.into_iter())
}

fn by_heap(scores: &Scores) -> u64 {
    let mut heap: BinaryHeap<Reverse<(u64, u64)>> = BinaryHeap::with_capacity(K + 1);
    for (&key, &score) in scores {
        if heap.len() < K {
            heap.push(Reverse((score, key)));
        } else if let Some(mut least) = heap.peek_mut()
            && (score, key) > least.0
        {
            *least = Reverse((score, key));
        }
    }
    let mut best = heap.into_vec();
    best.sort_unstable();
    check_sum(best.into_iter().map(|r| r.0))
}

/// Ways to the ten best.
pub(super) fn tops() -> Vec<Box<dyn Candidate>> {
    let top = |name, index: bool, best| -> Box<dyn Candidate> {
        Box::new(Top {
            name,
            scores: Scores::default(),
            index: index.then(BTreeSet::new),
            best,
        })
    };
    vec![
        top("hash map, sorted", false, by_sorting),
        top("hash map, quickselect", false, by_selecting),
        top("hash map, heap of k", false, by_heap),
        top("hash map + B-tree by score", true, by_sorting),
    ]
}

/// Entries with the batch in which they came; an entry is too old after so many batches that the size stays as it began.
struct Window<W> {
    name: &'static str,
    held: W,
    now: u64,
    batches: u64,
    started: bool,
    push: fn(&mut W, u64, u64),
    /// Removes all that came before, and gives their number.
    expire: fn(&mut W, u64) -> u64,
    len: fn(&W) -> usize,
    bytes: fn(&W) -> u64,
}

impl<W: Default> Candidate for Window<W> {
    fn name(&self) -> &'static str {
        self.name
    }
    fn fill(&mut self, keys: &[u64]) {
        (self.held, self.now, self.started) = (W::default(), 0, false);
        for &key in keys {
            (self.push)(&mut self.held, 0, key);
        }
    }
    fn batch(&mut self, keys: &[u64]) -> u64 {
        if !self.started {
            // What there is at the start came one batch after the other.
            let all = (self.len)(&self.held) as u64;
            self.batches = (all / keys.len() as u64).max(1);
            (self.held, self.started) = (W::default(), true);
            for n in 0..all {
                (self.push)(&mut self.held, n / keys.len() as u64, n << 32);
            }
            self.now = self.batches;
        }
        for (i, &key) in keys.iter().enumerate() {
            (self.push)(&mut self.held, self.now, (key & !0xF_FFFF) | i as u64);
        }
        self.now += 1;
        (self.expire)(&mut self.held, self.now.saturating_sub(self.batches))
    }
    fn len(&self) -> usize {
        (self.len)(&self.held)
    }
    fn bytes(&self) -> u64 {
        (self.bytes)(&self.held)
    }
}

type Ring = VecDeque<(u64, u64)>;
type Heap = BinaryHeap<Reverse<(u64, u64)>>;
type Tree = BTreeMap<(u64, u64), ()>;
type List = Vec<(u64, u64)>;

fn window<W>(
    name: &'static str,
    held: W,
    push: fn(&mut W, u64, u64),
    expire: fn(&mut W, u64) -> u64,
    len: fn(&W) -> usize,
    bytes: fn(&W) -> u64,
) -> Box<dyn Candidate>
where
    W: Default + 'static,
{
    Box::new(Window {
        name,
        held,
        now: 0,
        batches: 1,
        started: false,
        push,
        expire,
        len,
        bytes,
    })
}

/// Ways to let go of what is old.
pub(super) fn windows() -> Vec<Box<dyn Candidate>> {
    vec![
        window(
            "deque, from its front",
            Ring::new(),
            |w, at, key| w.push_back((at, key)),
            |w, before| {
                let was = w.len();
                while w.front().is_some_and(|e| e.0 < before) {
                    w.pop_front();
                }
                (was - w.len()) as u64
            },
            Ring::len,
            |w| w.capacity() as u64 * 16,
        ),
        window(
            "heap by time",
            Heap::new(),
            |w, at, key| w.push(Reverse((at, key))),
            |w, before| {
                let was = w.len();
                while w.peek().is_some_and(|e| e.0.0 < before) {
                    w.pop();
                }
                (was - w.len()) as u64
            },
            Heap::len,
            |w| w.capacity() as u64 * 16,
        ),
        window(
            "B-tree by time",
            Tree::new(),
            |w, at, key| {
                w.insert((at, key), ());
            },
            |w, before| {
                let was = w.len();
                *w = w.split_off(&(before, 0));
                (was - w.len()) as u64
            },
            Tree::len,
            |w| (w.len() as u64 * 10 / 77 + 1) * 200,
        ),
        window(
            "vec, all looked at",
            List::new(),
            |w, at, key| w.push((at, key)),
            |w, before| {
                let was = w.len();
                w.retain(|e| e.0 >= before);
                (was - w.len()) as u64
            },
            List::len,
            |w| w.capacity() as u64 * 16,
        ),
    ]
}
