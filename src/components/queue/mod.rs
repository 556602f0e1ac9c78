//! Queues in front of workers: who waits, who is served next, who is sent away. Sources: Q12, Q15, Q27.
//!
//! # Short answer
//! A discipline decides who is served next; a [`Guard`] decides who may wait at all. Urgent classes go first, but waiting
//! counts too, so that the slow class is served within a known time. What cannot be served in time is refused at the door,
//! in a microsecond, best-effort classes first: a client that is refused can go elsewhere, one that waits cannot.
//!
//! # Complexity
//! `push` O(1), `pop` O(classes), `ahead` O(classes x log waiters); memory O(waiters), which the guard's `limit` bounds.
//!
//! # Follow-ups of the seed
//! - How is ageing tuned for bursty interactive traffic? `(base of the urgent - base of the slow) / age_factor` is the head
//!   start in seconds; make it a little more than a burst lasts. `gameday replay incident-12 --variant aging-too-slow`.
//! - How are thresholds set from the SLO? `max_wait` is the SLO less the time of the work itself.
//!   `gameday replay incident-15 --variant sound`.
//! - When is a task demoted to dead-letter instead of retried? When it has failed `dead_letter.attempts` times, or has waited
//!   for `dead_letter.after`: `gameday replay incident-12 --variant poison`. The gauge `queue.dead_letters` counts them.
//! - And without a threshold at all? `codel`: only the wait that may stand is named, and bursts pass.
//!   `gameday replay incident-15 --variant controlled-delay`.
//! - Why not simply serve the longest line? It keeps the lines even, and a class that asks seldom needs long for a long line:
//!   `gameday replay incident-27 --variant scheduled-by-length`. `rescue` bounds what that costs it.
//! - Who is dropped first? Classes in `best_effort`, at `best_effort_share` of the bounds.
//!
//! # Anti-patterns
//! Each is a flaw in [`FLAWS`]: `strict-priority`, `aging-too-slow`, `aging-saturates`, `scheduled-by-length`,
//! `unlimited-queue`, `poison-retried-for-ever`, `sheds-on-the-instant`, `ignores-queue-delay`.
//!
//! # Smallest set-up
//! ```toml
//! queue = { kind = "priority-aging", classes = { interactive = 10 }, age_factor = 0.5, workers = 8, limit = 400, max_wait = "2s" }
//! ```
//!
//! # Source
//! Kleinrock, "Queueing Systems II" 1976, section 3.7 (priorities that grow with the wait); Nagle, RFC 970; Katevenis 1991
//! (weighted round robin); Tassiulas and Ephremides, IEEE Transactions on Automatic Control 37 (12), 1992 (the longest
//! queue); Nichols and Jacobson, "Controlling Queue Delay", CACM 55 (7), 2012.

mod aging;
mod codel;
mod dead_letter;
mod fifo;
mod guard;
mod lanes;
mod longest;
mod prefetch;
mod round_robin;

#[cfg(test)]
mod laws;

use crate::config::{Kind, Node, Options, Refusal};
pub use codel::{Codel, CodelOptions};
pub use dead_letter::DeadLetter;
pub use guard::{Guard, Seen};
pub use prefetch::{Crew, MOST as MOST_HELD, Running, Taken};

/// Decides who is served next. A waiter is a ticket that the stage gave out; it may leave before its turn.
pub trait Discipline {
    /// The lane of a class of traffic, until the next `retune`. Classes that are not named share lane 0.
    fn lane(&self, class: &str) -> u32;
    /// A waiter joins a lane.
    fn push(&mut self, ticket: u32, lane: u32, now: u64);
    /// The next to be served leaves the queue.
    fn pop(&mut self, now: u64) -> Option<u32>;
    /// How many of those who wait would be served before one that joins this lane now and is overtaken by nobody.
    fn ahead(&self, lane: u32, now: u64) -> usize;
    /// When the first of a lane joined; `None` when nobody waits there.
    fn oldest(&self, lane: u32) -> Option<u64>;
    /// A deploy: policy replaced, waiters kept.
    ///
    /// # Errors
    /// Options that the kind does not have.
    fn retune(&mut self, options: &Node, now: u64) -> Result<(), Refusal>;
    /// Names and values of its gauges, class by class.
    fn gauges(&self, _now: u64, _out: &mut dyn FnMut(&str, f64)) {}
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[
    super::Flaw {
        name: "strict-priority",
        kind: "priority-aging",
        options: "age_factor = 0",
        breaks: "the_slow_class_is_served_within_a_minute",
        source: "Q12: strict priority with no aging (eventual starvation)",
    },
    super::Flaw {
        name: "aging-too-slow",
        kind: "priority-aging",
        options: "age_factor = 0.001",
        breaks: "the_slow_class_is_served_within_a_minute",
        source: "Q12: how do you tune aging for bursty interactive traffic?",
    },
    super::Flaw {
        name: "aging-saturates",
        kind: "priority-aging",
        options: "age_cap = \"5s\"",
        breaks: "the_slow_class_is_served_within_a_minute",
        source: "wavelens/gradient#111: credit for waiting stops growing below what the urgent class starts with",
    },
    super::Flaw {
        name: "scheduled-by-length",
        kind: "longest-queue",
        options: "rescue = \"0s\"",
        breaks: "the_slow_class_is_served_within_a_minute",
        source: "Q27: equating low priority with no guarantee: a class that asks seldom never has the longest line",
    },
    super::Flaw {
        name: "unlimited-queue",
        kind: "fifo",
        options: "limit = 4294967295, max_wait = \"0s\"",
        breaks: "the_wait_of_those_let_in_is_bounded",
        source: "Q15: unlimited queues that hide overload until memory ends",
    },
    super::Flaw {
        name: "poison-retried-for-ever",
        kind: "priority-aging",
        options: "dead_letter = { after = \"1h\", attempts = 0 }",
        breaks: "poison_is_set_aside",
        source: "Q12: retrying poison messages forever in the main queue",
    },
    super::Flaw {
        name: "sheds-on-the-instant",
        kind: "fifo",
        options: "codel = { target = \"50ms\", interval = \"50ms\" }",
        breaks: "a_burst_that_drains_is_served_whole",
        source: "Nichols and Jacobson, 2012: a queue is there for bursts; what counts is the wait that stands",
    },
    super::Flaw {
        name: "ignores-queue-delay",
        kind: "fifo",
        options: "codel = { target = \"1h\", interval = \"1h\" }",
        breaks: "a_wait_that_stands_is_shed_away",
        source: "Q15: measuring only throughput, ignoring queue delay",
    },
];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn Discipline>>> {
    vec![
        Kind {
            name: "fifo",
            summary: "first come, first served",
            fields: Guard::fields,
            build: fifo::build,
        },
        Kind {
            name: "priority-aging",
            summary: "urgent classes first, but a wait raises everybody's priority",
            fields: aging::AgingOptions::fields,
            build: aging::build,
        },
        Kind {
            name: "weighted-round-robin",
            summary: "each class gets its share of the workers, in turns",
            fields: round_robin::RoundRobinOptions::fields,
            build: round_robin::build,
        },
        Kind {
            name: "longest-queue",
            summary: "the class with the most waiters first; who has waited too long goes before it",
            fields: longest::LongestOptions::fields,
            build: longest::build,
        },
    ]
}

/// First come, first served, whatever a file says of a queue.
pub fn first_come() -> Box<dyn Discipline> {
    Box::new(fifo::Fifo::default())
}

/// Options that the queue *stage* and the guard read from the same table.
const OF_OTHERS: &[&str] = &[
    "kind",
    "workers",
    "prefetch",
    "pools",
    "expired",
    "slack",
    "limit",
    "max_wait",
    "best_effort",
    "best_effort_share",
    "codel",
    "dead_letter",
];
