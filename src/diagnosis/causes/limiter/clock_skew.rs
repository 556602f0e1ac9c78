//! clock-skew: replicas' clocks are apart, and the limiter goes by them.
//! ## Looks like
//! Of the same people's requests one replica refuses far more, or far less, than the others; the limit is as before.
//! ## Told apart from
//! limit-divided-by-replicas (each tenant has a replica of its own, the replicas treat the same tenant alike), refill-lost (all replicas alike).
//! ## Fixed by
//! The store's clock; synchronised clocks.
//! ## Seen in
//! Q23: one clock half a minute ahead.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "clock-skew",
    family: Family::Limiter,
    summary: "replicas' clocks are apart, and the limiter goes by them",
    signature: "refusals differ by the replica that decides",
    look_alikes: &[
        "limit-divided-by-replicas",
        "refill-lost",
        "limiter-key-too-broad",
    ],
    requires: &[
        more(Fact::Refused, 0.004, 0.002),
        // Apart from chance and from who is served where.
        more(Fact::RefusedByReplica, 0.06, 0.03),
        less(Fact::RefusedDemand, 0.6, 0.15),
    ],
    supports: &[
        // As long as it stands, it explains what else moved: who is refused is missing behind the limiter, and asks again.
        more(Fact::Refused, 0.01, 0.005).at_most(3.0).hint(),
        more(Fact::RefusedUnder, 0.5, 0.2).at_most(1.5),
        more(Fact::LimitRate, -0.1, 0.05).at_most(1.0),
    ],
    against: &[
        more(Fact::KeySharing, 0.4, 0.15).at_most(3.0),
        more(Fact::Divided, 0.5, 0.2).at_most(2.0),
    ],
    subject: Subject::None,
    containment: "take the replica whose clock is wrong out of service",
    remedy: "the store's clock for the limiter; synchronised clocks",
    next: "each replica's clock against the store's",
    trigger: "refusals of one replica ten points apart from the others'",
};
