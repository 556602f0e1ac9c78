//! Clients: they send, wait as long as their patience lasts, and may try again.
//!
//! The client is the root of everything that happens on behalf of a request: the journey is joined in place and dropped
//! when the client hangs up, unless the service says that work may outlive it: see [`errand`].

use super::{
    deaths::while_alive,
    errand,
    journey::{Visit, journey},
    latency::Size,
    parts,
    process::{NEVER, Process},
    purpose, registry, row,
    spec::ClientRetry,
    strays::Order,
    world::World,
};
use crate::{
    recording::{RequestRow, outcome},
    trace::Request,
};
use std::{cell::Cell, rc::Rc};

/// An operation that was answered, and that its client sends again.
pub(super) struct Replay {
    request: Request,
    /// Number of its next try.
    first: u8,
    /// ns from the answer.
    after: u64,
}

/// One operation of a client, with its retries. Gives the outcome of the last try.
pub async fn client(w: &World<'_>, request: &Request) -> u8 {
    if w.remember > 0 {
        w.remember(request);
    }
    let habit = &w.newest().spec.clients.retry;
    w.client_budget
        .borrow_mut()
        .earn(habit.budget.0, habit.budget_burst);
    let (end, last) = all_tries(w, request, 1).await;
    if let Some(habit) = &w.newest().spec.clients.replay
        && matches!(end, outcome::OK | outcome::DEGRADED)
        && last < u8::MAX
    {
        let dice = w.dice(request.op);
        if dice.draw(purpose::REPLAY, 0).chance(habit.share.0) {
            let mut draw = dice.draw(purpose::REPLAY_AFTER, 0);
            // By a root of its own: a person goes on with what is next meanwhile.
            w.strays.order(Order::Replay(Box::new(Replay {
                request: request.clone(),
                first: last + 1,
                after: habit.after.sample(Size::of(request), &mut draw),
            })));
        }
    }
    end
}

/// Sends an operation again, with its retries.
pub(super) async fn replay(w: &World<'_>, again: Replay) {
    w.sim.sleep(again.after).await;
    all_tries(w, &again.request, again.first).await;
}

/// Tries from the one of this number on. Gives the outcome of the last one, and its number.
async fn all_tries(w: &World<'_>, request: &Request, first: u8) -> (u8, u8) {
    let mut tries = first;
    loop {
        let (end, retry_after) = one_try(w, request, tries).await;
        let habit = &w.newest().spec.clients.retry;
        let Some(wait) = next_try(habit, w, request, [first, tries], end, retry_after) else {
            return (end, tries);
        };
        w.sim.sleep(wait).await;
        tries += 1;
    }
}

/// ns to wait before another try than the one of this number; `None` when there is none.
fn next_try(
    habit: &ClientRetry,
    w: &World<'_>,
    request: &Request,
    [first, tries]: [u8; 2],
    end: u8,
    retry_after: u64,
) -> Option<u64> {
    // Which try since they began, from 1.
    let nth = u32::from(tries - first) + 1;
    let worth_it = matches!(
        end,
        outcome::ERROR
            | outcome::TIMEOUT
            | outcome::REJECTED
            | outcome::SHED
            | outcome::HUNG_UP
            | outcome::UNAVAILABLE
    );
    // A client that leaves of its own accord does not come back.
    let left = end == outcome::HUNG_UP && request.disconnect > 0 && tries == 1;
    if !worth_it || left || nth > habit.max || tries == u8::MAX {
        return None;
    }
    let doubled = habit
        .after
        .0
        .saturating_mul(1u64.checked_shl(nth - 1).unwrap_or(u64::MAX));
    let off = w
        .dice(request.op)
        .draw(purpose::CLIENT, u64::from(tries))
        .unit()
        * habit.jitter.0;
    let own = (doubled.min(3_600_000_000_000) as f64 * (1.0 - off)) as u64;
    if habit.obey_retry_after && retry_after == NEVER
        || !w.client_budget.borrow_mut().pay(habit.budget.0)
    {
        return None;
    }
    let told = if habit.obey_retry_after {
        retry_after.saturating_sub(w.sim.now())
    } else {
        0
    };
    Some(own.max(told))
}

/// One try: its outcome, and when a refusal said to come back (0: it did not say).
async fn one_try(w: &World<'_>, request: &Request, tries: u8) -> (u8, u64) {
    let now = w.sim.now();
    let mut row = Row::begin(w, row::begin(request, tries, now));
    w.probes.note_item(request);
    let Some(process) = w.balance(request, tries) else {
        return (row.end(outcome::UNAVAILABLE), 0);
    };
    let version_index = w.version_for(request, process.replica);
    let version = &w.versions[version_index];
    row::served_by(&mut row.row, &process, version, now);
    if !registry::enter(&version.spec, &process) {
        return (row.end(outcome::SHED), 0);
    }
    process.in_flight.set(process.in_flight.get() + 1);
    let patience = [
        w.newest().spec.clients.patience.0,
        request.deadline,
        if tries == 1 { request.disconnect } else { 0 },
    ];
    let patience = patience.into_iter().filter(|&p| p > 0).min();
    if w.departures.on.get() {
        let Row {
            number, row: of, ..
        } = &mut row;
        let work = errand::wait(w, request, version_index, process, *number, of, patience);
        let (end, retry_after) = Box::pin(work).await;
        return (row.end(end), said(end, retry_after));
    }
    let visit = Visit {
        request,
        version,
        version_index,
        process,
        dice: w.dice(request.op).again(tries),
        lasting: w.dice(request.op),
        number: row.number,
        background: false,
        spoilt: Cell::new(false),
        retry_after: Cell::new(0),
        parts: version.logs_parts.then(Rc::default),
        errand: None,
    };
    let work = while_alive(w, &visit.process, journey(w, &visit, &mut row.row));
    let end = match patience {
        None => Some(work.await),
        Some(patience) => w
            .sim
            .timeout_at(now.saturating_add(patience), work)
            .await
            .ok(),
    };
    let end = match end {
        Some(Some(end)) => end,
        // Its process died: the connection is reset.
        Some(None) => outcome::ERROR,
        None => {
            row.row.disconnected = 1;
            outcome::HUNG_UP
        }
    };
    visit
        .process
        .in_flight
        .set(visit.process.in_flight.get() - 1);
    registry::leave(&version.spec, &visit.process, end);
    (row.end(end), said(end, visit.retry_after.get()))
}

/// When to come back, as an answer with this outcome says it.
fn said(end: u8, retry_after: u64) -> u64 {
    match end {
        outcome::REJECTED | outcome::ERROR | outcome::SHED => retry_after,
        _ => 0,
    }
}

/// A background request: it goes through the journey without a client who waits.
pub(super) async fn background(w: &World<'_>, request: &Request, version_index: usize) {
    let mut begun = row::begin(request, 1, w.sim.now());
    begun.background = 1;
    let mut row = Row::begin(w, begun);
    let Some(process) = w.balance(request, 1) else {
        row.end(outcome::UNAVAILABLE);
        return;
    };
    let end = through(w, &mut row, request, process, version_index).await;
    row.end(end);
}

/// A request that the load balancer itself sends to a replica, and waits for so many ns.
pub(super) async fn asked_by_nobody(
    w: &World<'_>,
    request: &Request,
    process: Rc<Process>,
    patience: u64,
) -> u8 {
    let mut begun = row::begin(request, 1, w.sim.now());
    begun.background = 1;
    let mut row = Row::begin(w, begun);
    let version_index = w.version_for(request, process.replica);
    let journey = through(w, &mut row, request, process, version_index);
    let end = match w.sim.timeout(patience, journey).await {
        Ok(end) => end,
        Err(_) => outcome::HUNG_UP,
    };
    row.end(end)
}

async fn through(
    w: &World<'_>,
    row: &mut Row<'_, '_>,
    request: &Request,
    process: Rc<Process>,
    version_index: usize,
) -> u8 {
    let version = &w.versions[version_index];
    row::served_by(&mut row.row, &process, version, w.sim.now());
    let (dice, number) = (w.dice(request.op), row.number);
    let visit = Visit {
        request,
        version,
        version_index,
        process,
        dice,
        lasting: dice,
        number,
        background: true,
        spoilt: Cell::new(false),
        retry_after: Cell::new(0),
        parts: None,
        errand: None,
    };
    let work = journey(w, &visit, &mut row.row);
    let end = while_alive(w, &visit.process, work).await;
    end.unwrap_or(outcome::ERROR)
}

/// A row under way. Recorded once: when the try ends, or when the run ends before it.
struct Row<'w, 'r> {
    w: &'w World<'r>,
    number: u64,
    row: RequestRow,
    ended: bool,
}

impl<'w, 'r> Row<'w, 'r> {
    fn begin(w: &'w World<'r>, row: RequestRow) -> Self {
        let number = w.recorder.borrow_mut().begin();
        Row {
            w,
            number,
            row,
            ended: false,
        }
    }

    fn end(&mut self, outcome: u8) -> u8 {
        self.ended = true;
        self.row.outcome = outcome;
        self.row.latency = self.w.sim.now() - self.row.arrived;
        if self.w.newest().logs_parts && self.row.honest == 0 {
            parts::say_whole(&mut self.row);
        }
        self.w.record(self.number, &self.row);
        outcome
    }
}

impl Drop for Row<'_, '_> {
    fn drop(&mut self) {
        if !self.ended {
            self.end(0);
        }
    }
}
