//! capacity-loss: less capacity than load, for a while.
//! ## Looks like
//! Fewer replicas serve, arrivals are as before; waits grow, and requests find nobody.
//! ## Told apart from
//! traffic-surge and load-spike (arrivals), prefetch-hoarding (all are there, and idle), latent-bug-by-data (they die of requests),
//! restart-herd (they start, and do not come up).
//! ## Fixed by
//! Bring the capacity back; shed meanwhile.
//! ## Seen in
//! Q30.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "capacity-loss",
    family: Family::Compound,
    summary: "less capacity than load, for a while",
    signature: "arrivals as before, fewer replicas or workers, waits grow",
    look_alikes: &["load-spike", "prefetch-hoarding"],
    requires: &[
        // A tenth: what a roll-out takes out at a time.
        more(Fact::CapacityLess, 0.10, 0.05),
    ],
    supports: &[
        less(Fact::Arrivals, 0.2, 0.1).at_most(1.0),
        more(Fact::SlowTail, 0.2, 0.1).at_most(0.5).hint(),
        less(Fact::Deaths, 1.4, 0.4).at_most(2.0),
    ],
    against: &[
        // Those that would serve are taken out by a probe.
        more(Fact::ServedElse, 0.6, 0.1),
        more(Fact::FailedStarts, 1.6, 0.5),
        more(Fact::Deaths, 1.6, 0.4),
    ],
    subject: Subject::None,
    containment: "bring the capacity back, or shed by priority until it is",
    remedy: "bring the capacity back; shed meanwhile",
    next: "why each of them left: probes, exits, the scaler",
    trigger: "replicas in service below 0.8 of those wanted for 1 min",
};
