//! Ledgers of a run, and beside them what was really written: who may audit is the lab alone.

use crate::{
    components::ledger::{Ledger, LedgerOptions, State},
    recording::{WriteRow, lookup},
    sim::hash::Map,
    trace::Request,
};
use std::collections::{BTreeMap, VecDeque};

/// A write on its way to the dependency, or there.
#[derive(Clone, Copy, Debug)]
struct Sent {
    key: u64,
    token: u64,
    /// When it takes effect, ns.
    lands: u64,
    /// The row of its try.
    row: usize,
}

/// What became of an intent.
#[derive(Debug, Default)]
struct Fate {
    sent: Vec<Sent>,
    keys: Vec<u64>,
    answered: bool,
    /// The ledger has it as DONE, and a second step is due.
    done: bool,
    /// Second steps at their consumer.
    seconds: u32,
}

/// A second step that a ledger has stored.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The idempotency key of its write.
    pub key: u64,
    pub request: Request,
    /// Index of the dependency.
    pub dependency: usize,
    /// ns that an answer is waited for.
    pub timeout: u64,
}

/// Second steps of a ledger.
#[derive(Debug, Default)]
struct Outbox {
    /// In the order in which the ledger hands them out.
    steps: VecDeque<Step>,
    /// A relay is at work.
    relayed: bool,
}

/// How long after DONE a second step may come, ns; what has none by then is missing from the consumer's books.
const OVERDUE: u64 = 30_000_000_000;

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
    /// By whose ledger it is.
    outboxes: BTreeMap<u32, Outbox>,
    /// Intents whose second step is due, and since when (ns).
    due: VecDeque<(u64, u64)>,
    /// Intents that had none when it was overdue, and second steps beyond the first of an intent.
    unpublished: u64,
    twice: u64,
    /// Both when gauges were last read.
    read_seconds: (u64, u64),
    /// Tries, with what became of them.
    log: Vec<WriteRow>,
    /// Intents, keys, repeats, shared and redelivered when gauges were last read.
    read: (u64, u64, u64, u64, u64),
}

impl Writes {
    /// The ledger that a process writes to: a durable one is everybody's, one in memory dies with its process.
    pub fn ledger(&mut self, options: LedgerOptions, process: u32) -> &mut Ledger {
        let ledger = self
            .ledgers
            .entry(options.place(process))
            .or_insert_with(|| Ledger::new(options));
        ledger.retune(options);
        ledger
    }

    /// Begins a row of the log; its place there.
    pub fn begin(&mut self, row: WriteRow) -> usize {
        self.log.push(row);
        self.log.len() - 1
    }

    /// A row of the log.
    pub fn row(&mut self, at: usize) -> &mut WriteRow {
        &mut self.log[at]
    }

    /// The log of a run that has ended then: what had not landed is in nobody's books.
    pub fn logged(&mut self, now: u64) -> Vec<WriteRow> {
        let mut log = std::mem::take(&mut self.log);
        for row in log.iter_mut().filter(|row| row.landed > now) {
            (row.commits, row.landed) = (0, 0);
        }
        log
    }

    /// What a look into a process's ledger found, in the word of the recording.
    pub fn found(&mut self, options: LedgerOptions, process: u32, key: u64, now: u64) -> (u8, u64) {
        let ledger = self.ledger(options, process);
        let Some(record) = ledger.look(key, now) else {
            let known = ledger.has_expired(key);
            return (
                if known {
                    lookup::EXPIRED
                } else {
                    lookup::ABSENT
                },
                0,
            );
        };
        let word = match record.state {
            State::Done(_) => lookup::DONE,
            State::Failed => lookup::FAILED,
            State::Pending if now < record.until => lookup::PENDING,
            State::Pending => lookup::LAPSED,
        };
        (word, now.saturating_sub(record.since))
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

    /// A write is sent, and takes effect at `lands` whether or not anybody waits for it; `u64::MAX`: never. `row`: of its try.
    pub fn send(&mut self, intent: u64, key: u64, token: u64, lands: u64, row: usize) {
        if let Some(row) = self.log.get_mut(row) {
            row.sent = row.sent.saturating_add(1);
        }
        if lands < u64::MAX {
            if let Some(row) = self.log.get_mut(row) {
                row.commits = row.commits.saturating_add(1);
                let first = if row.landed == 0 {
                    lands
                } else {
                    row.landed.min(lands)
                };
                row.landed = first;
            }
            let sent = Sent {
                key,
                token,
                lands,
                row,
            };
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
        let log = &mut self.log;
        fate.sent.retain(|s| {
            let stays = s.key != key || s.token >= token;
            if let Some(row) = log.get_mut(s.row).filter(|_| !stays) {
                row.commits = row.commits.saturating_sub(1);
                if row.commits == 0 {
                    row.landed = 0;
                }
            }
            stays
        });
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

    /// The ledger has it as DONE, and its second step is due.
    pub fn done(&mut self, intent: u64, now: u64) {
        let fate = self.fates.entry(intent).or_default();
        if !std::mem::replace(&mut fate.done, true) {
            self.due.push_back((now, intent));
        }
    }

    /// A second step is in the books of its consumer, or on its way there.
    pub fn second(&mut self, intent: u64) {
        let fate = self.fates.entry(intent).or_default();
        fate.seconds += 1;
        self.twice += u64::from(fate.seconds > 1);
    }

    /// A ledger has stored a second step; whether a relay is to be started for it.
    pub fn store(&mut self, ledger: u32, step: Step) -> bool {
        let outbox = self.outboxes.entry(ledger).or_default();
        outbox.steps.push_back(step);
        !std::mem::replace(&mut outbox.relayed, true)
    }

    /// What a relay is to do next; `None`: nothing, and the relay ends.
    pub fn next_step(&mut self, ledger: u32) -> Option<Step> {
        let key = self.ledgers.get(&ledger).and_then(Ledger::to_do);
        let outbox = self.outboxes.entry(ledger).or_default();
        let step = outbox.steps.iter().find(|step| Some(step.key) == key);
        outbox.relayed = step.is_some();
        step.cloned()
    }

    /// The consumer has acknowledged the second step under this key.
    pub fn acknowledge(&mut self, ledger: u32, key: u64) {
        if let Some(ledger) = self.ledgers.get_mut(&ledger) {
            ledger.acknowledge(key);
        }
        let steps = &mut self.outboxes.entry(ledger).or_default().steps;
        if let Some(at) = steps.iter().position(|step| step.key == key) {
            steps.remove(at);
        }
    }

    /// What an operator sees of second steps: who reconciles both books finds those that are missing.
    pub fn gauges_of_seconds(&mut self, now: u64, put: &mut dyn FnMut(&str, f64)) {
        while let Some((since, intent)) = self.due.front().copied()
            && since.saturating_add(OVERDUE) <= now
        {
            self.due.pop_front();
            let missing = self.fates.get(&intent).is_some_and(|f| f.seconds == 0);
            self.unpublished += u64::from(missing);
        }
        let now = (self.unpublished, self.twice);
        let old = std::mem::replace(&mut self.read_seconds, now);
        put("write.unpublished", (now.0 - old.0) as f64);
        put("write.published_twice", (now.1 - old.1) as f64);
        let stored: usize = self.outboxes.values().map(|o| o.steps.len()).sum();
        put("write.outbox", stored as f64);
    }

    /// Writes by now, those beyond the first of an intent, intents that were answered and not written, and those that are
    /// done without their second step.
    pub fn audit(&self, now: u64) -> [u64; 4] {
        let mut audit = [0; 4];
        for fate in self.fates.values() {
            let writes = fate.sent.iter().filter(|s| s.lands <= now).count() as u64;
            audit[0] += writes;
            audit[1] += writes.saturating_sub(1);
            audit[2] += u64::from(fate.answered && writes == 0);
            audit[3] += u64::from(fate.done && fate.seconds == 0);
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
    use crate::components::ledger::{Claim, End};

    #[test]
    fn the_audit_counts_what_landed_and_what_was_answered_in_vain() {
        let mut writes = Writes::default();
        writes.send(1, 10, 1, 5, 0);
        writes.send(1, 11, 2, 6, 0);
        writes.send(2, 20, 3, 100, 0);
        writes.answered(3);
        assert_eq!(writes.audit(50), [2, 1, 1, 0]);
        assert!(
            !writes.ask(2, 20, 4, 50),
            "not there yet, and refused from now on"
        );
        assert_eq!(writes.audit(200), [2, 1, 1, 0]);
        assert!(writes.ask(1, 10, 9, 50));
    }

    fn step(key: u64) -> Step {
        let payload = crate::trace::Payload::new("", &[]);
        Step {
            key,
            request: Request::blank(std::rc::Rc::new(payload)),
            dependency: 0,
            timeout: 1,
        }
    }

    #[test]
    fn second_steps_are_handed_out_in_the_order_of_their_commits_until_they_are_acknowledged() {
        let mut writes = Writes::default();
        let options = LedgerOptions::plain();
        assert!(writes.next_step(0).is_none());
        for (key, first) in [(7, true), (5, false)] {
            let ledger = writes.ledger(options, 3);
            let Claim::Run { token, .. } = ledger.claim(key, None, 0) else {
                panic!("a new key");
            };
            assert!(ledger.finish(key, token, End::Done(key), 0));
            assert_eq!(writes.store(0, step(key)), first, "one relay is enough");
        }
        let next = |writes: &mut Writes| writes.next_step(0).map(|step| step.key);
        assert_eq!([next(&mut writes), next(&mut writes)], [Some(7); 2]);
        writes.acknowledge(0, 7);
        assert_eq!(next(&mut writes), Some(5));
        writes.acknowledge(0, 5);
        assert_eq!(next(&mut writes), None);
        assert!(writes.store(0, step(9)), "that relay has ended");
    }

    #[test]
    fn a_write_without_its_second_step_is_found_half_a_minute_later_and_once() {
        let mut writes = Writes::default();
        let read = |writes: &mut Writes, now: u64| {
            let mut all = vec![];
            writes.gauges_of_seconds(now, &mut |_, value| all.push(value as u64));
            all
        };
        writes.done(1, 0);
        writes.done(1, 5);
        writes.done(2, 10);
        writes.second(2);
        writes.second(2);
        assert_eq!(read(&mut writes, OVERDUE - 1), [0, 1, 0]);
        assert_eq!(read(&mut writes, OVERDUE), [1, 0, 0]);
        assert_eq!(read(&mut writes, 3 * OVERDUE), [0, 0, 0]);
        assert_eq!(writes.audit(0)[3], 1);
        writes.second(1);
        assert_eq!(writes.audit(0)[3], 0, "late, and not lost");
    }
}
