//! Ledgers of a run, and beside them what was really written: who may audit is the lab alone.

use crate::{
    components::ledger::{Ledger, LedgerOptions},
    sim::hash::Map,
};
use std::collections::BTreeMap;

/// A write on its way to the dependency, or there.
#[derive(Clone, Copy, Debug)]
struct Sent {
    key: u64,
    token: u64,
    /// When it takes effect, ns.
    lands: u64,
}

/// What became of an intent.
#[derive(Debug, Default)]
struct Fate {
    sent: Vec<Sent>,
    keys: Vec<u64>,
    answered: bool,
}

impl Fate {
    /// Whether nobody has tried to write it yet: a job that waits.
    fn is_new(&self) -> bool {
        self.keys.is_empty() && self.sent.is_empty()
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// By process number; 0 is the one outside of all of them.
    ledgers: BTreeMap<u32, Ledger>,
    fates: Map<u64, Fate>,
    /// Those that somebody tried to write.
    intents: u64,
    tries: u64,
    found: u64,
    keys: u64,
    /// Writes beyond the first of their intent, as a reconciliation with the dependency's books finds them.
    repeats: u64,
    /// The intent that each key first stood for, and intents whose key had stood for another.
    first: Map<u64, u64>,
    shared: u64,
    /// Jobs that were taken and are neither written nor given up.
    waiting: u64,
    /// Copies that the queue handed out besides the first of each.
    redelivered: u64,
    /// Intents, keys, repeats, shared and redelivered when gauges were last read.
    read: (u64, u64, u64, u64, u64),
}

impl Writes {
    /// The ledger that a process writes to: a durable one is everybody's, one in memory dies with its process.
    pub fn ledger(&mut self, options: LedgerOptions, process: u32) -> &mut Ledger {
        let place = if options.durable { 0 } else { process };
        let ledger = self
            .ledgers
            .entry(place)
            .or_insert_with(|| Ledger::new(options));
        ledger.retune(options);
        ledger
    }

    /// Somebody wants to write what `intent` means, under this key, and found a record or did not.
    pub fn tried(&mut self, intent: u64, key: u64, found: bool) {
        self.tries += 1;
        self.found += u64::from(found);
        let fate = self.fates.entry(intent).or_default();
        self.intents += u64::from(fate.is_new());
        if !fate.keys.contains(&key) {
            fate.keys.push(key);
            self.keys += 1;
            let first = *self.first.entry(key).or_insert(intent);
            self.shared += u64::from(first != intent);
        }
    }

    /// A write is sent, and takes effect at `lands` whether or not anybody waits for it; `u64::MAX`: never.
    pub fn send(&mut self, intent: u64, key: u64, token: u64, lands: u64) {
        if lands < u64::MAX {
            let sent = Sent { key, token, lands };
            let fate = self.fates.entry(intent).or_default();
            self.intents += u64::from(fate.is_new());
            self.repeats += u64::from(!fate.sent.is_empty());
            fate.sent.push(sent);
        }
    }

    /// Asks the dependency whether it has written under this key. What older holders sent is refused from now on.
    pub fn ask(&mut self, intent: u64, key: u64, token: u64, now: u64) -> bool {
        let fate = self.fates.entry(intent).or_default();
        if fate.sent.iter().any(|s| s.key == key && s.lands <= now) {
            return true;
        }
        let before = fate.sent.len().saturating_sub(1);
        fate.sent.retain(|s| s.key != key || s.token >= token);
        let after = fate.sent.len().saturating_sub(1);
        self.repeats -= (before - after) as u64;
        false
    }

    /// The client was told that it is written.
    pub fn answered(&mut self, intent: u64) {
        self.fates.entry(intent).or_default().answered = true;
    }

    /// A job was taken, and its client told so.
    pub fn taken(&mut self, intent: u64) {
        self.waiting += 1;
        self.answered(intent);
    }

    /// The queue handed out another copy of a job, or of a request that is worked on.
    pub fn redelivered(&mut self) {
        self.redelivered += 1;
    }

    /// A job is written, or nobody will.
    pub fn over(&mut self) {
        self.waiting -= 1;
    }

    /// Writes by now, those beyond the first of an intent, and intents that were answered and not written.
    pub fn audit(&self, now: u64) -> [u64; 3] {
        let mut audit = [0; 3];
        for fate in self.fates.values() {
            let writes = fate.sent.iter().filter(|s| s.lands <= now).count() as u64;
            audit[0] += writes;
            audit[1] += writes.saturating_sub(1);
            audit[2] += u64::from(fate.answered && writes == 0);
        }
        audit
    }

    /// What an operator sees; `queued`: of a queue too, which hands out copies and keeps jobs.
    pub fn gauges(&mut self, queued: bool, put: &mut dyn FnMut(&str, f64)) {
        let intents = self.intents;
        put("write.tries", self.tries as f64);
        put("write.found", self.found as f64);
        put("write.intents", intents as f64);
        put("write.keys", self.keys as f64);
        let now = (
            intents,
            self.keys,
            self.repeats,
            self.shared,
            self.redelivered,
        );
        let (old_intents, old_keys, old_repeats, old_shared, old_redelivered) =
            std::mem::replace(&mut self.read, now);
        if queued {
            let redelivered = self.redelivered - old_redelivered;
            put("write.redelivered", redelivered as f64);
            put("write.waiting", self.waiting as f64);
        }
        put(
            "write.repeats",
            self.repeats.saturating_sub(old_repeats) as f64,
        );
        put("write.shared_keys", (self.shared - old_shared) as f64);
        // Where no ledger is asked there are none.
        if intents > old_intents && self.keys > 0 {
            let ratio = (self.keys - old_keys) as f64 / (intents - old_intents) as f64;
            put("write.keys_per_intent", ratio);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audit_counts_what_landed_and_what_was_answered_in_vain() {
        let mut writes = Writes::default();
        writes.send(1, 10, 1, 5);
        writes.send(1, 11, 2, 6);
        writes.send(2, 20, 3, 100);
        writes.answered(3);
        assert_eq!(writes.audit(50), [2, 1, 1]);
        assert!(
            !writes.ask(2, 20, 4, 50),
            "not there yet, and refused from now on"
        );
        assert_eq!(writes.audit(200), [2, 1, 1]);
        assert!(writes.ask(1, 10, 9, 50));
    }
}
