//! Single-flight: equal requests that come together share one piece of work. Sources: Q6, Q13.
//!
//! # Short answer
//! A map from key to the flight that is under way. The first request of a key leads, those that come meanwhile follow. The
//! entry goes when the leader ends, well, badly or by going away, and before anybody is told, so that nobody joins what has
//! landed. The map has a bound, beyond which requests simply work alone; a leader that is stuck is replaced after a while.
//! Across pods the entry is a lock in shared state: its leader holds it by a lease that it renews, a fencing token (the
//! entry's serial number) keeps a leader that lost it from touching its successor's, and the answer stays for a short while,
//! so that those who ask again find it.
//!
//! # Complexity
//! O(1) amortised a request; memory O(entries), at most `limit`: `cargo test --lib a_million_flights`.
//!
//! # Follow-ups of the seed
//! - How is growth from keys of high cardinality prevented? `limit`: a request that finds the map full works alone, which is
//!   no worse than without single-flight. `cargo test --lib never_more_entries`, and the gauge `flight.entries`.
//! - Dedupe writes only, or all? All that the key makes equal; a key with a time or a request's id in it makes nothing
//!   equal: `key.fields` decides (`gameday replay incident-06 --variant timestamp-in-key`).
//! - How is it distributed over pods? `scope = "shared"`, with `lease`, `renew`, `results` and the stage's `poll`:
//!   `gameday replay incident-13`.
//! - What if the leader is cancelled? One of its followers leads: `gameday replay incident-06` is what happens otherwise.
//!
//! # Anti-patterns
//! Flaws in [`FLAWS`]: `leader-cancelled-fails-all`, `no-cleanup`, `cleanup-on-success-only`, `cleanup-on-set-up-errors-only`,
//! `failure-cached-for-ever`, `no-limit`, `no-ttl`, `lease-shorter-than-work`, `not-fenced`, `lock-without-result`.
//!
//! # Smallest set-up
//! ```toml
//! single_flight = { scope = "shared", limit = 10_000, lease = "10s", renew = "3s", results = "2s", poll = "50ms" }
//! ```
//!
//! # Source
//! Go's `golang.org/x/sync/singleflight` (groupcache, 2013), whose `Forget` is what `ttl` does here by itself. Leases:
//! Gray and Cheriton, SOSP 1989; as answers to stampedes, Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013.

#[cfg(test)]
mod laws;
mod options;

use crate::sim::hash::Map;
pub use options::{Cleanup, FLAWS, FlightOptions, KeepFailures, OnCancel};
use std::collections::VecDeque;

/// What a leader brings back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it ended, in the caller's terms.
    pub end: u8,
    /// What it is the answer to, for those who want to know whether it is theirs.
    pub content: u64,
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
    /// It is told what one before it was answered, or how it failed.
    Told(Answer),
}

/// How a flight ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With an answer.
    Well(Answer),
    /// With this failure.
    Failed(Answer),
    /// Its leader went away; the failure is for those who fail with it.
    Gone(Answer),
}

#[derive(Clone, Copy, Debug)]
enum State<T> {
    UnderWay(T),
    /// Over, and still in the map.
    Left,
    /// Over, and told to those who come.
    Kept(Answer),
}

#[derive(Clone, Copy, Debug)]
struct Entry<T> {
    serial: u64,
    /// ns at which it is nothing any more.
    dies: u64,
    state: State<T>,
}

/// Lines of death, each in order as long as the options stay: an entry's own word counts.
const LINES: usize = 3;
const FLIGHTS: usize = 0;
const FAILURES: usize = 1;
const RESULTS: usize = 2;

/// Keys under way. `T` names a flight for the one who waits.
#[derive(Clone, Debug)]
pub struct Flights<T> {
    options: FlightOptions,
    entries: Map<u64, Entry<T>>,
    /// When entries die by themselves: instant, key, serial.
    lines: [VecDeque<(u64, u64, u64)>; LINES],
    next: u64,
    kept: usize,
    late: u64,
}

impl<T: Copy> Flights<T> {
    /// Nothing under way.
    pub fn new(options: FlightOptions) -> Flights<T> {
        Flights {
            options,
            entries: Map::default(),
            lines: Default::default(),
            next: 0,
            kept: 0,
            late: 0,
        }
    }

    /// A deploy: options replaced, what is under way kept.
    pub fn retune(&mut self, options: FlightOptions) {
        self.options = options;
    }

    /// A cold start: nothing is under way any more. Serial numbers go on, so that no old token fits a new entry.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.lines = Default::default();
        self.kept = 0;
    }

    /// What a request with this key is to do.
    pub fn join(&mut self, key: u64, now: u64) -> Role<T> {
        self.expire(now);
        match self.entries.get(&key) {
            Some(entry) if entry.dies <= now => self.remove(key),
            Some(entry) => {
                return match entry.state {
                    State::UnderWay(flight) => Role::Follow(flight),
                    State::Kept(answer) => Role::Told(answer),
                    State::Left => Role::Alone,
                };
            }
            None => {}
        }
        let limit = self.options.limit as usize;
        while self.entries.len() >= limit {
            if !self.make_room() {
                return Role::Alone;
            }
        }
        Role::Lead
    }

    /// ns until which a follower of this key need wait: then its leader has lost it, and it may ask again.
    pub fn held_until(&self, key: u64) -> u64 {
        self.entries.get(&key).map_or(0, |entry| entry.dies)
    }

    /// Opens a flight, after [`join`](Self::join) said to lead. Gives its serial number, for [`end`](Self::end): the fencing
    /// token of the one who leads.
    pub fn open(&mut self, key: u64, flight: T, now: u64) -> u64 {
        let dies = now.saturating_add(self.options.held());
        self.put(key, State::UnderWay(flight), FLIGHTS, dies)
    }

    /// A flight has ended. One that was replaced meanwhile removes nothing of its successor, as long as tokens are looked at.
    pub fn end(&mut self, key: u64, serial: u64, how: End, now: u64) {
        let o = &self.options;
        let mine = self.entries.get_mut(&key).filter(|e| e.serial == serial);
        let lease = o.lease.0;
        match mine {
            Some(entry) => {
                if o.cleanup.leaks(how) {
                    entry.state = State::Left;
                    // Nobody renews it any more.
                    if lease > 0 {
                        entry.dies = entry.dies.min(now.saturating_add(lease));
                    }
                    return;
                }
            }
            None => {
                self.late += 1;
                if o.fenced {
                    return;
                }
            }
        }
        let (keep, line) = match how {
            End::Well(_) => (o.results.0, RESULTS),
            _ => (o.failures.0, FAILURES),
        };
        self.remove(key);
        if keep > 0
            && let Some(answer) = self.news(how)
        {
            let dies = now.saturating_add(keep);
            self.put(key, State::Kept(answer), line, dies);
        }
    }

    /// What followers are told of an end; nothing is that one of them is to lead.
    pub fn news(&self, how: End) -> Option<Answer> {
        match (how, self.options.on_cancel) {
            (End::Well(answer) | End::Failed(answer), _) | (End::Gone(answer), OnCancel::Fail) => {
                Some(answer)
            }
            (End::Gone(_), OnCancel::HandOver) => None,
        }
    }

    /// Entries in the map.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// Entries of flights that are, or seem, under way.
    pub fn under_way(&self) -> usize {
        self.entries.len() - self.kept
    }

    /// Flights, so far, whose leader still worked when its hold on the key had ended.
    pub fn late(&self) -> u64 {
        self.late
    }

    fn put(&mut self, key: u64, state: State<T>, line: usize, dies: u64) -> u64 {
        let serial = self.next;
        self.next += 1;
        self.remove(key);
        self.kept += usize::from(matches!(state, State::Kept(_)));
        let entry = Entry {
            serial,
            dies,
            state,
        };
        self.entries.insert(key, entry);
        // What is for ever may still have to make room.
        if dies < u64::MAX || line != FLIGHTS {
            self.lines[line].push_back((dies, key, serial));
        }
        serial
    }

    fn remove(&mut self, key: u64) {
        if let Some(entry) = self.entries.remove(&key) {
            self.kept -= usize::from(matches!(entry.state, State::Kept(_)));
        }
    }

    /// Forgets the oldest answer that is kept. Whether there was one.
    fn make_room(&mut self) -> bool {
        for line in [RESULTS, FAILURES] {
            while let Some((_, key, serial)) = self.lines[line].pop_front() {
                if self.is(key, serial) {
                    self.remove(key);
                    return true;
                }
            }
        }
        false
    }

    fn is(&self, key: u64, serial: u64) -> bool {
        self.entries.get(&key).is_some_and(|e| e.serial == serial)
    }

    /// Removes what has lived too long, at amortised O(1).
    fn expire(&mut self, now: u64) {
        for line in 0..LINES {
            while let Some(&(dies, key, serial)) = self.lines[line].front() {
                let current = self.is(key, serial);
                if current && dies > now {
                    break;
                }
                if current {
                    self.remove(key);
                }
                self.lines[line].pop_front();
            }
            // What ended in time leaves its word behind, until these are the most.
            if self.lines[line].len() > 2 * self.entries.len() + 64 {
                let entries = &self.entries;
                self.lines[line].retain(|(_, key, serial)| {
                    entries.get(key).is_some_and(|e| e.serial == *serial)
                });
            }
        }
    }
}

impl Cleanup {
    /// Whether the entry of a flight that ended so stays behind.
    fn leaks(self, how: End) -> bool {
        match self {
            Cleanup::Always => false,
            Cleanup::OnSuccess => !matches!(how, End::Well(_)),
            Cleanup::OnFailure => !matches!(how, End::Failed(_)),
            Cleanup::Never => true,
        }
    }
}
