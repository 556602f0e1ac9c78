//! The result cache: look-up before the work, filling after it.

use super::super::purpose;
use crate::{
    components::{
        cache::{Entry, Lookup, Reason},
        keys::KeyTemplate,
    },
    recording::{RequestRow, cache, miss, outcome},
    service::{answers, journey::Visit, stages::parse, world::World},
};

/// Looks the key up, and then the keys of the compatibility read path. Whether it was found.
pub(in crate::service) async fn look_up(
    w: &World<'_>,
    v: &Visit<'_>,
    key: u64,
    row: &mut RequestRow,
) -> bool {
    let Some(spec) = &v.version.spec.cache else {
        return false;
    };
    if spec.lookup > 0 {
        w.sim.sleep(spec.lookup).await;
        row.compute += spec.lookup;
    }
    let now = w.sim.now();
    let mut answer = Lookup::Miss(Reason::NeverSeen);
    if let Some(held) = w.state(&v.process, spec.scope).cache.borrow_mut().as_mut() {
        let tenant = || w.tags.borrow().tenant.digest(row.tenant);
        answer = held.look_up(&tenant, key, now, v.dice.draw(purpose::EARLY, 0));
        for other in v.version.spec.key.iter().flat_map(|k| &k.read_also) {
            if matches!(answer, Lookup::Miss(_))
                && let found @ Lookup::Hit { .. } =
                    held.get_for(&tenant, other_key(w, v, other), now)
            {
                answer = found;
            }
        }
    }
    match answer {
        Lookup::Hit {
            age,
            writer,
            content,
        } => {
            row.cache = cache::HIT;
            row.hit_age = age;
            row.writer = writer;
            answers::found(w, v, content == answers::identity(w, v, row), 0);
            true
        }
        // Who refreshes pays for it as for a miss: it goes on to the work, and the rest is served what is there.
        Lookup::Refresh => {
            row.cache = cache::MISS;
            row.miss = miss::EXPIRED;
            false
        }
        Lookup::Miss(reason) => {
            row.cache = cache::MISS;
            row.miss = match reason {
                Reason::NeverSeen => miss::NEVER_SEEN,
                Reason::Expired => miss::EXPIRED,
                Reason::Evicted => miss::EVICTED,
            };
            false
        }
    }
}

/// Stores a good answer under the key, and under those of dual writing.
pub(in crate::service) fn fill(w: &World<'_>, v: &Visit<'_>, key: u64, row: &RequestRow, end: u8) {
    let Some(spec) = v.version.spec.cache.as_ref().filter(|_| end == outcome::OK) else {
        return;
    };
    if !super::trending::admits(w, v, key) {
        return;
    }
    let now = w.sim.now();
    let ttl = if spec.ttl > 0 && spec.jitter > 0.0 {
        let off = v.dice.draw(purpose::TTL, 0).unit() * spec.jitter * spec.ttl as f64;
        (spec.ttl - off as u64).max(1)
    } else {
        spec.ttl
    };
    // About four bytes a token of the answer, where tokens are known.
    let bytes = if row.output_tokens > 0 {
        4 * u64::from(row.output_tokens)
    } else {
        row.bytes.max(1)
    };
    let entry = Entry {
        bytes,
        ttl,
        writer: row.process,
        content: answers::identity(w, v, row),
        cost: now - row.arrived,
    };
    if let Some(held) = w.state(&v.process, spec.scope).cache.borrow_mut().as_mut() {
        let tenant = || w.tags.borrow().tenant.digest(row.tenant);
        held.put_for(&tenant, key, entry, now);
        for other in v.version.spec.key.iter().flat_map(|k| &k.write_also) {
            held.put_for(&tenant, other_key(w, v, other), entry, now);
        }
    }
}

fn other_key(w: &World<'_>, v: &Visit<'_>, template: &KeyTemplate) -> u64 {
    let tags = w.tags.borrow();
    let read = parse::in_its_place(v);
    let seen = w.seen(v.request, read.as_deref(), &tags);
    template.key(&seen, v.process.seed)
}
