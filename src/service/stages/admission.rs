//! Admission: may it enter?

use crate::{
    components::limiter::Admission,
    recording::{RequestRow, outcome},
    service::{
        journey::Visit,
        world::{World, tag_digest},
    },
    sim::hash::mix,
};

/// Asks the limiter. On a refusal the process holds the instant to come back at, for the answer to the client.
pub(in crate::service) fn enter(
    w: &World<'_>,
    v: &Visit<'_>,
    row: &mut RequestRow,
) -> Result<(), u8> {
    let Some(spec) = &v.version.spec.limiter else {
        return Ok(());
    };
    if v.background {
        return Ok(());
    }
    let mut key = mix(spec.key.len() as u64);
    {
        let tags = w.tags.borrow();
        for &tag in &spec.key {
            key = mix(key.rotate_left(17) ^ tag_digest(v.request, &tags, tag));
        }
    }
    row.limiter_key = key;
    let mut limiter = w.state(&v.process, spec.scope).limiter.borrow_mut();
    match limiter.as_mut().map(|l| l.check(key, 1, w.sim.now())) {
        None => Ok(()),
        Some(Admission::Granted { remaining }) => {
            row.limiter_remaining = remaining;
            Ok(())
        }
        Some(Admission::Refused { until }) => {
            v.process.retry_after.set(until);
            Err(outcome::REJECTED)
        }
    }
}
