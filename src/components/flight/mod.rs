//! Single-flight: equal requests that come together share one piece of work. Sources: Q6, Q13.
//!
//! # Short answer
//! A map from key to the flight that is under way. The first request of a key leads, those that come meanwhile follow. The
//! entry goes when the leader ends, well, badly or by going away, and before anybody is told, so that nobody joins what has
//! landed. The map has a bound, beyond which requests simply work alone; a leader that is stuck is replaced after a while.
//!
//! # Complexity
//! O(1) amortised a request; memory O(entries), at most `limit`.
//!
//! # Follow-ups of the seed
//! - How is growth from keys of high cardinality prevented? `limit`: a request that finds the map full works alone, which is
//!   no worse than without single-flight. `cargo test --lib never_more_entries`, and the gauge `flight.entries`.
//! - Dedupe writes only, or all? All that the key makes equal; a key with a time or a request's id
//!   in it makes nothing equal: `key.fields` decides (`gameday replay incident-24`).
//! - How is it distributed over pods? `scope = "shared"`: one map for all replicas.
//! - What if the leader is cancelled? One of its followers leads. `cargo test --lib components::flight`.
//!
//! # Anti-patterns
//! Flaws in [`FLAWS`]: `no-cleanup`, `cleanup-on-success-only`, `failure-cached-for-ever`, `no-limit`, `no-ttl`.
//!
//! # Smallest set-up
//! ```toml
//! single_flight = { scope = "shared", limit = 10_000, ttl = "30s", failures = "none" }
//! ```
//!
//! # Source
//! Go's `golang.org/x/sync/singleflight` (groupcache, 2013), whose `Forget` is what `ttl` does here by itself.

#[cfg(test)]
mod laws;

use crate::{
    config::{Node, Read, Refusal, Span, Value},
    sim::hash::Map,
};
use std::collections::VecDeque;

crate::choice! {
    /// When the entry of a flight is removed.
    pub enum Cleanup {
        /// However it ends.
        Always = "always",
        /// When it ends well: what fails, or is cancelled, leaks.
        OnSuccess = "on-success",
        /// Never: all leak.
        Never = "never",
    }
}

/// How long a failure is told to those who come after it, ns. Written `"none"`, `"1s"`, `"for-ever"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepFailures(pub u64);

impl Read for KeepFailures {
    const WHAT: &'static str = "\"none\", a duration such as \"1s\", or \"for-ever\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::Text(text) if text == "none" => Ok(KeepFailures(0)),
            Value::Text(text) if text == "for-ever" => Ok(KeepFailures(u64::MAX)),
            _ => match Span::read(node) {
                Ok(span) => Ok(KeepFailures(span.0)),
                Err(_) => Err(node.wrong(Self::WHAT)),
            },
        }
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "string" })
    }
}

crate::options! {
    /// Single-flight.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct FlightOptions {
        /// Keys under way at most; requests beyond work alone.
        limit: u32 = 10_000, "10k";
        /// How long a flight may take before the next request leads another; 0 is for ever.
        ttl: Span = Span(60_000_000_000), "1m";
        /// How long those who come after a failure are told of it instead of trying: "none", "1s", "for-ever".
        failures: KeepFailures = KeepFailures(0), "none: those who waited for it alone";
        /// When entries are removed: always, on-success, never.
        cleanup: Cleanup = Cleanup::Always, "always";
    }
}

impl FlightOptions {
    /// Those of `single_flight = true`.
    pub fn plain() -> FlightOptions {
        FlightOptions {
            limit: 10_000,
            ttl: Span(60_000_000_000),
            failures: KeepFailures(0),
            cleanup: Cleanup::Always,
        }
    }
}

/// What a request is for others with its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role<T> {
    /// It leads: open a flight, work, end it.
    Lead,
    /// It waits for this flight.
    Follow(T),
    /// It works by itself, and tells nobody.
    Alone,
    /// It is told how one before it failed.
    Failed(u8),
}

/// How a flight ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With an answer.
    Well,
    /// With this failure.
    Failed(u8),
    /// Its leader went away.
    Gone,
}

#[derive(Clone, Copy, Debug)]
enum State<T> {
    UnderWay(T),
    /// Over, and still in the map.
    Left,
    Failed(u8),
}

#[derive(Clone, Copy, Debug)]
struct Entry<T> {
    serial: u64,
    state: State<T>,
}

/// Keys under way. `T` names a flight for the one who waits.
#[derive(Clone, Debug)]
pub struct Flights<T> {
    options: FlightOptions,
    entries: Map<u64, Entry<T>>,
    /// When entries die by themselves: instant, key, serial. One queue for flights, one for failures: each in order.
    ends: [VecDeque<(u64, u64, u64)>; 2],
    next: u64,
}

impl<T: Copy> Flights<T> {
    /// Nothing under way.
    pub fn new(options: FlightOptions) -> Flights<T> {
        Flights {
            options,
            entries: Map::default(),
            ends: Default::default(),
            next: 0,
        }
    }

    /// A deploy: options replaced, what is under way kept.
    pub fn retune(&mut self, options: FlightOptions) {
        self.options = options;
    }

    /// What a request with this key is to do.
    pub fn join(&mut self, key: u64, now: u64) -> Role<T> {
        self.expire(now);
        match self.entries.get(&key).map(|entry| entry.state) {
            Some(State::UnderWay(flight)) => Role::Follow(flight),
            Some(State::Failed(how)) => Role::Failed(how),
            Some(State::Left) => Role::Alone,
            None if self.entries.len() >= self.options.limit as usize => Role::Alone,
            None => Role::Lead,
        }
    }

    /// Opens a flight, after [`join`](Self::join) said to lead. Gives its serial number, for [`end`](Self::end).
    pub fn open(&mut self, key: u64, flight: T, now: u64) -> u64 {
        let ttl = self.options.ttl.0;
        let dies = if ttl == 0 {
            u64::MAX
        } else {
            now.saturating_add(ttl)
        };
        self.put(key, State::UnderWay(flight), 0, dies)
    }

    /// A flight has ended. One that was replaced meanwhile removes nothing of its successor.
    pub fn end(&mut self, key: u64, serial: u64, how: End, now: u64) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        if entry.serial != serial {
            return;
        }
        match (self.options.cleanup, how) {
            (Cleanup::Never, _) | (Cleanup::OnSuccess, End::Failed(_) | End::Gone) => {
                entry.state = State::Left;
                return;
            }
            _ => {
                self.entries.remove(&key);
            }
        }
        let keep = self.options.failures.0;
        if let End::Failed(how) = how
            && keep > 0
        {
            self.put(key, State::Failed(how), 1, now.saturating_add(keep));
        }
    }

    /// Entries in the map.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    fn put(&mut self, key: u64, state: State<T>, queue: usize, dies: u64) -> u64 {
        let serial = self.next;
        self.next += 1;
        self.entries.insert(key, Entry { serial, state });
        if dies < u64::MAX {
            self.ends[queue].push_back((dies, key, serial));
        }
        serial
    }

    /// Removes what has lived too long, at amortised O(1).
    fn expire(&mut self, now: u64) {
        let entries = &mut self.entries;
        for queue in &mut self.ends {
            while let Some(&(dies, key, serial)) = queue.front() {
                let current = entries.get(&key).is_some_and(|e| e.serial == serial);
                if current && dies > now {
                    break;
                }
                if current {
                    entries.remove(&key);
                }
                queue.pop_front();
            }
            // What ended in time leaves its line behind, until these are the most.
            if queue.len() > 2 * entries.len() + 64 {
                queue.retain(|(_, key, serial)| {
                    entries.get(key).is_some_and(|e| e.serial == *serial)
                });
            }
        }
    }
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[
    super::Flaw {
        name: "no-cleanup",
        kind: "single-flight",
        options: "cleanup = \"never\", ttl = \"1h\"",
        breaks: "entries_return_to_zero_on_every_exit",
        source: "Q13: missing cleanup, so that entries leak",
    },
    super::Flaw {
        name: "cleanup-on-success-only",
        kind: "single-flight",
        options: "cleanup = \"on-success\", ttl = \"1h\"",
        breaks: "entries_return_to_zero_on_every_exit",
        source: "ROCm/ATOM#1441: entries removed on some exits only",
    },
    super::Flaw {
        name: "failure-cached-for-ever",
        kind: "single-flight",
        options: "failures = \"for-ever\"",
        breaks: "a_failure_is_forgotten",
        source: "Q6: sharing failures for ever instead of limiting it",
    },
    super::Flaw {
        name: "no-limit",
        kind: "single-flight",
        options: "limit = 4294967295",
        breaks: "never_more_entries_than_the_limit",
        source: "Q13: no cap on the map's size",
    },
    super::Flaw {
        name: "no-ttl",
        kind: "single-flight",
        options: "ttl = \"0s\"",
        breaks: "a_stuck_leader_is_replaced",
        source: "Q6: no timeout for stuck entries",
    },
];
