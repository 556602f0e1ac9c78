//! Several limits at once: the user's own, the tenant's, everybody's together. All or nothing.
//!
//! # Short answer
//! Levels are asked in their order, the narrowest first, so that a noisy user is refused by a limit of their own before they
//! can use up what others share. Who is refused by one level has taken nothing from any: what earlier levels had given goes
//! back. The answer names the first level that refused, and the latest of the instants at which all that refused would let
//! the request in; a client that comes back then is not refused by the next level instead.
//!
//! # Complexity
//! O(levels) time a check; memory: that of the levels.
//!
//! # Follow-ups of the seed
//! - How do you prevent noisy-neighbour dominance? By a level per user in front of the global one:
//!   `gameday replay incident-02`, and `--variant global-only` for what happens without it.
//! - Per-endpoint and per-tenant limits together: two levels, `key = ["route"]` and `key = ["tenant"]`.
//! - Several instances: `store`, see [`super::store`].
//!
//! - Soft limits: a level with `mode = "soft"` lets everybody in and notes whom it would have refused
//!   (`gameday replay incident-23 --variant soft-limit`), so that a limit is tried on traffic before it refuses anybody.
//! - Limits for a part of the traffic: `where = 'class == "anonymous"'`.
//! # Anti-patterns
//! `give_back = false`: a request that the global level refuses has cost its user a token all the same, so that in a crowd
//! users are refused who are far below their own limit.
//!
//! # Smallest set-up
//! ```toml
//! limiter = { levels = [
//!     { name = "user", key = ["user"], kind = "token-bucket", rate = "5/s", burst = 10 },
//!     { name = "global", key = [], kind = "token-bucket", rate = "200/s", burst = 400 },
//! ] }
//! ```
//!
//! # Source
//! Q2, Q14.

use super::{Admission, RateLimiter};

/// Levels of one limiter at most.
pub const MOST_LEVELS: usize = 16;

crate::choice! {
    /// What a limit does.
    pub enum Mode {
        /// Refuses.
        Hard = "hard",
        /// Lets everybody in, and notes whom it would have refused.
        Soft = "soft",
    }
}

/// One limit.
pub struct Level {
    /// What operators call it.
    pub name: String,
    /// The limiter.
    pub limiter: Box<dyn RateLimiter>,
    /// Requests that it refused so far, or would have.
    pub refused: u64,
    /// Whether it only notes whom it would have refused.
    pub soft: bool,
}

impl Level {
    /// A level that has refused nobody.
    pub fn new(name: &str, limiter: Box<dyn RateLimiter>) -> Level {
        Level {
            name: name.into(),
            limiter,
            refused: 0,
            soft: false,
        }
    }
}

/// What several levels say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may enter.
    Granted {
        /// Whole tokens left at the level that has fewest.
        remaining: u32,
    },
    /// It may not, and has taken nothing.
    Refused {
        /// Index of the first level that refused.
        level: usize,
        /// ns at which every level that refused would let it in.
        until: u64,
    },
}

/// See the module.
#[derive(Default)]
pub struct Levels {
    levels: Vec<Level>,
    give_back: bool,
    /// The first soft level that would have refused the last request.
    would_refuse: Option<usize>,
}

impl Levels {
    /// These levels, in this order, [`MOST_LEVELS`] of them at most. `give_back` is true, but for the flaw.
    pub fn new(mut levels: Vec<Level>, give_back: bool) -> Levels {
        levels.truncate(MOST_LEVELS);
        Levels {
            levels,
            give_back,
            would_refuse: None,
        }
    }

    /// The levels, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Level> {
        self.levels.iter()
    }

    /// Takes a level out, for another list of levels to go on with.
    pub fn take(&mut self, name: &str) -> Option<Level> {
        let at = self.levels.iter().position(|l| l.name == name)?;
        Some(self.levels.remove(at))
    }

    /// Takes `cost` tokens from every level, or from none. `key` tells the key of a level, or `None` where the request
    /// knows of no such level.
    pub fn check(
        &mut self,
        key: impl Fn(usize, &str) -> Option<u64>,
        cost: u32,
        now: u64,
    ) -> Verdict {
        let (mut least, mut refused) = (u32::MAX, None);
        self.would_refuse = None;
        let mut took = [false; MOST_LEVELS];
        for (index, level) in self.levels.iter_mut().enumerate() {
            let Some(key) = key(index, &level.name) else {
                continue;
            };
            match level.limiter.check(key, cost, now) {
                Admission::Granted { remaining } => {
                    least = least.min(remaining);
                    took[index] = true;
                }
                Admission::Refused { .. } if level.soft => {
                    level.refused += 1;
                    self.would_refuse.get_or_insert(index);
                }
                Admission::Refused { until } => {
                    let (first, latest) = refused.unwrap_or((index, 0));
                    refused = Some((first, until.max(latest)));
                    if index == first {
                        level.refused += 1;
                    }
                }
            }
        }
        let Some((level, until)) = refused else {
            return Verdict::Granted { remaining: least };
        };
        for (index, gate) in self.levels.iter_mut().enumerate() {
            // The flaw keeps what the levels before took; those behind would never have been asked.
            if took[index]
                && (self.give_back || index > level)
                && let Some(key) = key(index, &gate.name)
            {
                gate.limiter.give_back(key, cost, now);
            }
        }
        Verdict::Refused { level, until }
    }

    /// Index of the first soft level that would have refused the request that was checked last.
    pub fn would_refuse(&self) -> Option<usize> {
        self.would_refuse
    }

    /// Gives tokens of all levels back, when a later gate said no.
    pub fn give_back(&mut self, key: impl Fn(usize, &str) -> Option<u64>, cost: u32, now: u64) {
        for (index, level) in self.levels.iter_mut().enumerate() {
            if let Some(key) = key(index, &level.name) {
                level.limiter.give_back(key, cost, now);
            }
        }
    }

    /// Gauges of all levels, with the level's name behind the gauge's; of a limiter that is only one, without it.
    pub fn gauges(&self, out: &mut dyn FnMut(&str, f64)) {
        match &self.levels[..] {
            [only] => only.limiter.gauges(&mut |gauge, value| out(gauge, value)),
            levels => levels.iter().for_each(|level| {
                level
                    .limiter
                    .gauges(&mut |gauge, value| out(&format!("{gauge}.{}", level.name), value));
                let count = if level.soft {
                    "would_reject"
                } else {
                    "rejects"
                };
                out(
                    &format!("limiter.{count}.{}", level.name),
                    level.refused as f64,
                );
            }),
        }
    }
}
