//! The second step of a write, such as an event to publish: called once the ledger says DONE.
//!
//! Without an outbox the process makes the call itself, right after, once: what fails, or dies in between, is never made, as
//! whoever tries again finds DONE. With one it is stored with DONE, and a relay makes it until it is acknowledged: at least
//! once, so its consumer is to know it by its key. The relay is nobody's process unless the ledger is in one's memory.

use super::way::{Came, One, Way, one};
use crate::{
    recording::{WriteRow, part, result},
    service::{
        deaths::{self, while_alive},
        journey::Visit,
        process::Process,
        purpose,
        seams::Moment,
        spec::WriteSpec,
        strays::Order,
        world::World,
        writes::Step,
    },
    sim::dice::Purpose,
};
use std::rc::Rc;

/// How long a relay waits after a call that failed, ns.
const AGAIN: u64 = 100_000_000;

/// How often a relay tries a second step again when the traffic has ended.
const MOST_LATE: u32 = 100;

const PURPOSES: [Purpose; 2] = [purpose::SECOND, purpose::SECOND_FAILS];

/// A relay that is to be run.
pub(in crate::service) struct Relay {
    /// Whose ledger it reads: a process number, or 0 for the one outside of all of them.
    ledger: u32,
    /// Whose memory the ledger is in.
    process: Option<Rc<Process>>,
}

/// What comes after DONE; `stored`: the ledger has it, under this key. `nth` tells one DONE of a request from another.
pub(super) async fn after(
    w: &World<'_>,
    v: &Visit<'_>,
    spec: &WriteSpec,
    stored: Option<u64>,
    nth: u32,
) {
    let Some(dependency) = spec.then else { return };
    let timeout = spec.options.timeout.0;
    w.writes.borrow_mut().done(v.request.op, w.sim.now());
    if let Some(key) = stored {
        let step = Step {
            key,
            request: v.request.clone(),
            dependency,
            timeout,
        };
        let ledger = spec.ledger.place(v.process.number);
        if w.writes.borrow_mut().store(ledger, step) {
            let process = (ledger > 0).then(|| v.process.clone());
            let relay = Relay { ledger, process };
            w.strays.order(Order::Relay(Box::new(relay)));
        }
    }
    deaths::may_kill(w, v, Moment::Committed, nth).await;
    if stored.is_none() {
        let way = Way {
            dependency,
            request: v.request,
            dice: v.dice,
            replica: v.process.replica,
            attempt: 1,
            purposes: PURPOSES,
            n: u64::from(nth),
        };
        let one = one(w, &way);
        note(w, v.request.op, &one);
        let by = (v.process.replica, v.process.number);
        log(w, v.request.op, dependency, by, 1, &one, timeout);
        // How it ended changes nothing: the write is done, and its client is told that.
        w.sim.sleep(one.heard.min(timeout)).await;
    }
}

/// A call that takes effect is in the consumer's books.
fn note(w: &World<'_>, intent: u64, one: &One) {
    if one.lands.is_some() {
        w.writes.borrow_mut().second(intent);
    }
}

/// A row of the log: its time is known when it is sent.
fn log(
    w: &World<'_>,
    op: u64,
    dependency: usize,
    (replica, process): (u16, u32),
    number: u16,
    one: &One,
    timeout: u64,
) {
    let now = w.sim.now();
    w.writes.borrow_mut().begin(WriteRow {
        op,
        part: part::SECOND,
        number,
        dependency: w.dependencies[dependency].number,
        replica,
        process,
        started: now,
        time: one.heard.min(timeout),
        result: match one.came {
            _ if one.heard > timeout => result::TIMEOUT,
            Came::Well => result::OK,
            _ => result::ERROR,
        },
        sent: 1,
        commits: u16::from(one.lands.is_some()),
        landed: one.lands.map_or(0, |lands| now.saturating_add(lands)),
        ..WriteRow::default()
    });
}

impl World<'_> {
    /// Makes the second steps that a ledger has, one after another, until there is none.
    pub(in crate::service) async fn run_relay(&self, relay: Relay) {
        let work = self.relay(relay.ledger);
        match &relay.process {
            Some(process) => drop(while_alive(self, process, work).await),
            None => work.await,
        }
    }

    async fn relay(&self, ledger: u32) {
        loop {
            let Some(step) = self.writes.borrow_mut().next_step(ledger) else {
                return;
            };
            let dice = self.dice(step.request.op);
            let mut late = 0;
            for attempt in 1u32.. {
                let way = Way {
                    dependency: step.dependency,
                    request: &step.request,
                    dice,
                    replica: 0,
                    attempt: u16::try_from(attempt).unwrap_or(u16::MAX),
                    purposes: PURPOSES,
                    n: 1 << 32 | u64::from(attempt),
                };
                let one = one(self, &way);
                note(self, step.request.op, &one);
                let (op, nth) = (step.request.op, attempt as u16);
                log(self, op, step.dependency, (0, 0), nth, &one, step.timeout);
                self.sim.sleep(one.heard.min(step.timeout)).await;
                if matches!(one.came, Came::Well) && one.heard <= step.timeout {
                    break;
                }
                // A run has an end, though its consumer may never come back.
                late += u32::from(self.sim.now() > self.strays.until.get());
                if late > MOST_LATE {
                    return;
                }
                self.sim.sleep(AGAIN).await;
            }
            self.writes.borrow_mut().acknowledge(ledger, step.key);
        }
    }
}
