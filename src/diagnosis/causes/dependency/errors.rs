//! dependency-errors: a dependency fails calls.
//! ## Looks like
//! Errors per call rise; retries and back-off follow; misses may rise a little, since failed answers are not kept.
//! ## Told apart from
//! dependency-slow (calls end, late), traffic-surge (refused for want of connections or by a limit, with arrivals up).
//! ## Fixed by
//! The dependency; here: a retry budget, a breaker, a fall-back.
//! ## Seen in
//! Q21 (retries in the tail), Q24 (the impostor).

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "dependency-errors",
    family: Family::Dependency,
    summary: "a dependency fails calls",
    signature: "errors per call up; retries, back-off and failed requests follow",
    look_alikes: &["dependency-slow", "traffic-surge"],
    requires: &[more(Fact::CallErrors, 0.004, 0.002)],
    supports: &[
        more(Fact::Failing, 0.003, 0.0015).hint(),
        less(Fact::FromKeys, 0.02, 0.01).at_most(1.0),
        less(Fact::Arrivals, 0.2, 0.1).at_most(0.5),
    ],
    against: &[
        // Errors strike anybody; these belong to certain users or contents.
        more(Fact::ByKey, 0.5, 0.15),
        more(Fact::CallMedian, 0.3, 0.1).at_most(1.5),
        // Where tries again save the requests, users feel these.
        more(Fact::PartRetried, 0.5, 0.12).at_most(2.0),
        more(Fact::Misses, 0.10, 0.04).at_most(3.0),
        // A call whose answer cannot be read has failed; that it did is what follows.
        more(Fact::Unread, 0.0025, 0.00125).at_most(3.0),
        // Whoever hides it makes an incident of what a service may live with.
        more(Fact::Hidden, 0.0025, 0.00125),
        // What fails at each try is no dependency's bad day.
        more(Fact::NeverWell, 0.7, 0.1).at_most(3.0),
    ],
    subject: Subject::Dependency,
    containment: "open the breaker or fall back; bound retries by a budget",
    remedy: "the dependency's own; retry only what is idempotent, with jitter",
    next: "the classes of the errors and when they began at the dependency",
    trigger: "none of ours; open the breaker when a tenth of calls fail",
};
