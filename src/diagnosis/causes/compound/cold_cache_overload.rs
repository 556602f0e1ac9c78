//! cold-cache-overload: an emptied cache loads what is behind it beyond its capacity.
//! ## Looks like
//! The hit rate falls at once and does not come back; what is behind the cache is given more than it can do, calls are given up,
//! and what fails fills nothing.
//! ## Told apart from
//! cache-flush (it fills again by itself), ttl-changed (expired misses), retry-storm (no cache in front).
//! ## Fixed by
//! Throttle, a cheaper miss, then re-admit slowly.
//! ## Seen in
//! Q30.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "cold-cache-overload",
    family: Family::Compound,
    summary: "an emptied cache loads what is behind it beyond its capacity",
    signature: "hit rate falls and cannot come back, load behind it rises more than in proportion",
    look_alikes: &["capacity-cut", "ttl-changed", "no-fill-on-timeout"],
    requires: &[
        more(Fact::Misses, 0.05, 0.025),
        more(Fact::Failing, 0.02, 0.01),
        more(Fact::CallTimeouts, 0.10, 0.05),
    ],
    supports: &[
        more(Fact::FromCacheFirst, 0.25, 0.10),
        more(Fact::Amplification, 0.15, 0.08).at_most(1.5).hint(),
        less(Fact::Recovery, 0.5, 0.2).at_most(1.5),
    ],
    against: &[
        more(Fact::FromKeys, 0.03, 0.015),
        more(Fact::FromTraffic, 0.05, 0.025),
        more(Fact::Expired, 0.03, 0.015),
        more(Fact::Evicted, 0.03, 0.015),
    ],
    subject: Subject::None,
    containment: "let a part of the traffic in, and more as the cache fills; make misses cheaper",
    remedy: "throttle, a cheaper miss, then re-admit slowly",
    next: "load behind the cache against what it can do, and how fast the cache fills",
    trigger: "cache.hit_rate below half of before with error_rate above 5 % for 1 min",
};
