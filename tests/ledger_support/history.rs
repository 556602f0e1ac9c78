//! Histories of threads at one ledger, and whether one order of what they did explains every answer (linearizability).
//!
//! Wing and Gong, "Testing and verifying concurrent objects", 1993, with the memory of Lowe 2017. A key is an object of its
//! own (Herlihy and Wing, 1990: a history is linearizable if that of each object is), so that histories stay short. Of
//! tokens it is asked that each is larger than all before it at its key.

use gameday::components::ledger::{Claim, End, LedgerOptions, Record, Ruling, State};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// What a thread asked, and was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    Claim(Claim),
    /// Token, answer.
    Renew(u64, bool),
    /// Token, end, answer.
    Finish(u64, End, bool),
}

/// One call, between two ticks of a clock that all threads share.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub key: u64,
    /// The time that the ledger was told, ns.
    pub now: u64,
    pub did: Did,
    pub began: u64,
    pub ended: u64,
}

/// An explanation of a key's history as far as it goes: its record, and the largest token so far.
type At = (Option<Record>, u64);

/// What the record is after this call, if the call can stand here.
fn after((record, newest): At, call: &Call, options: &LedgerOptions) -> Option<At> {
    let pending = |r: &Record, token| r.state == State::Pending && r.token == token;
    match call.did {
        Did::Claim(told) => {
            let found = record.filter(|r| r.counts(call.now));
            match (options.rule(found, call.now), told) {
                (Ruling::Told(rule), told) if rule == told => Some((record, newest)),
                (
                    Ruling::Taken {
                        since,
                        until,
                        doubt,
                    },
                    Claim::Run { token, doubt: said },
                ) if token > newest && doubt == said => {
                    let state = State::Pending;
                    let record = Record {
                        state,
                        token,
                        since,
                        until,
                    };
                    Some((Some(record), token))
                }
                _ => None,
            }
        }
        Did::Renew(token, told) => {
            let held = record.filter(|r| pending(r, token));
            let until = options.leased(call.now);
            match (held, told) {
                (Some(r), true) => Some((Some(Record { until, ..r }), newest)),
                (None, false) => Some((record, newest)),
                _ => None,
            }
        }
        Did::Finish(token, end, told) => {
            let held = record.filter(|r| pending(r, token));
            let (state, until) = options.end(end, call.now);
            match (held, told) {
                (Some(r), true) => {
                    let state = state.unwrap_or(r.state);
                    Some((Some(Record { state, until, ..r }), newest))
                }
                (None, false) => Some((record, newest)),
                _ => None,
            }
        }
    }
}

/// Whether an order explains the history of one key (128 calls at most), and its last record is the one that was found.
fn explained(calls: &[Call], options: &LedgerOptions, last: Option<Record>) -> bool {
    assert!(calls.len() <= 128, "{} calls of one key", calls.len());
    let all = u128::MAX.checked_shr(128 - calls.len() as u32).unwrap_or(0);
    let mut seen: BTreeSet<(u128, String)> = BTreeSet::new();
    let mut open: Vec<(u128, At)> = vec![(0, (None, 0))];
    while let Some((done, at)) = open.pop() {
        if done == all {
            if at.0 == last {
                return true;
            }
            continue;
        }
        let left = || (0..calls.len()).filter(|i| done & 1 << i == 0);
        // What ended before another began stands before it.
        let first_end = left().map(|i| calls[i].ended).min().unwrap_or(u64::MAX);
        for i in left().filter(|i| calls[*i].began < first_end) {
            if let Some(next) = after(at, &calls[i], options) {
                let done = done | 1 << i;
                if seen.insert((done, format!("{next:?}"))) {
                    open.push((done, next));
                }
            }
        }
    }
    false
}

/// The keys whose histories nothing explains, with their calls.
pub struct Unexplained(Vec<(u64, Vec<Call>, Option<Record>)>);

impl fmt::Debug for Unexplained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, calls, last) in &self.0 {
            writeln!(f, "key {key}, and at last {last:?}:")?;
            for c in calls {
                writeln!(
                    f,
                    "  [{}, {}] at {} ns: {:?}",
                    c.began, c.ended, c.now, c.did
                )?;
            }
        }
        Ok(())
    }
}

/// Holds a history to the rules; `last` reads the record that a key has in the end.
pub fn check(
    calls: &[Call],
    options: &LedgerOptions,
    mut last: impl FnMut(u64) -> Option<Record>,
) -> Result<(), Unexplained> {
    let mut keys: BTreeMap<u64, Vec<Call>> = BTreeMap::new();
    for call in calls {
        keys.entry(call.key).or_default().push(*call);
    }
    let mut bad = vec![];
    for (key, calls) in keys {
        let last = last(key);
        if !explained(&calls, options, last) {
            bad.push((key, calls, last));
        }
    }
    match bad.is_empty() {
        true => Ok(()),
        false => Err(Unexplained(bad)),
    }
}
