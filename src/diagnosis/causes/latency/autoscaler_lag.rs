//! autoscaler-lag: replicas come later than the load.
//! ## Looks like
//! The wait for a worker rises with the load and falls when replicas come; more are wanted than are up.
//! ## Told apart from
//! cold-start (replicas are there, and slow), traffic-surge (no more replicas are wanted than are up, or arrivals
//! grew for good).
//! ## Fixed by
//! A shorter interval, a lower target, a warm pool.
//! ## Seen in
//! Q21.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "autoscaler-lag",
    family: Family::Latency,
    summary: "replicas come later than the load",
    signature: "queue wait rises with the load and falls when replicas come; wanted replicas above those that are up",
    look_alikes: &["cold-start", "traffic-surge"],
    // Half of the readings: they come late at each wave of the load, or at none. Between waves nobody waits, so what the slowest
    // wait for speaks for it, and is silent where the waves before were as high.
    requires: &[more(Fact::Behind, 0.3, 0.1)],
    supports: &[
        more(Fact::Behind, 0.3, 0.1),
        more(Fact::PartQueue, 0.3, 0.12).hint(),
        less(Fact::Arrivals, 0.14, 0.05).at_most(2.0),
    ],
    against: &[
        more(Fact::CallErrors, 0.02, 0.01).at_most(2.0),
        more(Fact::PartCold, 0.5, 0.12).at_most(2.0),
    ],
    subject: Subject::None,
    containment: "raise the least number of replicas",
    remedy: "a shorter interval, a lower target, a warm pool",
    next: "how long from the load to the decision, and from the decision to a replica that serves",
    trigger: "wanted replicas above those that are up for a minute",
};
