//! retry-storm: retries multiply the load.
//! ## Looks like
//! Calls a request multiply, most are given up, goodput falls; it stays when what began it has gone.
//! ## Told apart from
//! dependency-slow (calls end, late, and are not multiplied), retry-without-backoff (they come again at once), retries-in-tail
//! (second attempts succeed).
//! ## Fixed by
//! A budget of retries, a breaker; shed until it drains.
//! ## Seen in
//! Q30.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "retry-storm",
    family: Family::Compound,
    summary: "retries multiply the load",
    signature: "attempts multiply the arrivals while goodput falls; it stays when the trigger has gone",
    look_alikes: &["load-spike", "retry-without-backoff"],
    requires: &[
        // Half as many calls again: what a second try for every other request makes.
        more(Fact::Amplification, 0.40, 0.15),
        // A tenth of all calls: a sound dependency has hardly any.
        more(Fact::CallTimeouts, 0.10, 0.05),
        more(Fact::Failing, 0.02, 0.01),
    ],
    supports: &[
        less(Fact::HastyRetries, 0.5, 0.2).at_most(3.0),
        less(Fact::Arrivals, 0.3, 0.15).at_most(1.0),
        more(Fact::CallSlower, 1.0, 0.5).at_most(1.0),
    ],
    against: &[
        more(Fact::FromCacheFirst, 0.25, 0.10),
        more(Fact::ByKey, 0.5, 0.2),
    ],
    subject: Subject::None,
    containment: "switch retries off, or shed, until the queue of the dependency has drained",
    remedy: "a budget of retries, a breaker; shed until it drains",
    next: "calls a second at the dependency against what it can serve; whether its own load is its arrivals",
    trigger: "retry.amplification above 2 for 1 min",
};
