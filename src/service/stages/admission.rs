//! Admission: may it enter?

use crate::{
    components::limiter::Verdict,
    recording::{RequestRow, outcome},
    service::{
        journey::Visit,
        spec::LevelSpec,
        world::{World, tag_digest},
    },
    sim::hash::mix,
    trace::Tags,
};
use std::cell::Cell;

/// Asks the limiter. On a refusal the visit holds the instant to come back at, for the answer to the client.
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
    let tags = w.tags.borrow();
    let mut limiter = w.state(&v.process, spec.scope).limiter.borrow_mut();
    let Some((levels, names)) = limiter.as_mut() else {
        return Ok(());
    };
    let same = *names == spec.names;
    // While a deploy goes from replica to replica, state that is shared may have other levels than the request's version.
    let of_request = |index: usize, name: &str| match same {
        true => spec.levels.get(index),
        false => spec.level(name),
    };
    let first = Cell::new(0);
    let key = |index: usize, name: &str| {
        let key = key_of(v, &tags, of_request(index, name)?);
        if index == 0 {
            first.set(key);
        }
        Some(key)
    };
    match levels.check(key, 1, w.sim.now()) {
        Verdict::Granted { remaining } => {
            row.limiter_key = first.get();
            row.limiter_remaining = remaining;
            Ok(())
        }
        Verdict::Refused { level, until } => {
            let name = levels.iter().nth(level).map_or("", |l| &l.name);
            if let Some(level) = of_request(level, name) {
                row.limiter_key = key_of(v, &tags, level);
                row.reject = level.number;
            }
            v.retry_after.set(until);
            Err(outcome::REJECTED)
        }
    }
}

/// What a level limits this request per.
pub(super) fn key_of(v: &Visit<'_>, tags: &Tags, level: &LevelSpec) -> u64 {
    let mut key = mix(level.key.len() as u64);
    for &tag in &level.key {
        key = mix(key.rotate_left(17) ^ tag_digest(v.request, tags, tag));
    }
    key
}
