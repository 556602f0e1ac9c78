//! runtime-pause: the runtime stops the process now and then.
//! ## Looks like
//! All that is under way on one replica ends late at the same instant.
//! ## Told apart from
//! cpu-quota-throttling (in bursts, with periods counted as throttled), slow-minority-dependency (calls alone).
//! ## Fixed by
//! A smaller or frozen live heap; a concurrent collector.
//! ## Seen in
//! Q21.

use super::super::{Cause, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "runtime-pause",
    family: Family::Latency,
    summary: "the runtime stops the process now and then",
    signature: "all that is under way on one replica ends late at the same instant, at even intervals and whatever the load",
    look_alikes: &[
        "cpu-quota-throttling",
        "hot-tenant-queue",
        "slow-minority-dependency",
    ],
    requires: &[more(Fact::Paused, 0.1, 0.04)],
    supports: &[
        more(Fact::Paused, 0.1, 0.04),
        more(Fact::SlowTail, 0.2, 0.1).at_most(1.0),
    ],
    against: &[more(Fact::Throttled, 0.1, 0.05).at_most(2.0)],
    subject: Subject::None,
    containment: "restart what has the largest heap; more replicas with less load each",
    remedy: "a smaller or frozen live heap; a concurrent collector",
    next: "the log of the collector: what it collects, how long, how often",
    trigger: "standing still above 5 % of the time",
};
