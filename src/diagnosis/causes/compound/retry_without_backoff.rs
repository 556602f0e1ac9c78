//! retry-without-backoff: retries come at once and keep the load up.
//! ## Looks like
//! As a retry storm, and the tries of one request follow each other at once.
//! ## Told apart from
//! retry-storm (tries wait before they come again).
//! ## Fixed by
//! Back off with jitter, and a budget.
//! ## Seen in
//! Q30.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "retry-without-backoff",
    family: Family::Compound,
    summary: "retries come at once and keep the load up",
    signature: "attempts per request up, at once after each failure",
    look_alikes: &["retry-storm", "hidden-retry-layer"],
    requires: &[
        more(Fact::Amplification, 0.40, 0.15),
        more(Fact::CallTimeouts, 0.10, 0.05),
        more(Fact::Failing, 0.02, 0.01),
        more(Fact::HastyRetries, 0.5, 0.2),
    ],
    supports: &[
        less(Fact::Arrivals, 0.3, 0.15).at_most(1.0),
        more(Fact::CallSlower, 1.0, 0.5).at_most(1.0),
    ],
    against: &[
        more(Fact::FromCacheFirst, 0.25, 0.10),
        more(Fact::ByKey, 0.5, 0.2),
    ],
    subject: Subject::None,
    containment: "switch retries off, or shed, until the queue of the dependency has drained",
    remedy: "back off with jitter, and a budget",
    next: "the waits between the tries of one request",
    trigger: "retry.amplification above 2 for 1 min",
};
