//! The largest value of the last while: what a dashboard shows, and what an automated rollback acts on.
//!
//! # Short answer
//! A monotonic deque of candidates: values that nothing newer exceeds, largest first. Who enters takes away from the back
//! all that is not larger, who is outside of the window leaves at the front, and the front is the maximum. Reading lets
//! time pass too: without that, what was true before an idle night is read in the morning.
//!
//! # Complexity
//! Amortised O(1) a value: each enters and leaves once, and a law counts it. Memory is one candidate a value at worst
//! (values that only fall), bounded by `most`; beyond that the last candidate stands for the newer one too, so that the
//! reading errs upwards and for one window at most. `ring-max` keeps one number a bucket instead: O(buckets) a reading,
//! and what it reads is up to one bucket older.
//!
//! # Follow-ups of the seed
//! - Time or count? `over = "30s"` forgets by the clock, `last = 500` by what came since: with little traffic the same 500
//!   values are an hour. `gameday replay incident-08 --variant count-for-time`
//! - Many metrics? One window each, by key; a maximum of maxima is the maximum of all, so shards are merged by `max` alone
//!   (law `the_maximum_of_shards_is_that_of_the_whole`). Guards select: `when = 'latency{tenant="acme"} max > 3s for 30s'`.
//!
//! # Anti-patterns
//! Flaws in [`FLAWS`]: `ring-catch-up` (micrometer#2647: after 12 idle hours all new values read as 0),
//! `duplicates-lost`, `count-for-time`, `expiry-forgotten-on-read`, `scan-all`.
//!
//! # Smallest set-up
//! ```toml
//! [service]
//! dashboard = "sliding-max"
//! [[guard]]
//! when = "latency max > 3s for 30s"
//! then = "rollback"
//! ```
//!
//! # Source
//! Q8 of the seed. Lemire, "Streaming maximum-minimum filter using no more than three comparisons per element", 2006.

mod deque;
mod ring;

#[cfg(test)]
mod laws;

use crate::config::{Kind, Options};
pub use deque::{Equals, Expire, Held, SlidingMaxOptions};
pub use ring::{CatchUp, RingMaxOptions};

/// The maximum of the values of the last while. `now` never goes back.
pub trait Window {
    /// A value.
    fn record(&mut self, value: u64, now: u64);
    /// The largest value that lies within the window; `None`: there is none.
    fn read(&mut self, now: u64) -> Option<u64>;
    /// ns that it looks back; `None`: it goes by count.
    fn over(&self) -> Option<u64>;
    /// ns that a value may be read for longer than that.
    fn grain(&self) -> u64 {
        0
    }
    /// Values that it holds in memory.
    fn held(&self) -> usize;
    /// Values looked at so far, for whoever counts the work.
    fn looked_at(&self) -> u64;
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[
    super::Flaw {
        name: "ring-catch-up",
        kind: "ring-max",
        options: "catch_up = \"one-turn\"",
        breaks: "what_comes_after_a_long_idle_is_read",
        source: "micrometer-metrics/micrometer#2647: 12 h idle, then 666, 13 and 100,500 all read as 0",
    },
    super::Flaw {
        name: "duplicates-lost",
        kind: "sliding-max",
        options: "equals = \"first-stays\"",
        breaks: "of_equal_values_the_newest_counts",
        source: "Q8: of two equal values the older one is kept, and leaves for both",
    },
    super::Flaw {
        name: "count-for-time",
        kind: "sliding-max",
        options: "last = 500",
        breaks: "what_is_older_than_the_window_is_not_read",
        source: "Q8: time-based vs count-based windows",
    },
    super::Flaw {
        name: "expiry-forgotten-on-read",
        kind: "sliding-max",
        options: "expire = \"on-record\"",
        breaks: "reading_alone_lets_time_pass",
        source: "Q8: forgetting expiry checks before reading max",
    },
    super::Flaw {
        name: "scan-all",
        kind: "sliding-max",
        options: "keep = \"all\"",
        breaks: "the_work_of_a_value_does_not_grow_with_the_window",
        source: "Q8: recomputing max over the full window on each update",
    },
];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn Window>>> {
    vec![
        Kind {
            name: "sliding-max",
            summary: "exact maximum over a time or a count, a monotonic deque",
            fields: deque::SlidingMaxOptions::fields,
            build: deque::build,
        },
        Kind {
            name: "ring-max",
            summary: "maximum by buckets of time, a ring of them",
            fields: ring::RingMaxOptions::fields,
            build: ring::build,
        },
    ]
}
