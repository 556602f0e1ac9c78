//! limit-divided-by-replicas: each replica has a share of the limit, and traffic is not spread evenly.
//! ## Looks like
//! Each replica keeps its own buckets; rate and burst were divided by the number of replicas, or people who went to all replicas now go to one.
//! ## Told apart from
//! refill-too-slow (the rate alone fell, or by another factor), clock-skew (the same people fare differently at different replicas).
//! ## Fixed by
//! A shared store, or stickiness and a share by traffic.
//! ## Seen in
//! Q23: a sticky balancer in front of local limits.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "limit-divided-by-replicas",
    family: Family::Limiter,
    summary: "each replica has a share of the limit, and traffic is not spread evenly",
    signature: "refusals rise where traffic is uneven over replicas, while the sum is below the limit",
    look_alikes: &["clock-skew", "refill-too-slow"],
    requires: &[
        more(Fact::Refused, 0.004, 0.002),
        more(Fact::Divided, 0.5, 0.2),
        less(Fact::RefusedDemand, 0.6, 0.15),
    ],
    supports: &[
        // As long as it stands, it explains what else moved: who is refused is missing behind the limiter, and asks again.
        more(Fact::Refused, 0.01, 0.005).at_most(3.0).hint(),
        more(Fact::RefusedUnder, 0.5, 0.2).at_most(1.5),
    ],
    against: &[
        more(Fact::KeySharing, 0.4, 0.15).at_most(2.0),
        more(Fact::RefusedByReplica, 0.12, 0.04).at_most(1.5),
    ],
    subject: Subject::None,
    containment: "the whole limit at each replica until there is a shared store",
    remedy: "a shared store, or stickiness and a share by traffic",
    next: "over how many replicas each refused tenant is spread",
    trigger: "refusals within quota above 1 % for a minute after a deploy",
};
