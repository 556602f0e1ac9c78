//! burst-capacity-too-small: the limit is finer than the traffic's natural clumps.
//! ## Looks like
//! The burst that the limiter holds fell, its rate did not; the later part of each clump is refused, while the quota is hardly used.
//! ## Told apart from
//! window-cliff (burst as before, refused to the end of a window), refill-lost (burst as before), limit-divided-by-replicas (rate and burst fall).
//! ## Fixed by
//! A burst of the size of natural clumps.
//! ## Seen in
//! Q23: a rate enforced in slices of 10 ms.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "burst-capacity-too-small",
    family: Family::Limiter,
    summary: "the limit is finer than the traffic's natural clumps",
    signature: "refusals follow clumps and not the rate; the tail of a clump is refused; quota hardly used",
    look_alikes: &["window-cliff", "refill-lost"],
    requires: &[
        more(Fact::Refused, 0.004, 0.002),
        // A fifth less.
        less(Fact::LimitBurst, -0.2, 0.1),
        less(Fact::RefusedDemand, 0.6, 0.15),
    ],
    supports: &[
        // As long as it stands, it explains what else moved: who is refused is missing behind the limiter, and asks again.
        more(Fact::Refused, 0.01, 0.005).at_most(3.0).hint(),
        more(Fact::RefusedUnder, 0.5, 0.2).at_most(1.5),
        more(Fact::LimitRate, -0.1, 0.05).at_most(1.5),
    ],
    against: &[
        more(Fact::KeySharing, 0.4, 0.15).at_most(2.0),
        more(Fact::Divided, 0.5, 0.2),
    ],
    subject: Subject::None,
    containment: "roll the limiter's configuration back",
    remedy: "a burst of the size of natural clumps",
    next: "how many requests a screen, or a fan-out, sends at once",
    trigger: "refusals within quota above 1 % for a minute after a deploy",
};
