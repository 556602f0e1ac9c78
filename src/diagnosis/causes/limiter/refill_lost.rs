//! refill-lost: fractions of tokens are thrown away at each call.
//! ## Looks like
//! Empty buckets give less than the limiter's own rate, at every replica and at any time of a window; who asks often is refused, others are not.
//! ## Told apart from
//! refill-too-slow (the granted rate fell), window-cliff (refused to the end of each window), clock-skew (one replica apart), limiter-key-too-broad (many behind one key).
//! ## Fixed by
//! Exact accrual: keep the fraction, or the mark.
//! ## Seen in
//! Q23: the busier the tenant, the less it gets back.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "refill-lost",
    family: Family::Limiter,
    summary: "fractions of tokens are thrown away at each call",
    signature: "the more often a tenant calls the less of its rate it gets; slow callers are well",
    look_alikes: &[
        "refill-too-slow",
        "burst-capacity-too-small",
        "window-cliff",
        "clock-skew",
    ],
    requires: &[
        more(Fact::Refused, 0.004, 0.002),
        // A ninth less than the gauge says; whole tokens lose a fifth and more.
        less(Fact::RefillShort, -0.12, 0.06),
        more(Fact::LimitRate, -0.1, 0.05),
        less(Fact::RefusedDemand, 0.6, 0.15),
    ],
    supports: &[
        // As long as it stands, it explains what else moved: who is refused is missing behind the limiter, and asks again.
        more(Fact::Refused, 0.01, 0.005).at_most(3.0).hint(),
        more(Fact::RefusedUnder, 0.5, 0.2).at_most(1.5),
    ],
    against: &[
        more(Fact::WindowEdge, 0.3, 0.1),
        more(Fact::RefusedByReplica, 0.06, 0.03),
        more(Fact::KeySharing, 0.4, 0.15),
        less(Fact::LimitBurst, -0.2, 0.1).at_most(2.0),
        more(Fact::Divided, 0.5, 0.2).at_most(2.0),
    ],
    subject: Subject::None,
    containment: "roll the limiter back, or raise its rate by what is lost",
    remedy: "exact accrual: keep the fraction, or the mark",
    next: "what a bucket holds just before and just after a call of a busy tenant",
    trigger: "refusals within quota above 1 % for a minute after a deploy",
};
