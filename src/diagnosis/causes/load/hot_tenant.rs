//! hot-tenant: one tenant sends much more, and all wait.
//! ## Looks like
//! Arrivals rise, most of the growth from one tenant; waits follow for everybody; the time of a call and the hit rate stay.
//! ## Told apart from
//! traffic-surge (the growth is spread), dependency-slow (the time of a call rises).
//! ## Fixed by
//! A limit per tenant, fair queueing.
//! ## Seen in
//! Q21 (its look-alike), Q23.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "hot-tenant",
    family: Family::Load,
    summary: "one tenant sends much more than before",
    signature: "most of the growth of arrivals comes from one tenant; waits follow for all",
    look_alikes: &["traffic-surge", "dependency-slow"],
    requires: &[
        more(Fact::Arrivals, 0.08, 0.03),
        more(Fact::OneTenant, 0.6, 0.1),
        less(Fact::CallSlower, 1.0, 0.5),
        less(Fact::Misses, 0.05, 0.02),
    ],
    supports: &[more(Fact::SlowTail, 0.2, 0.1).at_most(1.0)],
    against: &[
        more(Fact::CallErrors, 0.004, 0.002),
        // A limiter held it: then it is no neighbour's trouble.
        more(Fact::Refused, 0.004, 0.002).at_most(3.0),
        // A line that outlasts what made it is a flood's.
        more(Fact::Backlog, 0.25, 0.1).at_most(2.0),
        // Whether others wait is what a queue makes of it.
        more(Fact::OthersWait, 0.03, 0.015),
    ],
    subject: Subject::Tenant,
    containment: "limit the tenant to its quota",
    remedy: "a limit per tenant, and queues that serve tenants in turn",
    next: "what the tenant does: a batch, a retry loop, a launch",
    trigger: "none: no change of ours to roll back",
};
