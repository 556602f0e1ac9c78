//! A ledger of idempotency records: each logical operation is written once, whoever tries how often. Source: Q26.
//!
//! # Short answer
//! The client sends a key that stands for the operation, the same at each try. Before writing, the server inserts a record
//! PENDING under that key if there is none, in one step; who finds DONE is given its result, who finds PENDING waits. A
//! holder owns its record by a lease that it renews while it works. When the lease ends, or a call timed out, nobody knows
//! whether the write happened: who takes over is told so ([`Claim::Run`] with `doubt`) and asks the dependency first, under
//! a newer fencing token, so that the older holder can no longer write. What is to be done after the write is stored in the
//! same transaction as DONE (an outbox), and handed out until it is acknowledged.
//!
//! What is decided of one record is in [`LedgerOptions::rule`] and [`LedgerOptions::end`]: the ledger here keeps its records
//! for a run, `live::ledger` keeps them in a file or in PostgreSQL.
//!
//! # Complexity
//! O(1) amortised an operation; memory is one record an operation for `ttl` after its end.
//!
//! # Follow-ups of the seed
//! - Concurrent first writes for the same key across pods? Insert if absent, in the store: of two one runs, the other is
//!   told to wait. `cargo test --lib of_two_first_writers_one_runs` is the law; `check-then-act` is the flaw.
//! - The right TTL? Longer than the longest time after which somebody may try again: days for payments, whose clients
//!   reconcile by hand; the length of the queue's redelivery for analytics.
//!
//! # Anti-patterns
//! Flaws in [`FLAWS`]: `random-key-per-retry`, `idempotency-key-unstable`, `key-without-intent`, `key-without-operation`,
//! `store-in-memory`, `record-ttl-too-short`, `lease-shorter-than-work`, `lease-for-ever`, `not-fenced`, `check-then-act`,
//! `timeout-taken-for-failure`, `failure-is-final`, `multi-step-without-outbox`.
//!
//! # Source
//! The draft "The Idempotency-Key HTTP Header Field" of the IETF's httpapi group. Leases: Gray and Cheriton, SOSP 1989.

#[cfg(test)]
mod laws;
mod options;
mod rules;

use crate::sim::hash::{Map, Set, mix};
pub use options::{Doubt, FLAWS, Failures, KeyOf, LedgerOptions};
pub use rules::Ruling;
use std::collections::VecDeque;

/// One try of an operation, as the one who makes its key sees it. All numbers are digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Try {
    /// What the client means to happen once.
    pub intent: u64,
    /// Which of the intent's operations.
    pub operation: u64,
    /// What is asked for, without names and times.
    pub content: u64,
    /// All bytes as sent.
    pub payload: u64,
    /// A number drawn for this try alone.
    pub nonce: u64,
}

impl KeyOf {
    /// The idempotency key of a try.
    pub fn key(self, of: &Try) -> u64 {
        match self {
            KeyOf::Operation => mix(of.intent ^ mix(of.operation)),
            KeyOf::Intent => mix(of.intent),
            KeyOf::Payload => mix(of.payload),
            KeyOf::Content => mix(of.content),
            KeyOf::PerTry => mix(of.nonce),
        }
    }
}

/// What a record says of its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Somebody works on it, or did when last heard of.
    Pending,
    /// It was written, with this result.
    Done(u64),
    /// It was not written, for certain.
    Failed,
}

/// An idempotency record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it says.
    pub state: State,
    /// Fencing token of the holder: larger than those of all holders before it.
    pub token: u64,
    /// When it was first written, ns.
    pub since: u64,
    /// Until when its holder owns it, where it is pending; until when it is kept, otherwise. ns.
    pub until: u64,
}

/// What a try may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Write, under this fencing token, and tell the ledger how it ended.
    Run {
        /// The token.
        token: u64,
        /// An earlier holder may have written: ask first.
        doubt: bool,
    },
    /// Somebody works on it, and owns it until then (ns).
    Busy(u64),
    /// It is written: the result of then.
    Done(u64),
    /// It failed, and that is final.
    Failed,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Written, with this result.
    Done(u64),
    /// Not written, for certain.
    Failed,
    /// Nobody knows: a timeout, a connection reset.
    Unknown,
}

/// The records. `now` never goes back.
#[derive(Debug)]
pub struct Ledger {
    options: LedgerOptions,
    records: Map<u64, Record>,
    /// Ended records in the order in which they expire, with the token that ended them.
    ended: VecDeque<(u64, u64, u64)>,
    /// Keys whose second step is not acknowledged, in the order of their commits.
    outbox: VecDeque<u64>,
    token: u64,
    /// Keys whose records were kept long enough: what an operator can tell from those that never had one.
    expired: Set<u64>,
}

impl Ledger {
    /// An empty one.
    pub fn new(options: LedgerOptions) -> Ledger {
        Ledger {
            options,
            records: Map::default(),
            ended: VecDeque::new(),
            outbox: VecDeque::new(),
            token: 0,
            expired: Set::default(),
        }
    }

    /// A deploy: what comes from now on goes by these options, and the records stay.
    pub fn retune(&mut self, options: LedgerOptions) {
        self.options = options;
    }

    /// The record of a key, where there is one: what an operator is shown, and the first half of a check-then-act.
    pub fn look(&self, key: u64, now: u64) -> Option<Record> {
        self.records.get(&key).copied().filter(|r| r.counts(now))
    }

    /// Whether there was a record of this key, and it was kept long enough.
    pub fn has_expired(&self, key: u64) -> bool {
        self.expired.contains(&key) || self.records.contains_key(&key)
    }

    /// What a try that saw `seen` may do. Where looking and inserting are one step, what it saw does not matter.
    pub fn claim(&mut self, key: u64, seen: Option<Record>, now: u64) -> Claim {
        self.forget(now);
        let found = match self.options.atomic {
            true => self.look(key, now),
            false => seen,
        };
        let (since, until, doubt) = match self.options.rule(found, now) {
            Ruling::Told(claim) => return claim,
            Ruling::Taken {
                since,
                until,
                doubt,
            } => (since, until, doubt),
        };
        self.token += 1;
        let record = Record {
            state: State::Pending,
            token: self.token,
            since,
            until,
        };
        self.records.insert(key, record);
        let token = self.token;
        Claim::Run { token, doubt }
    }

    /// A holder is alive: it owns its operation for another lease. False: it is another's by now, or over.
    pub fn renew(&mut self, key: u64, token: u64, now: u64) -> bool {
        let until = self.options.leased(now);
        match self.held(key, token) {
            Some(record) => {
                record.until = until;
                true
            }
            None => false,
        }
    }

    /// How a holder's write ended. False: it was another's by then, and nothing is changed.
    pub fn finish(&mut self, key: u64, token: u64, end: End, now: u64) -> bool {
        let (state, until) = self.options.end(end, now);
        let outbox = self.options.outbox;
        let Some(record) = self.held(key, token) else {
            return false;
        };
        record.until = until;
        if let Some(state) = state {
            record.state = state;
            let token = record.token;
            self.ended.push_back((until, key, token));
            if outbox && matches!(state, State::Done(_)) {
                self.outbox.push_back(key);
            }
        }
        true
    }

    /// The oldest key whose second step is still to be done. Handed out again until [`Ledger::acknowledge`]d.
    pub fn to_do(&self) -> Option<u64> {
        self.outbox.front().copied()
    }

    /// The second step of this key is done.
    pub fn acknowledge(&mut self, key: u64) {
        if let Some(at) = self.outbox.iter().position(|k| *k == key) {
            self.outbox.remove(at);
        }
    }

    /// The process is gone, and another comes up: what was in its memory alone is lost.
    pub fn restart(&mut self) {
        if !self.options.durable {
            self.records.clear();
            self.ended.clear();
            self.expired.clear();
            self.outbox.clear();
        }
    }

    /// Records that are held.
    pub fn held_records(&self) -> usize {
        self.records.len()
    }

    /// The pending record of this holder.
    fn held(&mut self, key: u64, token: u64) -> Option<&mut Record> {
        let fenced = self.options.fenced;
        self.records
            .get_mut(&key)
            .filter(|r| r.state == State::Pending || !fenced)
            .filter(|r| r.token == token || !fenced)
    }

    /// Drops what is kept no longer.
    fn forget(&mut self, now: u64) {
        while let Some((until, key, token)) = self.ended.front().copied()
            && until <= now
        {
            self.ended.pop_front();
            let over = |r: &Record| r.token == token && r.state != State::Pending && r.until <= now;
            if self.records.get(&key).is_some_and(over) {
                self.records.remove(&key);
                self.expired.insert(key);
            }
        }
    }
}
