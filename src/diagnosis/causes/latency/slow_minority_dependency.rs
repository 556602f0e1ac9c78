//! slow-minority-dependency: a dependency is slow for a minority of calls.
//! ## Looks like
//! The tail of calls rises, and hardly their median; whoever calls waits for nothing else.
//! ## Told apart from
//! dependency-slow (most calls are slower), new-connection-penalty (the time lies in opening connections), retries-
//! in-tail (the slow ones are second attempts), runtime-pause (everything of a process stands still).
//! ## Fixed by
//! The dependency; here: a hedge, a shorter time-out for the slow share.
//! ## Seen in
//! Q21.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "slow-minority-dependency",
    family: Family::Latency,
    summary: "a dependency is slow for a minority of calls",
    signature: "the tail of calls up, the median of calls and all other stages as before",
    look_alikes: &[
        "dependency-slow",
        "retries-in-tail",
        "runtime-pause",
        "new-connection-penalty",
    ],
    requires: &[
        more(Fact::CallTail, 0.10, 0.05),
        less(Fact::CallMost, 0.3, 0.1),
        less(Fact::Misses, 0.05, 0.02),
    ],
    supports: &[
        less(Fact::CallMost, 0.3, 0.1),
        less(Fact::Arrivals, 0.2, 0.1).at_most(1.0),
    ],
    against: &[
        more(Fact::CallErrors, 0.02, 0.01).at_most(2.0),
        more(Fact::PartConnect, 0.5, 0.15),
        more(Fact::PartSize, 0.5, 0.15),
        more(Fact::Hidden, 0.0025, 0.00125),
        more(Fact::PrefixLess, 0.10, 0.05),
        more(Fact::Throttled, 0.1, 0.05),
        more(Fact::Paused, 0.1, 0.05),
    ],
    subject: Subject::Dependency,
    containment: "hedge reads after the p95, or shorten the time-out for them",
    remedy: "the dependency's own; a hedge, or a time-out that fits the fast share",
    next: "which of its replicas, shards or keys the slow calls have in common",
    trigger: "none of ours; hedge when the p99 of calls is above 3x of before",
};
