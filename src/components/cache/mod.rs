//! Result caches: is the answer to this key known? Sources: Q1, Q11, Q24.

mod concurrent;
mod lru;
mod lru_options;
mod sharded;
mod slots;
mod tenants;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod laws_lru;
#[cfg(test)]
mod laws_threads;

pub use concurrent::{Answer, Concurrent, Metrics};
pub use lru::Counts;
pub use lru_options::{Eviction, Expiry, LruOptions, Recency};
pub use tenants::{Keys, OverBudget, Shares, TenantOptions};

use crate::{
    config::{Kind, Node, Options, Refusal},
    sim::dice::Draw,
};

/// What a cache says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Found.
    Hit {
        /// ns since it was written.
        age: u64,
        /// Who wrote it.
        writer: u32,
        /// Digest of what it answers, so that a wrong answer can be told.
        content: u64,
    },
    /// Found, but too old or soon to be, and this request is the one that is to make it anew; until it has, others are served what is
    /// there.
    Refresh,
    /// Not found.
    Miss(Reason),
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Never there, or so long ago that the cache forgot.
    NeverSeen,
    /// There, and too old.
    Expired,
    /// There once, and had to make room.
    Evicted,
}

/// What is put into a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Size of the answer.
    pub bytes: u64,
    /// ns that it lives; 0 is for ever.
    pub ttl: u64,
    /// Who writes it.
    pub writer: u32,
    /// Digest of what it answers.
    pub content: u64,
    /// ns that it took to make; 0 when nobody knows.
    pub cost: u64,
}

/// A cache from keys to answers.
pub trait Cache {
    /// Looks a key up, and counts it as used.
    fn get(&mut self, key: u64, now: u64) -> Lookup;
    /// Stores an answer, making room where needed.
    fn put(&mut self, key: u64, entry: Entry, now: u64);
    /// Looks a key up on behalf of a tenant: a digest of its name, asked for only by kinds that know tenants.
    fn get_for(&mut self, _tenant: &dyn Fn() -> u64, key: u64, now: u64) -> Lookup {
        self.get(key, now)
    }
    /// As [`get_for`](Cache::get_for), for caches that leave something to dice, such as when to renew an answer.
    fn look_up(&mut self, tenant: &dyn Fn() -> u64, key: u64, now: u64, _dice: Draw) -> Lookup {
        self.get_for(tenant, key, now)
    }
    /// Stores an answer on behalf of a tenant.
    fn put_for(&mut self, _tenant: &dyn Fn() -> u64, key: u64, entry: Entry, now: u64) {
        self.put(key, entry, now);
    }
    /// A deploy: policy replaced, entries kept (but those that no longer fit).
    ///
    /// # Errors
    /// Options that the kind does not have.
    fn retune(&mut self, options: &Node, now: u64) -> Result<(), Refusal>;
    /// Forgets everything.
    fn flush(&mut self);
    /// Forgets what one of its shards holds, counted from 0; nothing, where there is no such shard.
    fn flush_shard(&mut self, _shard: usize) {}
    /// Names and values of its gauges.
    fn gauges(&self, _out: &mut dyn FnMut(&'static str, f64)) {}
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[
    super::Flaw {
        name: "unscoped-key",
        kind: "tenant-lru",
        options: "keys = \"unscoped\"",
        breaks: "two_tenants_never_share_an_entry",
        source: "nightscout/nocturne#321",
    },
    super::Flaw {
        name: "one-space",
        kind: "tenant-lru",
        options: "private = \"0%\"",
        breaks: "a_tenant_within_its_share_loses_nothing_to_others",
        source: "Q11",
    },
    super::Flaw {
        name: "budget-not-enforced",
        kind: "tenant-lru",
        options: "over_budget = \"admit\"",
        breaks: "no_tenant_holds_more_than_its_budget",
        source: "Q11",
    },
    super::Flaw {
        name: "weights-ignored",
        kind: "tenant-lru",
        options: "shares = \"equal\"",
        breaks: "who_asks_by_weight_holds_by_weight",
        source: "Q11",
    },
    super::Flaw {
        name: "evict-insertion-order",
        kind: "lru",
        options: "recency = \"insertion\"",
        breaks: "what_is_used_stays",
        source: "Q1",
    },
    super::Flaw {
        name: "expired-served",
        kind: "lru",
        options: "expiry = \"ignored\"",
        breaks: "what_has_expired_is_not_served",
        source: "Q1",
    },
    super::Flaw {
        name: "ttl-from-last-use",
        kind: "lru",
        options: "expiry = \"sliding\"",
        breaks: "use_does_not_lengthen_a_life",
        source: "Q1",
    },
    super::Flaw {
        name: "capacity-off-by-one",
        kind: "lru",
        options: "eviction = \"one-early\"",
        breaks: "it_holds_what_it_has_room_for",
        source: "ArcadeData/arcadedb#4559",
    },
];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn Cache>>> {
    vec![
        Kind {
            name: "lru",
            summary: "least recently used goes first",
            fields: LruOptions::fields,
            build: sharded::build,
        },
        Kind {
            name: "tenant-lru",
            summary: "the same for many tenants: keys of their own, private shares by weight, a shared space, budgets",
            fields: TenantOptions::fields,
            build: tenants::build,
        },
    ]
}
