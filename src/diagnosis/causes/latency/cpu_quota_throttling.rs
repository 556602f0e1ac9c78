//! cpu-quota-throttling: the CPU quota of a period is spent by a burst, and the process stands still.
//! ## Looks like
//! Everything of a process is late by up to a period, in bursts, while CPU is idle on average.
//! ## Told apart from
//! runtime-pause (whatever the load), lock-contention (waits for a lock), dependency-slow (calls alone).
//! ## Fixed by
//! Lift the quota, or fewer threads than it has cores.
//! ## Seen in
//! Q21.

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "cpu-quota-throttling",
    family: Family::Latency,
    summary: "the CPU quota of a period is spent by a burst, and the process stands still",
    signature: "compute in steps up to the period, in bursts; throttled periods up first, average CPU low",
    look_alikes: &["runtime-pause", "lock-contention", "dependency-slow"],
    requires: &[more(Fact::Throttled, 0.1, 0.04)],
    supports: &[
        more(Fact::Throttled, 0.1, 0.04),
        more(Fact::SlowTail, 0.2, 0.1).at_most(1.0),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "lift the quota",
    remedy: "lift the quota, or fewer threads than it has cores",
    next: "throttled periods beside the quota and the number of threads",
    trigger: "throttled periods above 5 %",
};
