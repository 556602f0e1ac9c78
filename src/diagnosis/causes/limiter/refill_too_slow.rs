//! refill-too-slow: the limit is below what is agreed.
//! ## Looks like
//! The rate that the limiter grants fell, its burst did not; whoever asks above the new rate is refused.
//! ## Told apart from
//! refill-lost (the granted rate stands, buckets get less than it), limit-divided-by-replicas (rate and burst fall by the number of replicas), limiter-key-too-broad (many behind one key).
//! ## Fixed by
//! The rate that was promised.
//! ## Seen in
//! Q23: a rate in the wrong unit.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "refill-too-slow",
    family: Family::Limiter,
    summary: "the limit is below what is agreed",
    signature: "whoever calls above the set rate is refused, below the promised one, bursts or not",
    look_alikes: &["refill-lost", "limit-divided-by-replicas"],
    requires: &[
        more(Fact::Refused, 0.004, 0.002),
        // A tenth less.
        less(Fact::LimitRate, -0.1, 0.05),
        less(Fact::RefusedDemand, 0.6, 0.15),
    ],
    supports: &[
        // As long as it stands, it explains what else moved: who is refused is missing behind the limiter, and asks again.
        more(Fact::Refused, 0.01, 0.005).at_most(3.0).hint(),
        more(Fact::RefusedUnder, 0.5, 0.2).at_most(1.5),
    ],
    against: &[
        more(Fact::KeySharing, 0.4, 0.15).at_most(2.0),
        more(Fact::Divided, 0.5, 0.2),
        less(Fact::LimitBurst, -0.5, 0.2).at_most(1.0),
    ],
    subject: Subject::None,
    containment: "roll the limiter's configuration back",
    remedy: "the rate that was promised",
    next: "who changed the limit, and in which unit",
    trigger: "refusals within quota above 1 % for a minute after a deploy",
};
