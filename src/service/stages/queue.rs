//! The queue: waiting for a worker.

use crate::{
    recording::{RequestRow, outcome},
    service::{
        cpu,
        journey::Visit,
        process::NEVER,
        queue::{Slot, Turned},
        world::World,
    },
};

/// Waits for a worker, who is held until the answer is there. Without a queue everybody has one.
pub(in crate::service) async fn wait<'a>(
    w: &World<'_>,
    v: &'a Visit<'_>,
    row: &mut RequestRow,
) -> Result<Option<Slot<'a>>, u8> {
    let Some(queue) = &v.process.queue else {
        return Ok(None);
    };
    let joined = w.sim.now();
    let class = || w.tags.borrow().class.name(v.request.class).to_string();
    let slot = queue.enter(v.request.class, row.tries, &class).await;
    cpu::stand_still(w, v).await;
    row.queue_wait = w.sim.now() - joined;
    slot.map(Some).map_err(|turned| {
        v.retry_after.set(match turned {
            Turned::Away(until) => until,
            Turned::Dead => NEVER,
        });
        outcome::SHED
    })
}
