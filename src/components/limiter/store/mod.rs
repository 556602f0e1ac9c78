//! Limits that all replicas share: token buckets in a store such as Redis, changed by one script.
//!
//! # Short answer
//! A request's buckets (its tenant's, its user's, everybody's) are read, refilled and taken from by one Lua script in one
//! round trip, so nobody comes between. Each holds `tokens` and `last_refill_ms`; time is the store's own, and a mark never
//! moves back, whatever clock a caller has. While the store is slow or gone, each replica falls back on an emergency limit
//! of its own, sheds what is best-effort, and leaves the store alone for a while.
//!
//! # Complexity
//! O(levels) a command, one round trip; memory in the store: 2 numbers a key, forgotten when its bucket is full again (and
//! `slack` later, which is what clocks may be apart).
//!
//! # Follow-ups of the seed
//! - How are per-endpoint and per-tenant limits supported together? As levels, all in one call of the script:
//!   `levels = [{ key = ["route"], ... }, { key = ["tenant"], ... }]`.
//! - When leaky bucket rather than token bucket? When what is behind bears no burst at all: burst 1 is the leaky bucket as a
//!   meter; a queue in front of the work is the leaky bucket as a shaper (`queue = { kind = "fifo", ... }`).
//! - Clock skew? `clock = "caller", clocks_apart = "2s"` in a replay; with marks that only move forward it costs once what
//!   the clocks are apart: `cargo test --lib -- limiter::store`.
//! - The store is gone? `gameday replay incident-14`, and its variants `fail-closed` and `no-shedding`.
//!
//! # Anti-patterns
//! Each is a flaw in [`super::FLAWS`]: `atomic = false` (GET, then SET), `clock = "caller", marks = "follow"` (a late command
//! moves the mark back, and what was refilled is refilled again), `fallback = { mode = "open" }`, `{ mode = "closed" }`,
//! `{ shed = [] }`.
//!
//! # Smallest set-up
//! ```toml
//! limiter = { store = "redis", levels = [
//!     { name = "tenant", key = ["tenant"], rate = "50/s", burst = 100 },
//!     { name = "global", key = [], rate = "200/s", burst = 400 },
//! ], fallback = { after = "20ms", rate = "40/s", shed = ["best-effort"] } }
//!
//! [dependency.redis]
//! latency = { kind = "lognormal", p50 = "0.5ms", p99 = "3ms" }
//! ```
//! With the server itself: send [`SCRIPT`] by EVALSHA with what [`Quota`] holds, and decide by [`Emergency`] when no answer
//! comes in time; `tests/redis_limiter.rs` is such a client.
//!
//! # Source
//! Q14; spring-cloud-gateway#2412 and #1117, otovo/redis-rate-limiters#11 (callers' clocks). Redis, "Programmability".

mod fallback;
mod model;

#[cfg(test)]
mod laws;

use crate::config::{At, Count, Options, Rate, Span};
pub use fallback::{Emergency, Fallback, Local, Mode};
pub use model::{Bucket, Marks, Quota, Reply, SCRIPT, Store, UNIT, decide};

crate::choice! {
    /// Whose time counts.
    pub enum Clock {
        /// The store's.
        Store = "store",
        /// That of the replica that asks.
        Caller = "caller",
    }
}

crate::options! {
    /// Store of a limiter's buckets.
    #[derive(Clone, Debug, PartialEq)]
    pub struct StoreOptions {
        /// The store: a name under `[dependency]`.
        store: (String, At),
        /// What is done without it.
        fallback: Fallback,
        /// Whose time counts: "store" or "caller".
        clock: Clock = Clock::Store, "store";
        /// How far the clock of the last replica is ahead of the first's; those between are spread evenly.
        clocks_apart: Span = Span(0), "0";
        /// What a command does that comes late: "forward", or, a flaw, "follow".
        marks: Marks = Marks::Forward, "forward";
        /// Whether one script reads and writes; false is a flaw: two round trips.
        atomic: bool = true, "true";
        /// How much longer than it takes to fill a bucket is kept: more than clocks are apart.
        slack: Span = Span(60_000_000_000), "1m";
    }
}

crate::options! {
    /// One limit in a store.
    #[derive(Clone, Debug, PartialEq)]
    pub struct StoredOptions {
        /// Tokens a second.
        rate: Rate,
        /// Tokens that a bucket holds at most: the largest burst that passes.
        burst: Count = Count(100), "100";
    }
}

impl StoreOptions {
    /// Runs a command on the store at once, as the script does. `caller_ms` is the caller's time.
    pub fn run(
        &self,
        store: &mut Store,
        keys: &[u64],
        quotas: &[Quota],
        store_ms: u64,
        caller_ms: u64,
    ) -> Reply {
        let held = store.read(keys, store_ms);
        self.finish(store, keys, quotas, &held, store_ms, caller_ms)
    }

    /// The second half of a command: decides from what was read, and writes.
    pub fn finish(
        &self,
        store: &mut Store,
        keys: &[u64],
        quotas: &[Quota],
        held: &[Option<Bucket>],
        store_ms: u64,
        caller_ms: u64,
    ) -> Reply {
        let now = match self.clock {
            Clock::Store => store_ms,
            Clock::Caller => caller_ms,
        };
        let (reply, after) = decide(held, quotas, UNIT, now, self.marks);
        if reply.allowed {
            store.write(keys, quotas, &after, store_ms, self.slack.0 / 1_000_000);
        }
        reply
    }
}

impl StoreOptions {
    /// Names of the options, which stand in the limiter's table.
    pub fn names() -> Vec<&'static str> {
        StoreOptions::fields().iter().map(|f| f.name).collect()
    }
}
