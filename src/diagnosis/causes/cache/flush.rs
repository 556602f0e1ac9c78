//! cache-flush: the cache lost its entries once; keys, limits and lifetimes are as they were.
//! ## Looks like
//! The hit rate falls in an instant and comes back as the working set refills; the keys are those from before.
//! ## Told apart from
//! key-version-bumped (refills too, but under new keys), ttl-changed and capacity-cut (repeats go on missing).
//! ## Fixed by
//! Time; warm popular contents, and let concurrent misses of one key share a call.
//! ## Seen in
//! Q24 (the impostor that a restart or a fail-over brings).

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "cache-flush",
    family: Family::Cache,
    summary: "the cache lost its entries once",
    signature: "each known key misses once, repeats hit again, the hit rate recovers under the keys from before",
    look_alikes: &["key-version-bumped", "ttl-changed", "capacity-cut"],
    requires: &[
        more(Fact::Misses, 0.01, 0.005),
        more(Fact::FromCacheFirst, 0.25, 0.10),
        less(Fact::FromCacheAgain, 0.05, 0.02),
    ],
    supports: &[
        less(Fact::Rekeyed, 0.5, 0.15),
        more(Fact::Recovery, 0.3, 0.2).at_most(1.5),
        more(Fact::NewProcess, 0.5, 0.25).at_most(1.0).hint(),
    ],
    against: &[
        // What is behind it is overrun: then it does not fill again by itself.
        more(Fact::CallTimeouts, 0.10, 0.05),
        more(Fact::FromKeys, 0.03, 0.015),
        more(Fact::Expired, 0.03, 0.015),
        more(Fact::Evicted, 0.03, 0.015),
        // Who is refused is not looked up: what is, is another mix.
        more(Fact::Refused, 0.02, 0.01).at_most(3.0),
    ],
    subject: Subject::None,
    containment: "let concurrent misses of one key share a call; shed what the dependency cannot bear",
    remedy: "keep the cache outside the process that restarts, or warm it before traffic comes",
    next: "restarts and fail-overs of the cache at the onset",
    trigger: "none: it heals by itself; admit traffic at the pace of the refill",
};
