//! LRU of many tenants: nobody's traffic pushes out what belongs to another's share.
//!
//! # Short answer
//! A key is looked up under its tenant, so equal keys of two tenants are two entries. A part of the room (`private`) is
//! divided among the tenants that hold anything, by weight: what a tenant used last, as far as its share reaches, cannot be
//! pushed out by others. What is beyond its share lies in a shared space, where the least recently used goes first, whoever
//! it belongs to. A share that is not used is lent, and comes back when its tenant does. `budget` is held at each write: one
//! that would put its tenant above it makes room among its own entries, is refused, or lives for a short time only.
//! With one tenant, or with nothing private, it is an LRU to the letter.
//!
//! # Complexity
//! O(1) a look-up, O(log tenants) a put, amortised over what moves between the spaces. Memory is the capacity's: entries, as
//! many ghosts (so that a miss can say *evicted*), and the tenants that hold an entry; hit rates are kept of 4,096 tenants
//! at most. A million tenants cost no more than the entries that they hold; a test counts.
//!
//! # Follow-ups
//! - *Enterprise tenants with paid burst capacity?* A weight is what they are sure of, `budgets` is what they may borrow:
//!   `gameday replay incident-11 --set 'service.cache.weights={ acme = 4 }' --set 'service.cache.budgets={ acme = "80%" }'`.
//! - *Memory near 95 percent?* An LRU is always full; what matters is whose entries leave. Lower `budget` by a deploy, and
//!   let what is written beyond it live short: `gameday replay incident-11 --variant short-life`.
//!
//! # Anti-patterns
//! See [`FLAWS`](super::FLAWS): `unscoped-key` (one key for all tenants: an answer of one reaches another), `one-space` (no
//! share is anybody's, so a scan pushes everyone out; a TTL does not change that), `budget-not-enforced`,
//! `weights-ignored`.
//!
//! # Smallest set-up
//! ```toml
//! cache = { kind = "tenant-lru", capacity = 10_000, private = "50%", budget = "40%", weights = { acme = 4 } }
//! ```
//!
//! # Source
//! Q11; nightscout/nocturne#321 (a cache before sign-in: one key for all tenants). Jain, Chiu, Hawe 1984 for the index.

mod fairness;
mod list;
mod options;
mod space;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod naive;

use super::{Cache, Entry, Lookup, Reason, sharded::OF_THE_STAGE};
use crate::{
    config::{At, Node, Options, Refusal, Table},
    sim::hash::mix,
};
use fairness::Fairness;
use list::Place;
use options::Rules;
pub use options::{Keys, OverBudget, Shares, TenantOptions};
use space::Space;

/// See the module.
struct TenantLru {
    rules: Rules,
    space: Space,
    fairness: Fairness,
    /// Writes that came above their tenant's budget.
    over_budget: u64,
}

/// Builds one from its options.
pub(super) fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Cache>, Refusal> {
    let options = TenantOptions::read_table(at, table, &[taken, OF_THE_STAGE].concat())?;
    let rules = Rules::of(&options, at)?;
    Ok(Box::new(TenantLru {
        space: Space::new(&rules),
        rules,
        fairness: Fairness::default(),
        over_budget: 0,
    }))
}

impl TenantLru {
    fn scoped(&self, tenant: u64, key: u64) -> u64 {
        match self.rules.keys {
            Keys::Scoped => mix(tenant ^ mix(key)),
            Keys::Unscoped => key,
        }
    }

    fn look_up(&mut self, key: u64, now: u64) -> Lookup {
        let Some(i) = self.space.find(key) else {
            return Lookup::Miss(Reason::NeverSeen);
        };
        let node = *self.space.node(i);
        if node.place == Place::Ghost {
            return Lookup::Miss(Reason::Evicted);
        }
        if node.expires <= now {
            return Lookup::Miss(Reason::Expired);
        }
        self.space.touch(i);
        Lookup::Hit {
            age: now - node.written,
            writer: node.entry.writer,
            content: node.entry.content,
        }
    }
}

impl Cache for TenantLru {
    fn get(&mut self, key: u64, now: u64) -> Lookup {
        self.get_for(&|| 0, key, now)
    }

    fn put(&mut self, key: u64, entry: Entry, now: u64) {
        self.put_for(&|| 0, key, entry, now);
    }

    fn get_for(&mut self, tenant: &dyn Fn() -> u64, key: u64, now: u64) -> Lookup {
        let tenant = tenant();
        let answer = self.look_up(self.scoped(tenant, key), now);
        self.fairness
            .add(tenant, matches!(answer, Lookup::Hit { .. }));
        answer
    }

    fn put_for(&mut self, tenant: &dyn Fn() -> u64, key: u64, mut entry: Entry, now: u64) {
        let digest = tenant();
        let key = self.scoped(digest, key);
        let allowed = self.rules.budget(digest);
        if entry.bytes > allowed.bytes {
            return; // larger than all that it may hold
        }
        let tenant = self.space.enter(digest, &self.rules);
        self.space.take_out(key, tenant);
        if !self.space.fits(tenant, entry.bytes, allowed) {
            self.over_budget += 1;
            match self.rules.over_budget {
                OverBudget::Replace => {
                    while !self.space.fits(tenant, entry.bytes, allowed) {
                        self.space.evict_oldest_of(tenant);
                    }
                }
                OverBudget::Refuse => {
                    self.space.leave(tenant);
                    return;
                }
                OverBudget::ShortLife => {
                    let short = self.rules.short_ttl;
                    entry.ttl = if entry.ttl == 0 {
                        short
                    } else {
                        entry.ttl.min(short)
                    };
                }
                OverBudget::Admit => {}
            }
        }
        let expires = match entry.ttl {
            0 => u64::MAX,
            ttl => now.saturating_add(ttl),
        };
        self.space.insert(tenant, key, entry, now, expires);
        self.space.make_room(tenant);
        self.space.leave(tenant);
    }

    fn retune(&mut self, options: &Node, _now: u64) -> Result<(), Refusal> {
        let table = options.table("the cache")?;
        let new = TenantOptions::read_table(&options.at, table, OF_THE_STAGE)?;
        self.rules = Rules::of(&new, &options.at)?;
        self.space.retune(&self.rules);
        Ok(())
    }

    fn flush(&mut self) {
        self.space = Space::new(&self.rules);
    }

    fn gauges(&self, out: &mut dyn FnMut(&'static str, f64)) {
        let counts = self.space.counts();
        out("cache.entries", counts.entries as f64);
        out("cache.capacity", self.rules.room.entries as f64);
        out("cache.bytes", counts.bytes as f64);
        out("cache.evictions", counts.evictions as f64);
        out("cache.unfair_evictions", counts.unfair as f64);
        out("cache.over_budget", self.over_budget as f64);
        out("cache.tenants", counts.tenants as f64);
        if let Some(seen) = self.fairness.read() {
            out("cache.fairness", seen.jain);
            out("cache.tenant_hit_rate.worst", seen.worst);
        }
    }
}
