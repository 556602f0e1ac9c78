//! What is asked for most, of late: the k heaviest keys of a stream, within a sliding window. Source: Q3.
//!
//! # Short answer
//! A map counts each key, a small min-heap holds the k best: whoever counts more than the worst of them takes its place. A
//! key's place in the heap grows old with its next event; old places are dropped when they come up, and all at once when
//! they are too many (lazy deletion). A window is cut into panes, so that what is past is taken off a pane at a time. Where
//! there is no room for every key, Space-Saving keeps `counters` of them: a newcomer takes over the smallest counter *and
//! its count*, so that a count is never too low, and by how much it may be too high is known and said ([`Ranked`]).
//!
//! # Complexity
//! | | an event | a list | memory |
//! |---|---|---|---|
//! | `exact` | O(1) for the map, O(log k) for the heap; O(keys) when a pane ends | O(k log k) | O(keys of the window x panes they stand in), `max_keys` at most |
//! | `space-saving` | O(log counters) | O(counters x panes) | O(counters x panes) |
//!
//! Tests count: [`TopK::work`] an event, window after window, and [`TopK::held`] against [`TopK::most_held`].
//!
//! # Follow-ups of the seed
//! - *Throughput doubles?* Nothing an event costs grows with the rate, but each count may be wrong by twice as many events:
//!   `gameday replay incident-03 --variant twice-the-load`.
//! - *Which metric triggers the roll-back?* `trending.sure`, the share of the list that the bounds prove to belong there: it
//!   needs no exact count beside it. In a replay `trending.wrong` says what it stands for: `gameday replay incident-03`.
//! - *Which of the two?* `exact` while the keys of a window fit; beyond, a key that has more than 1/counters of the events
//!   is surely known to `space-saving`, and in a near-uniform stream nobody is: `--variant near-uniform`.
//!
//! # Anti-patterns
//! Each is a flaw in [`FLAWS`]: `says-exact`, `newcomer-starts-at-zero`, `heap-never-cleaned`, `never-forgets`,
//! `window-tumbles`, `ties-by-arrival`.
//!
//! # Smallest set-up
//! ```toml
//! [service.trending]
//! kind     = "space-saving"
//! k        = 20
//! counters = 400
//! window   = "5m"
//! ```
//!
//! # Source
//! Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and top-k elements in data streams", ICDT 2005;
//! Agarwal et al., "Mergeable summaries", PODS 2012 (panes added up); addthis/stream-lib#132, pysuricata#328.

mod exact;
#[cfg(test)]
mod laws;
mod panes;
mod space_saving;
mod summary;

use crate::config::{At, Count, Kind, Node, Options, Refusal};

/// A key with its count. The true one lies between `count - over` and `count + under`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// What was counted.
    pub key: u64,
    /// Events counted for it.
    pub count: u64,
    /// The most that `count` may be too high.
    pub over: u64,
    /// The most that `count` may be too low.
    pub under: u64,
    /// Nobody who is not listed can have had more events.
    pub sure: bool,
}

/// The heaviest keys, heaviest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// What was counted since, ns; events before have left the window.
    pub since: u64,
    /// Events of the window.
    pub total: u64,
    /// At most k; equal counts stand by key.
    pub items: Vec<Ranked>,
    /// The most events that a key may have had which is not listed.
    pub unlisted: u64,
    /// A key that had more events than that has a count here.
    pub blind: u64,
}

/// Counts keys, and says which have most.
pub trait TopK {
    /// An event. Time does not go back: an event that is late counts as of now.
    fn record(&mut self, key: u64, now: u64);
    /// The list.
    fn list(&mut self, now: u64) -> List;
    /// The count of one key, if it has one. `sure` is not worked out.
    fn count(&mut self, key: u64, now: u64) -> Option<Ranked>;
    /// Counts and places in heaps that are held.
    fn held(&self) -> u64;
    /// The most that may ever be held.
    fn most_held(&self) -> u64;
    /// Counts and places touched so far.
    fn work(&self) -> u64;
    /// A deploy: policy replaced, counts kept while the window is the same.
    ///
    /// # Errors
    /// Options that the kind does not have.
    fn retune(&mut self, options: &Node, now: u64) -> Result<(), Refusal>;
}

crate::choice! {
    /// Which of two keys with equal counts stands first.
    pub enum Ties {
        /// The smaller key: the same counts give the same list.
        Key = "key",
        /// Whoever was there first.
        Arrival = "arrival",
    }
}

crate::choice! {
    /// What becomes of a key's older places in the heap.
    pub enum Stale {
        /// They are dropped when they come up, and all at once when they are too many.
        Drop = "drop",
        /// They stay until the pane ends.
        Keep = "keep",
    }
}

crate::choice! {
    /// What a newcomer's count starts with, when it takes a counter over.
    pub enum Newcomer {
        /// The count of whom it replaces: never too low.
        Inherits = "inherits",
        /// Nothing: whoever comes again and again among others starts again and again.
        Zero = "zero",
    }
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[
    super::Flaw {
        name: "says-exact",
        kind: "space-saving",
        options: "bounds = false",
        breaks: "what_is_said_of_a_count_is_true",
        source: "pysuricata#328: estimates that said they were exact; addthis/stream-lib#132",
    },
    super::Flaw {
        name: "newcomer-starts-at-zero",
        kind: "space-saving",
        options: "newcomer = \"zero\"",
        breaks: "who_is_frequent_is_known",
        source: "addthis/stream-lib#132; Metwally et al. 2005, lemma 3",
    },
    super::Flaw {
        name: "heap-never-cleaned",
        kind: "exact",
        options: "stale = \"keep\"",
        breaks: "what_is_held_is_bounded",
        source: "Q3: stale heap entries, memory bounds",
    },
    super::Flaw {
        name: "never-forgets",
        kind: "exact",
        options: "window = \"0s\"",
        breaks: "what_is_past_is_forgotten",
        source: "Q3: trending, not of all time",
    },
    super::Flaw {
        name: "never-forgets",
        kind: "space-saving",
        options: "window = \"0s\"",
        breaks: "what_is_past_is_forgotten",
        source: "Q3: trending, not of all time",
    },
    super::Flaw {
        name: "window-tumbles",
        kind: "space-saving",
        options: "panes = 1",
        breaks: "what_was_just_counted_still_counts",
        source: "Q3: edge cases; a list that is empty after every full minute",
    },
    super::Flaw {
        name: "ties-by-arrival",
        kind: "exact",
        options: "ties = \"arrival\"",
        breaks: "the_same_counts_give_the_same_list",
        source: "Q3: two replicas with the same counts that show two lists",
    },
];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn TopK>>> {
    vec![
        Kind {
            name: "exact",
            summary: "a count for every key, the best in a heap",
            fields: exact::ExactOptions::fields,
            build: exact::build,
        },
        Kind {
            name: "space-saving",
            summary: "so many counters, each count with its bound of error",
            fields: space_saving::SpaceSavingOptions::fields,
            build: space_saving::build,
        },
    ]
}

/// An exact count that judges others: every key has room.
pub fn judge(k: u64, window: u64, panes: u32) -> Box<dyn TopK> {
    Box::new(exact::Exact::judge(k.clamp(1, MOST_LISTED), window, panes))
}

/// Keys on a list, and panes of a window, at most.
const MOST_LISTED: u64 = 10_000;
const MOST_PANES: u32 = 1_000;

/// Options that the stage reads from the same table.
const OF_THE_STAGE: &[&str] = &["kind", "scope", "of", "every", "routes", "admit"];

/// Checks what both kinds have.
fn check(at: &At, k: Count, window: u64, panes: u32) -> Result<(), Refusal> {
    if !(1..=MOST_LISTED).contains(&k.0) {
        return Err(
            Refusal::at(at, format!("a list of the {} heaviest keys", k.0))
                .help(format!("k is from 1 to {MOST_LISTED}")),
        );
    }
    if !(1..=MOST_PANES).contains(&panes) {
        return Err(Refusal::at(at, format!("a window of {panes} panes"))
            .help(format!("panes from 1 to {MOST_PANES}")));
    }
    if window > 0 && window < u64::from(panes) {
        return Err(
            Refusal::at(at, "a window that is shorter than its panes are many ns")
                .help("give a window such as \"5m\""),
        );
    }
    Ok(())
}
