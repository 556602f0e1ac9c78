//! Admission by limits in a store: the call to it, and what is decided when no answer comes in time.
//!
//! A command takes its effect when its answer arrives; one that the caller gave up on has none.

use super::{admission::key_of, attempt::Attempt, compute};
use crate::{
    components::limiter::store::{Emergency, Local, Reply},
    recording::{AttemptRow, RequestRow, outcome, result},
    service::{
        journey::Visit,
        process::NEVER,
        purpose,
        seams::{Ending, Seam},
        spec::{LimiterSpec, StoreSpec},
        world::World,
    },
    sim::hash::mix,
};

/// ns of virtual time 0 on the store's clock: those that are behind it are still after 0.
const EPOCH: u64 = 1 << 50;
const MS: u64 = 1_000_000;

/// The store that this request's limits are in.
pub(in crate::service) fn of<'a>(v: &Visit<'a>) -> Option<(&'a LimiterSpec, &'a StoreSpec)> {
    let spec = v.version.spec.limiter.as_ref()?;
    match v.background {
        true => None,
        false => Some((spec, spec.store.as_deref()?)),
    }
}

/// Asks the store. On a refusal the visit holds the instant to come back at, for the answer to the client.
pub(in crate::service) async fn enter(
    w: &World<'_>,
    v: &Visit<'_>,
    row: &mut RequestRow,
    (spec, store): (&LimiterSpec, &StoreSpec),
) -> Result<(), u8> {
    let keys: Vec<u64> = {
        let tags = w.tags.borrow();
        spec.levels.iter().map(|l| key_of(v, &tags, l)).collect()
    };
    row.limiter_key = keys.first().copied().unwrap_or(0);
    // One map holds the buckets of all levels, so the level is in the key.
    let buckets: Vec<u64> = keys
        .iter()
        .zip(&store.levels)
        .map(|(key, level)| mix(key ^ level))
        .collect();
    let asks = |e: &Emergency| e.asks(w.sim.now());
    let asks = v.process.emergency.borrow().as_ref().is_none_or(asks);
    let reply = match asks {
        true => ask(w, v, row, store, &buckets).await,
        false => None,
    };
    let Some(reply) = reply else {
        return alone(w, v, row, store);
    };
    let Some(level) = reply.refused else {
        row.limiter_remaining = u32::try_from(reply.remaining).unwrap_or(u32::MAX);
        return Ok(());
    };
    row.limiter_key = keys[level];
    row.reject = spec.levels[level].number;
    v.retry_after.set(match reply.retry_after_ms {
        Some(ms) => w.sim.now().saturating_add(ms.saturating_mul(MS)),
        None => NEVER,
    });
    Err(outcome::REJECTED)
}

/// Sends the command; `None`: it failed, or took too long.
async fn ask(
    w: &World<'_>,
    v: &Visit<'_>,
    row: &mut RequestRow,
    store: &StoreSpec,
    buckets: &[u64],
) -> Option<Reply> {
    let asked = w.sim.now();
    let mut attempt = Attempt {
        w,
        row: AttemptRow {
            request: v.number,
            number: 1,
            step: store.step,
            dependency: w.dependencies[store.dependency].number,
            replica: v.process.replica,
            started: asked,
            result: result::CANCELLED,
            ..AttemptRow::default()
        },
        after: None,
    };
    row.attempts = row.attempts.saturating_add(1);
    let command = async {
        let pool = v.process.pools.get(store.dependency);
        let _connection = match pool.and_then(Option::as_ref) {
            Some(pool) => Some(pool.acquire().await),
            None => None,
        };
        let time = |now: u64| (EPOCH + now) / MS;
        let mut lost = trip(w, v, store, 1).await?;
        let held = w.shared.store.borrow().read(buckets, time(w.sim.now()));
        if !store.options.atomic {
            lost = lost.or(trip(w, v, store, 2).await?);
        }
        let held_by = &mut w.shared.store.borrow_mut();
        let (now, caller) = (time(w.sim.now()), clock(w, v, store, asked) / MS);
        let quotas = &store.quotas;
        let reply = store
            .options
            .finish(held_by, buckets, quotas, &held, now, caller);
        Some((reply, lost))
    };
    // What the command did stays done, whether or not its reply arrives.
    let command = async {
        match command.await? {
            (reply, None) => Some(reply),
            (_, Some(Lost::Broken)) => None,
            (_, Some(Lost::Unheard)) => std::future::pending().await,
        }
    };
    let patience = v
        .process
        .emergency
        .borrow()
        .as_ref()
        .and_then(Emergency::patience);
    let answered = match patience {
        Some(patience) => w.sim.timeout(patience, command).await.ok(),
        None => Some(command.await),
    };
    attempt.row.result = match answered {
        Some(Some(_)) => result::OK,
        Some(None) => result::ERROR,
        None => result::TIMEOUT,
    };
    row.call += w.sim.now() - asked;
    let reply = answered.flatten();
    if let (None, Some(emergency)) = (reply, v.process.emergency.borrow_mut().as_mut()) {
        emergency.failed(w.sim.now());
    }
    reply
}

/// How the reply of a command was lost.
#[derive(Clone, Copy)]
enum Lost {
    /// The connection broke.
    Broken,
    /// Nothing is heard of it.
    Unheard,
}

/// To the store and back. `None`: it failed; otherwise how its reply is lost, if it is.
async fn trip(
    w: &World<'_>,
    v: &Visit<'_>,
    store: &StoreSpec,
    number: u16,
) -> Option<Option<Lost>> {
    let spec = &w.newest().spec.dependencies[store.dependency];
    let n = u64::from(number);
    let mut draw = v.dice.draw(purpose::STORE, n);
    let mut time = spec.latency.sample(compute::size(v), &mut draw);
    let mut fails =
        spec.error_rate > 0.0 && v.dice.draw(purpose::STORE_FAILS, n).chance(spec.error_rate);
    let mut lost = None;
    let seam = Seam::Call {
        dependency: store.dependency,
        replica: v.process.replica,
        attempt: number,
        request: v.request,
    };
    let perturb = w.saboteur.at(seam, v.dice, w.sim.now());
    time = time.saturating_add(perturb.delay);
    match perturb.end {
        Ending::AsEver => {}
        Ending::Cut(after) => {
            time = time.min(after);
            fails = true;
        }
        Ending::Late(after) => {
            time = after;
            fails = true;
        }
        Ending::Fail => fails = true,
        Ending::Hang => time = u64::MAX,
        Ending::Lost { reset: true } => lost = Some(Lost::Broken),
        Ending::Lost { reset: false } => lost = Some(Lost::Unheard),
    }
    w.dependencies[store.dependency].serve(w, time, 0).await;
    (!fails).then_some(lost)
}

/// ns on the clock of the replica that asks: that of the first is right, that of the last is ahead by all they are apart.
fn clock(w: &World<'_>, v: &Visit<'_>, store: &StoreSpec, now: u64) -> u64 {
    let others = w.processes.borrow().len().saturating_sub(1).max(1) as u64;
    let ahead = store.options.clocks_apart.0 / others * u64::from(v.process.replica - 1);
    (EPOCH + w.saboteur.clock(v.process.replica, now)).saturating_add(ahead)
}

/// Decides without the store.
fn alone(w: &World<'_>, v: &Visit<'_>, row: &mut RequestRow, store: &StoreSpec) -> Result<(), u8> {
    let mut emergency = v.process.emergency.borrow_mut();
    let Some(emergency) = emergency.as_mut() else {
        return Ok(());
    };
    let best_effort = emergency.is_best_effort(w.tags.borrow().class.name(v.request.class));
    match emergency.decide(best_effort, w.sim.now()) {
        Local::Admit => Ok(()),
        Local::Shed => {
            row.reject = store.fallback;
            Err(outcome::SHED)
        }
        Local::Refuse { until } => {
            row.reject = store.fallback;
            v.retry_after.set(until);
            Err(outcome::REJECTED)
        }
    }
}
