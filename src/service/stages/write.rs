//! The write of a request: looks into the ledger, tries, time-outs, and copies that a queue or a proxy makes. One that is due
//! later is a [job](crate::service::jobs).

use super::{
    super::{purpose, spec::WriteSpec},
    then,
    way::{self, Came, Way},
};
use crate::{
    components::{
        keys::Tag,
        ledger::{Claim, End, Try},
    },
    recording::{RequestRow, WriteRow, outcome, part, result},
    service::{deaths, jobs, join::First, journey::Visit, seams::Moment, world::World},
    sim::hash::mix,
};

/// Which of the copies of a visit writes, and its try.
#[derive(Clone, Copy)]
struct Which {
    copy: u64,
    number: u32,
}

/// Writes what the request means, once. Gives `end`, or how writing it failed.
pub(in crate::service) async fn once(
    w: &World<'_>,
    v: &Visit<'_>,
    row: &mut RequestRow,
    spec: &WriteSpec,
    end: u8,
) -> u8 {
    let (began, client) = (w.sim.now(), row.tries);
    if spec.options.delay.is_some() {
        jobs::take(w, v, client, spec);
        return end;
    }
    let visibility = spec.options.visibility.0;
    let mut copies = First::new();
    copies.push(0, copy(w, v, client, spec, 0));
    if comes_twice(v, spec) {
        copies.push(1, copy(w, v, client, spec, 1));
    }
    let mut more = 2..jobs::MOST_COPIES;
    let ended = loop {
        let Some(number) = more.next().filter(|_| visibility > 0) else {
            break copies.next().await.1;
        };
        match w.sim.timeout(visibility, copies.next()).await {
            Ok((_, ended)) => break ended,
            Err(_) => {
                w.writes.borrow_mut().redelivered();
                copies.push(2, copy(w, v, client, spec, number));
            }
        }
    };
    drop(copies);
    row.call += w.sim.now() - began;
    match ended {
        outcome::OK => {
            w.writes.borrow_mut().answered(v.request.op);
            end
        }
        failed => failed,
    }
}

/// Whether this request is one of those that come twice.
pub(in crate::service) fn comes_twice(v: &Visit<'_>, spec: &WriteSpec) -> bool {
    let twice = spec.options.twice.0;
    twice > 0.0 && v.dice.draw(purpose::TWICE, 0).chance(twice.min(1.0))
}

/// One copy of the request, with its tries.
pub(in crate::service) async fn copy(
    w: &World<'_>,
    v: &Visit<'_>,
    client: u8,
    spec: &WriteSpec,
    copy: u64,
) -> u8 {
    let o = &spec.options;
    let mut ended = outcome::ERROR;
    let mut wait = o.after.0;
    for number in 1..=o.tries {
        ended = attempt(w, v, client, spec, Which { copy, number }).await;
        if ended == outcome::OK || number == o.tries {
            break;
        }
        w.sim.sleep(wait).await;
        wait = wait.saturating_mul(2).min(3_600_000_000_000);
    }
    ended
}

/// One try: asks the ledger, waits while somebody else works on it, and writes if it is let.
async fn attempt(w: &World<'_>, v: &Visit<'_>, client: u8, spec: &WriteSpec, which: Which) -> u8 {
    let (o, intent) = (&spec.options, v.request.op);
    let Which { copy, number } = which;
    let process = v.process.number;
    let nonce = u64::from(client) << 48 | copy << 40 | u64::from(number);
    let raw = v.request.payload.raw_digest;
    let key = spec.ledger.key.key(&Try {
        intent,
        operation: super::super::world::tag_digest(v.request, &w.tags.borrow(), Tag::Route),
        content: raw,
        payload: mix(raw ^ mix(intent)) ^ mix(nonce),
        nonce: mix(intent) ^ mix(nonce),
    });
    let logged = Logged::begin(
        w,
        WriteRow {
            op: intent,
            part: part::WRITE,
            tries: client,
            number: u16::try_from(number).unwrap_or(u16::MAX),
            copy: u16::try_from(copy + 1).unwrap_or(u16::MAX),
            redelivered: u8::from(copy > 1),
            dependency: w.dependencies[spec.dependency].number,
            replica: v.process.replica,
            process,
            key: if o.idempotent { key } else { 0 },
            visibility: o.visibility.0,
            ..WriteRow::default()
        },
    );
    // A service without a ledger writes, whoever wrote before.
    let (token, doubt) = match o.idempotent {
        false => (0, false),
        true => match claim(w, v, spec, key, &logged).await {
            Ok(let_to) => let_to,
            Err(told) => {
                logged.ends(told);
                return told;
            }
        },
    };
    if o.idempotent {
        logged.note(|row| {
            row.lease = spec.ledger.lease.0;
            row.asked = u8::from(doubt);
        });
    }
    // Whether what it says counts: a ledger may have given the operation to somebody else by then.
    let finish = |end| match o.idempotent {
        true => ledger(w, spec, process, |l| l.finish(key, token, end, w.sim.now())),
        false => true,
    };
    let stored = (o.idempotent && spec.ledger.outbox).then_some(key);
    // Bad luck, and not what is written: another time may be a better one.
    let nth = u32::from(client) << 16 | (copy as u32) << 8 | number;
    if doubt {
        w.sim.sleep(o.lookup.0).await;
        if w.writes.borrow_mut().ask(intent, key, token, w.sim.now()) {
            logged.ends(outcome::OK);
            if finish(End::Done(intent)) {
                then::after(w, v, spec, stored, nth).await;
            }
            return outcome::OK;
        }
    }
    let (time, came) = send(w, v, spec, which, (key, token), logged.at);
    let ends = w.sim.now().saturating_add(time.min(o.timeout.0));
    // A heart beats a thousand times a second at most.
    let beat = match o.idempotent {
        true => spec.ledger.heartbeat.0,
        false => 0,
    };
    while w.sim.now() < ends {
        let left = ends - w.sim.now();
        w.sim
            .sleep(if beat == 0 {
                left
            } else {
                left.min(beat.max(1_000_000))
            })
            .await;
        if beat > 0 {
            ledger(w, spec, process, |l| l.renew(key, token, w.sim.now()));
        }
    }
    let (end, told) = match (time > o.timeout.0, came) {
        (true, _) => (End::Unknown, outcome::TIMEOUT),
        // A connection that broke says as little of the write as a time-out.
        (false, Came::Broken) => (End::Unknown, outcome::ERROR),
        (false, Came::Refused) => (End::Failed, outcome::ERROR),
        (false, Came::Well) => (End::Done(intent), outcome::OK),
    };
    let done = matches!(end, End::Done(_));
    logged.ends(told);
    if done {
        deaths::may_kill(w, v, Moment::Written, nth).await;
    }
    if finish(end) && done {
        then::after(w, v, spec, stored, nth).await;
    }
    told
}

/// Asks the ledger until it lets somebody write, or tells how it ended: a fencing token, and whether an earlier holder may
/// have written.
async fn claim(
    w: &World<'_>,
    v: &Visit<'_>,
    spec: &WriteSpec,
    key: u64,
    logged: &Logged<'_, '_>,
) -> Result<(u64, bool), u8> {
    let (o, intent, process) = (&spec.options, v.request.op, v.process.number);
    let until = w.sim.now().saturating_add(o.timeout.0);
    loop {
        w.sim.sleep(o.lookup.0).await;
        let seen = ledger(w, spec, process, |l| l.look(key, w.sim.now()));
        w.writes.borrow_mut().tried(intent, key, seen.is_some());
        let (word, age) = w
            .writes
            .borrow_mut()
            .found(spec.ledger, process, key, w.sim.now());
        logged.note(|row| (row.lookup, row.record_age) = (word, age));
        if !spec.ledger.atomic {
            // The way back, and the way of the write: what was seen is old by then.
            w.sim.sleep(o.lookup.0).await;
        }
        match ledger(w, spec, process, |l| l.claim(key, seen, w.sim.now())) {
            Claim::Run { token, doubt } => return Ok((token, doubt)),
            Claim::Done(_) => return Err(outcome::OK),
            Claim::Failed => return Err(outcome::ERROR),
            Claim::Busy(_) if w.sim.now() >= until => return Err(outcome::TIMEOUT),
            Claim::Busy(_) => w.sim.sleep(o.poll.0).await,
        }
    }
}

fn ledger<T>(
    w: &World<'_>,
    spec: &WriteSpec,
    process: u32,
    with: impl FnOnce(&mut crate::components::ledger::Ledger) -> T,
) -> T {
    with(w.writes.borrow_mut().ledger(spec.ledger, process))
}

/// Sends the write, through the proxy if there is one: ns until something comes of it (`u64::MAX`: never), and what. What a
/// proxy sends again is written again: it is the same holder's.
fn send(
    w: &World<'_>,
    v: &Visit<'_>,
    spec: &WriteSpec,
    which: Which,
    (key, token): (u64, u64),
    row: usize,
) -> (u64, Came) {
    let (now, o) = (w.sim.now(), &spec.options);
    let mut began: u64 = 0;
    for resent in 0..=o.proxy_retries {
        let n = which.copy << 48 | u64::from(which.number) << 16 | u64::from(resent);
        let one = way::one(
            w,
            &Way {
                dependency: spec.dependency,
                request: v.request,
                dice: v.dice,
                replica: v.process.replica,
                attempt: u16::try_from(which.number).unwrap_or(u16::MAX),
                purposes: [purpose::WRITE, purpose::WRITE_FAILS],
                n,
            },
        );
        let lands = one.lands.map_or(u64::MAX, |lands| {
            now.saturating_add(began).saturating_add(lands)
        });
        w.writes
            .borrow_mut()
            .send(v.request.op, key, token, lands, row);
        if one.heard <= o.proxy_timeout.0 || resent == o.proxy_retries {
            return (began.saturating_add(one.heard), one.came);
        }
        began = began.saturating_add(o.proxy_timeout.0);
    }
    (u64::MAX, Came::Broken)
}

/// The row of a try in the log of writes. Dropped half way, it is that of a cancelled one.
struct Logged<'w, 'r> {
    w: &'w World<'r>,
    at: usize,
}

impl<'w, 'r> Logged<'w, 'r> {
    fn begin(w: &'w World<'r>, row: WriteRow) -> Self {
        let started = w.sim.now();
        let at = w.writes.borrow_mut().begin(WriteRow {
            started,
            time: u64::MAX,
            result: result::CANCELLED,
            ..row
        });
        Logged { w, at }
    }

    fn note(&self, note: impl FnOnce(&mut WriteRow)) {
        note(self.w.writes.borrow_mut().row(self.at));
    }

    /// The try ends here, as the request is told.
    fn ends(&self, told: u8) {
        let now = self.w.sim.now();
        self.note(|row| {
            row.time = now - row.started;
            row.result = match told {
                outcome::OK => result::OK,
                outcome::TIMEOUT => result::TIMEOUT,
                _ => result::ERROR,
            };
        });
    }
}

impl Drop for Logged<'_, '_> {
    fn drop(&mut self) {
        let now = self.w.sim.now();
        self.note(|row| {
            if row.time == u64::MAX {
                row.time = now - row.started;
            }
        });
    }
}
