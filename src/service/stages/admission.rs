//! Admission: may it enter?

use crate::{
    components::limiter::Verdict,
    recording::{RequestRow, outcome, quota},
    service::{
        identity::{address_seen, tag_seen},
        journey::Visit,
        process::NEVER,
        spec::LevelSpec,
        world::World,
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
    if let (Some(meter), false) = (&w.quota, v.background) {
        let under = meter
            .borrow_mut()
            .see(v.request, &w.tags.borrow(), w.sim.now());
        row.quota = if under { quota::UNDER } else { quota::OVER };
    }
    let Some(spec) = &v.version.spec.limiter else {
        return Ok(());
    };
    if v.background {
        return Ok(());
    }
    let tags = w.tags.borrow();
    if v.request.address != 0 {
        row.address = address_seen(v, &tags);
    }
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
        let level = of_request(index, name)?;
        if let Some(only) = &level.only
            && !only.passes(v.request, &tags)
        {
            return None;
        }
        let key = key_of(v, &tags, level);
        if index == 0 {
            first.set(key);
        }
        Some(key)
    };
    let now = w.sim.now();
    let clock = w.saboteur.clock(v.process.replica, now);
    let verdict = levels.check(key, 1, clock);
    if let Some(index) = levels.would_refuse() {
        let name = levels.iter().nth(index).map_or("", |l| &l.name);
        row.soft_reject = of_request(index, name).map_or(0, |level| level.number);
    }
    match verdict {
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
            // What the client is told is how long to wait.
            v.retry_after.set(match until {
                NEVER => NEVER,
                until => now.saturating_add(until.saturating_sub(clock)),
            });
            Err(outcome::REJECTED)
        }
    }
}

/// What a level limits this request per.
pub(super) fn key_of(v: &Visit<'_>, tags: &Tags, level: &LevelSpec) -> u64 {
    let mut key = mix(level.key.len() as u64);
    for &tag in &level.key {
        key = mix(key.rotate_left(17) ^ tag_seen(v, tags, tag));
    }
    // 0 is "none" in recordings; one limit for all has a key too.
    key.max(1)
}
