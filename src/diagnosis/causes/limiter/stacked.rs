//! stacked-limits: two limits in series, and either refuses.
//! ## Looks like
//! Refusals by one level of several, for a part of the traffic that shares that level's key, with plenty left in the own limit.
//! ## Told apart from
//! limiter-key-too-broad (a limit of one level, or all of the traffic), real-abuse (those who are refused ask more).
//! ## Fixed by
//! Identity first, the address for those who have none.
//! ## Seen in
//! Q23: an office behind one exit.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "stacked-limits",
    family: Family::Limiter,
    summary: "two limits in series, and either refuses",
    signature: "those refused have plenty left in their own limit; the level that refuses is another, and one network is hit",
    look_alikes: &["limiter-key-too-broad", "real-abuse"],
    requires: &[
        more(Fact::Refused, 0.004, 0.002),
        // Some of the traffic, and not nearly all of it, is behind the level that refuses.
        more(Fact::OneOfSeveral, 0.3, 0.1),
        more(Fact::KeySharing, 0.4, 0.15),
        less(Fact::RefusedDemand, 0.6, 0.15),
    ],
    supports: &[
        // As long as it stands, it explains what else moved: who is refused is missing behind the limiter, and asks again.
        more(Fact::Refused, 0.01, 0.005).at_most(3.0).hint(),
        more(Fact::RefusedUnder, 0.5, 0.2).at_most(1.5),
    ],
    against: &[],
    subject: Subject::None,
    containment: "raise the outer limit for the network that is hit",
    remedy: "identity first, the address for those who have none",
    next: "which level refuses, and who is behind its key",
    trigger: "refusals within quota above 1 % for a minute after a deploy",
};
