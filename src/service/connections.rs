//! Connections of a process to a dependency: those that lie idle are used again, others are opened first.

use super::latency::Latency;
use std::cell::{Cell, RefCell};

/// How connections to a dependency are opened and kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Keep {
    /// How long opening one takes.
    pub connect: Latency,
    /// ns that an idle one is kept; 0: none is used twice.
    pub keep_alive: u64,
    /// Idle ones that are kept at most.
    pub max_idle: usize,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Connections {
    /// When each of the idle ones became so, in order of time.
    idle: RefCell<Vec<u64>>,
    /// Opened since gauges were read.
    opened: Cell<u64>,
}

impl Connections {
    /// Takes the one that was used last, as pools do; whether there was one that is alive.
    pub fn reuse(&self, keep: &Keep, now: u64) -> bool {
        let mut idle = self.idle.borrow_mut();
        let alive = |since: u64| keep.keep_alive > 0 && now - since <= keep.keep_alive;
        match idle.pop() {
            Some(since) if alive(since) => true,
            _ => {
                // All others are older.
                idle.clear();
                self.opened.set(self.opened.get() + 1);
                false
            }
        }
    }

    /// Gives one back after a call that was answered. One whose call was given up is closed, and not given back.
    pub fn give_back(&self, keep: &Keep, now: u64) {
        let mut idle = self.idle.borrow_mut();
        if keep.keep_alive > 0 && idle.len() < keep.max_idle {
            idle.push(now);
        }
    }

    /// Those that lie idle, and those opened since the last reading.
    pub fn read(&self) -> (usize, u64) {
        (self.idle.borrow().len(), self.opened.replace(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::distribution::Distribution;
    use proptest::prelude::*;

    proptest! {
        /// Beside a plain list of times at which connections became idle.
        #[test]
        fn who_finds_an_idle_one_is_whom_the_model_says(
            keep_alive in 0u64..50, max_idle in 0usize..6,
            steps in prop::collection::vec((any::<bool>(), 0u64..30), 1..200),
        ) {
            let connect = Latency::Drawn(Distribution::Constant(1.0));
            let keep = Keep { connect, keep_alive, max_idle };
            let (pool, mut model, mut now) = (Connections::default(), vec![], 0);
            for (take, wait) in steps {
                now += wait;
                model.retain(|since| keep_alive > 0 && now - since <= keep_alive);
                if take {
                    prop_assert_eq!(pool.reuse(&keep, now), model.pop().is_some());
                } else {
                    // What is dead still takes room until somebody looks, but nobody is better off for it.
                    if pool.idle.borrow().len() < max_idle && keep_alive > 0 {
                        model.push(now);
                    }
                    pool.give_back(&keep, now);
                }
                prop_assert!(pool.idle.borrow().len() <= max_idle);
            }
        }
    }
}
