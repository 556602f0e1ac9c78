//! cold-start: new replicas take requests before they are warm.
//! ## Looks like
//! Computation is slow now and then: on processes that have just started.
//! ## Told apart from
//! autoscaler-lag (the wait is for a worker), runtime-pause (old processes stand still too), a slower build (all
//! processes, for ever).
//! ## Fixed by
//! Warm before taking traffic; a pool of warm replicas.
//! ## Seen in
//! Q21.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "cold-start",
    family: Family::Latency,
    summary: "new replicas take requests before they are warm",
    signature: "slow answers of replicas that are young, a scaling event or restart before each",
    look_alikes: &["autoscaler-lag", "runtime-pause"],
    requires: &[more(Fact::PartCold, 0.5, 0.12)],
    supports: &[
        more(Fact::PartCold, 0.5, 0.12),
        more(Fact::PartCompute, 0.3, 0.15).hint(),
    ],
    against: &[
        less(Fact::SlowTail, 0.0, 0.1).at_most(1.0),
        more(Fact::Throttled, 0.1, 0.05),
        more(Fact::Paused, 0.1, 0.05),
    ],
    subject: Subject::None,
    containment: "start fewer at a time, and let each get warm before it takes traffic",
    remedy: "warm before taking traffic; a pool of warm replicas",
    next: "how long a fresh process is slow, and what it loads meanwhile",
    trigger: "latency of processes younger than a minute above 2x that of the others",
};
