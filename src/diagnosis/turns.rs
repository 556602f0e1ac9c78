//! Whose turn it was: who waited when a worker began with somebody, pieced together from when requests came and how long they
//! waited. A queue shows its rule there and nowhere else: by age, by class, by length, by weight.

use super::view::View;
use crate::recording::{outcome, requests};
use std::collections::{BTreeMap, VecDeque};

/// Classes that are told apart; further ones are one.
pub const CLASSES: usize = 6;

/// A worker began with a request while another class waited as well.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// When, ns.
    pub time: u64,
    /// Whose turn, by its place in `classes`.
    pub chosen: u8,
    /// How long the first of each line had waited, s; below 0: nobody waits there.
    pub age: [f32; CLASSES],
    /// How many wait there, the chosen one among them.
    pub depth: [u16; CLASSES],
}

impl Turn {
    /// The class whose first has waited longest, with that wait.
    pub fn oldest(&self) -> (usize, f32) {
        best(&self.age)
    }

    /// Whether the first in line of all came first; within a millisecond, since what stands between arrival and line is not all
    /// known, and within a tenth of the wait: a step of ageing that small makes no other rule.
    pub fn by_age(&self) -> bool {
        self.age[usize::from(self.chosen)] >= 0.9 * self.oldest().1 - 1e-3
    }

    /// The class with the most waiters; `None`: two have as many.
    pub fn deepest(&self) -> Option<usize> {
        let most = self.depth.iter().copied().max()?;
        let mut with = (0..CLASSES).filter(|&k| self.depth[k] == most);
        let first = with.next()?;
        with.next().is_none().then_some(first)
    }
}

fn best(of: &[f32; CLASSES]) -> (usize, f32) {
    let mut best = (0, of[0]);
    for (k, v) in of.iter().enumerate().skip(1) {
        if *v > best.1 {
            best = (k, *v);
        }
    }
    best
}

/// A request that a worker began with.
#[derive(Clone, Copy, Debug)]
pub struct Began {
    /// When, ns.
    pub time: u64,
    /// Its number in the view.
    pub request: u32,
    /// How long it had waited, s.
    pub waited: f32,
    /// How long the first of another class had waited then, s; below 0: none waited.
    pub other: f32,
}

/// All turns of a recording.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    /// The classes, as numbers of their dictionary, the most frequent first.
    pub classes: Vec<u64>,
    /// Turns that could have been another class's, in order of time.
    pub all: Vec<Turn>,
    /// All beginnings of work, in order of time.
    pub began: Vec<Began>,
    /// Mean seconds that a worker is busy with a request.
    pub work: f64,
    waiters: Vec<Waiter>,
}

/// A wait is long when it is so many times the work for a request: nobody is unlucky so often.
const LONG: f64 = 20.0;

impl Turns {
    /// Seconds from which a wait is long.
    pub fn long(&self) -> f32 {
        (LONG * self.work).max(1.0) as f32
    }

    /// Numbers of the turns in a span.
    pub fn between(&self, span: &std::ops::Range<u64>) -> &[Turn] {
        let at = |t| self.all.partition_point(|x| x.time < t);
        &self.all[at(span.start)..at(span.end).max(at(span.start))]
    }

    /// The turns in a span among those who came in it. Who waited when a queue was exchanged for another of its kind may have
    /// lost his place, and tells nothing of the rule that came.
    pub fn anew(&self, span: &std::ops::Range<u64>) -> Vec<Turn> {
        let came = |w: &&Waiter| span.contains(&w.came);
        let waiters: Vec<Waiter> = self.waiters.iter().filter(came).copied().collect();
        let mut turns = Turns::default();
        sweep(&waiters, &mut turns);
        turns.all.retain(|t| span.contains(&t.time));
        turns.all.sort_by_key(|t| t.time);
        turns.all
    }
}

#[derive(Clone, Copy, Debug)]
struct Waiter {
    request: u32,
    /// Where it waits: the replica, and there the workers whom its class has of its own.
    place: (u64, u64),
    came: u64,
    left: u64,
    class: usize,
    served: bool,
}

/// When request `i` joined the queue, ns.
pub fn came(view: &View, i: usize) -> u64 {
    view.arrived[i] + view.get(requests::flight_wait, i)
}

/// The turns of a view; none where waits, or classes, are not recorded.
pub fn of(view: &View) -> Turns {
    if !view.has(requests::queue_wait) {
        return Turns::default();
    }
    let mut frequent: BTreeMap<u64, usize> = BTreeMap::new();
    for i in 0..view.len() {
        *frequent.entry(view.get(requests::class, i)).or_default() += 1;
    }
    let mut classes: Vec<(usize, u64)> = frequent.iter().map(|(c, n)| (*n, *c)).collect();
    classes.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let classes: Vec<u64> = classes.into_iter().map(|c| c.1).take(CLASSES).collect();
    let place = |class: u64| {
        classes
            .iter()
            .position(|c| *c == class)
            .unwrap_or(CLASSES - 1)
    };
    let (mut work, mut n) = (0.0f64, 0.0f64);
    // Who has workers of his own stands in a line of his own, and nobody there goes before him.
    let own: Vec<String> = view.gauges("workers.own.");
    let apart: Vec<u64> = classes
        .iter()
        .filter(|c| {
            own.iter()
                .any(|o| o == view.recording.name("class", **c as u32))
        })
        .copied()
        .collect();
    let waiters: Vec<Waiter> = (0..view.len())
        .filter_map(|i| {
            let busy = view.get(requests::compute, i)
                + view.get(requests::call, i)
                + view.get(requests::pool_wait, i)
                + view.get(requests::backoff, i);
            let wait = view.get(requests::queue_wait, i);
            let served = busy > 0;
            if served {
                work += busy as f64 * 1e-9;
                n += 1.0;
            }
            // Who left before his turn waited all the time that he was there.
            let gone = matches!(
                view.get(requests::outcome, i) as u8,
                outcome::HUNG_UP | outcome::TIMEOUT
            );
            let wait = if !served && wait == 0 && gone {
                view.get(requests::latency, i)
            } else {
                wait
            };
            if !served && wait == 0 {
                return None;
            }
            let came = came(view, i);
            let class = view.get(requests::class, i);
            let line = if apart.contains(&class) { class } else { 0 };
            Some(Waiter {
                request: i as u32,
                place: (view.get(requests::replica, i), line),
                came,
                left: came + wait,
                class: place(class),
                served,
            })
        })
        .collect();
    let mut turns = Turns {
        classes,
        all: vec![],
        began: vec![],
        work: work / n.max(1.0),
        waiters: vec![],
    };
    sweep(&waiters, &mut turns);
    turns.all.sort_by_key(|t| t.time);
    turns.began.sort_by_key(|b| b.time);
    turns.waiters = waiters;
    turns
}

fn sweep(waiters: &[Waiter], turns: &mut Turns) {
    let mut came: Vec<u32> = (0..waiters.len() as u32).collect();
    let mut left = came.clone();
    came.sort_by_key(|&i| (waiters[i as usize].place, waiters[i as usize].came, i));
    left.sort_by_key(|&i| (waiters[i as usize].place, waiters[i as usize].left, i));
    let mut next = 0;
    let mut lines: [VecDeque<(u64, u64)>; CLASSES] = Default::default();
    let mut place = None;
    for w in left.iter().map(|&i| &waiters[i as usize]) {
        if place != Some(w.place) {
            place = Some(w.place);
            lines.iter_mut().for_each(VecDeque::clear);
        }
        while let Some(c) = came.get(next).map(|&i| &waiters[i as usize]) {
            if (c.place, c.came) >= (w.place, w.left) {
                break;
            }
            if c.place == w.place {
                lines[c.class].push_back((c.came, c.left));
            }
            next += 1;
        }
        if !w.served {
            continue;
        }
        let (mut age, mut depth) = ([-1.0f32; CLASSES], [0u16; CLASSES]);
        let mut other = -1.0f32;
        for (k, line) in lines.iter_mut().enumerate() {
            while line.front().is_some_and(|(_, left)| *left <= w.left) {
                line.pop_front();
            }
            if let Some((came, _)) = line.front() {
                age[k] = (w.left - came) as f32 * 1e-9;
                depth[k] = line.len().min(usize::from(u16::MAX)) as u16;
                if k != w.class {
                    other = other.max(age[k]);
                }
            }
        }
        let waited = (w.left - w.came) as f32 * 1e-9;
        turns.began.push(Began {
            time: w.left,
            request: w.request,
            waited,
            other,
        });
        // Its own line: it stood at its head.
        age[w.class] = waited;
        depth[w.class] = depth[w.class].saturating_add(1);
        if other >= 0.0 && w.left > w.came {
            turns.all.push(Turn {
                time: w.left,
                chosen: w.class as u8,
                age,
                depth,
            });
        }
    }
}
