//! The queue: waiting for a worker.

use crate::{
    recording::{RequestRow, outcome},
    service::{
        cpu,
        errand::Errand,
        journey::Visit,
        process::NEVER,
        queue::{Slot, Turned},
        spec::{Expired, OnDisconnect},
        world::World,
    },
};

/// Waits for a worker, who is held until the answer is there. Without a queue everybody has one.
pub(in crate::service) async fn wait<'a>(
    w: &World<'_>,
    v: &'a Visit<'_>,
    row: &mut RequestRow,
) -> Result<Option<Slot<'a>>, u8> {
    let errand = v.errand.as_deref();
    let Some(queue) = &v.process.queue else {
        errand.into_iter().for_each(Errand::works);
        return Ok(None);
    };
    let joined = w.sim.now();
    errand.into_iter().for_each(Errand::queues);
    v.note(row);
    let class = || w.tags.borrow().class.name(v.request.class).to_string();
    let slot = queue.enter(v.request.class, row.tries, &class).await;
    cpu::stand_still(w, v).await;
    row.queue_wait = w.sim.now() - joined;
    let slot = match (slot, errand) {
        (Ok(slot), Some(errand)) => Ok(take(w, v, errand, row, slot)?),
        (slot, _) => slot,
    };
    slot.map(Some).map_err(|turned| {
        v.retry_after.set(match turned {
            Turned::Away(until) => until,
            Turned::Dead => NEVER,
        });
        outcome::SHED
    })
}

/// An errand whose turn has come: one that is looked at, and is expired, gives its worker to the next.
fn take<'a>(
    w: &World<'_>,
    v: &Visit<'_>,
    errand: &Errand,
    row: &RequestRow,
    slot: Slot<'a>,
) -> Result<Slot<'a>, u8> {
    let spec = &v.version.spec;
    let expired = spec.queue.as_ref().and_then(|q| q.expired);
    let masked = spec.on_disconnect == Some(OnDisconnect::Masked);
    let slack = spec.queue.as_ref().map_or(0, |q| q.slack);
    let late = w.sim.now().saturating_add(slack) >= errand.deadline();
    let dropped = expired == Some(Expired::Drop) && (late || errand.is_left() && !masked);
    w.departures
        .dequeued(row.queue_wait, errand.is_left(), dropped);
    if dropped {
        slot.forgo();
        return Err(outcome::HUNG_UP);
    }
    errand.works();
    v.note(row);
    Ok(slot)
}
