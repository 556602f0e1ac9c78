//! window-cliff: a fixed window refuses all that comes late in it.
//! ## Looks like
//! Who is refused once is refused to the end of the window, and let in at the start of the next.
//! ## Told apart from
//! burst-capacity-too-small (the burst fell, refusals at any time), refill-too-slow (a token comes back after each gap), refill-lost (refused across the edge too).
//! ## Fixed by
//! A sliding window or a bucket.
//! ## Seen in
//! Q23: fixed windows.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "window-cliff",
    family: Family::Limiter,
    summary: "a fixed window refuses all that comes late in it",
    signature: "refusals late in each window, none after its start",
    look_alikes: &["burst-capacity-too-small", "refill-too-slow", "refill-lost"],
    requires: &[
        more(Fact::Refused, 0.004, 0.002),
        // A bucket would have two tokens again by then, in this window or the next.
        more(Fact::WindowEdge, 0.3, 0.1),
        less(Fact::RefusedDemand, 0.6, 0.15),
    ],
    supports: &[
        // As long as it stands, it explains what else moved: who is refused is missing behind the limiter, and asks again.
        more(Fact::Refused, 0.01, 0.005).at_most(3.0).hint(),
        more(Fact::RefusedUnder, 0.5, 0.2).at_most(1.5),
    ],
    against: &[
        less(Fact::LimitRate, -0.2, 0.1).at_most(1.0),
        more(Fact::KeySharing, 0.4, 0.15).at_most(2.0),
    ],
    subject: Subject::None,
    containment: "raise the burst of the window",
    remedy: "a sliding window or a bucket",
    next: "at which second of a window refusals begin and end",
    trigger: "refusals within quota above 1 % for a minute after a deploy",
};
