//! hot-tenant-queue: a tenant's requests fill the queue that all wait in.
//! ## Looks like
//! One tenant sends more, and all wait for a worker; calls are as fast as before.
//! ## Told apart from
//! hot-tenant (nobody else waits), traffic-surge (the growth is spread), dependency-slow (calls take longer).
//! ## Fixed by
//! Fair queueing by tenant, or a limit for each.
//! ## Seen in
//! Q21.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "hot-tenant-queue",
    family: Family::Latency,
    summary: "a tenant's requests fill the queue that all wait in",
    signature: "queue wait up for all, arrivals of one tenant up, calls as fast as before",
    look_alikes: &["hot-tenant", "traffic-surge"],
    requires: &[
        more(Fact::Arrivals, 0.08, 0.03),
        more(Fact::OneTenant, 0.6, 0.1),
        less(Fact::CallSlower, 1.0, 0.5),
        less(Fact::Misses, 0.05, 0.02),
        more(Fact::OthersWait, 0.03, 0.015),
    ],
    supports: &[
        more(Fact::OthersWait, 0.03, 0.015),
        more(Fact::SlowTail, 0.2, 0.1).at_most(1.0),
    ],
    against: &[
        more(Fact::CallErrors, 0.004, 0.002),
        // A line that outlasts what made it is a flood's.
        more(Fact::Backlog, 0.25, 0.1),
    ],
    subject: Subject::Tenant,
    containment: "limit the tenant to its quota",
    remedy: "queues that serve tenants in turn, or a limit for each",
    next: "what the tenant does: a batch, a retry loop, a launch",
    trigger: "none: no change of ours to roll back",
};
