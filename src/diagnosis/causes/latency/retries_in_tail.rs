//! retries-in-tail: failures are retried, and the tail is made of second attempts.
//! ## Looks like
//! A few calls fail and are tried again: hardly a request fails, and those that were tried again are slow.
//! ## Told apart from
//! slow-minority-dependency (calls are slow, and do not fail), dependency-errors (requests fail for it).
//! ## Fixed by
//! Cure the failures; backoff below the deadline, a budget.
//! ## Seen in
//! Q21.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "retries-in-tail",
    family: Family::Latency,
    summary: "failures are retried, and the tail is made of second attempts",
    signature: "attempts per request up, and the tail is of requests with more than one",
    look_alikes: &["slow-minority-dependency", "dependency-errors"],
    requires: &[
        more(Fact::CallErrors, 0.004, 0.002),
        more(Fact::PartRetried, 0.5, 0.12),
    ],
    supports: &[
        more(Fact::PartRetried, 0.5, 0.12),
        less(Fact::Arrivals, 0.2, 0.1).at_most(0.5),
    ],
    against: &[
        more(Fact::Failing, 0.01, 0.004),
        more(Fact::CallMedian, 0.3, 0.1).at_most(1.5),
    ],
    subject: Subject::Dependency,
    containment: "shorten the back-off; hedge instead",
    remedy: "cure the failures; backoff below the deadline, a budget",
    next: "the classes of the errors, and how long a failing call takes until it fails",
    trigger: "attempts per request above 1.5x of before",
};
