//! prefetch-hoarding: workers reserve what others could do at once.
//! ## Looks like
//! Somebody waits and workers idle at the same time, reading after reading.
//! ## Told apart from
//! traffic-surge and a slower service (all workers are busy while somebody waits).
//! ## Fixed by
//! Prefetch of one.
//! ## Seen in
//! Q27: each worker takes four in advance.

use super::super::{Cause, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "prefetch-hoarding",
    family: Family::Queue,
    summary: "workers reserve what others could do at once",
    signature: "the queue is empty, waits are long and workers idle, all at once",
    look_alikes: &["traffic-surge"],
    requires: &[
        // A fifth of the readings.
        more(Fact::IdleWaits, 0.1, 0.05),
        more(Fact::QueueWait, 0.2, 0.1),
    ],
    supports: &[
        more(Fact::IdleWaits, 0.2, 0.1).at_most(3.0).hint(),
        more(Fact::QueueWait, 0.5, 0.2).at_most(2.0).hint(),
    ],
    against: &[more(Fact::PassedOver, 0.3, 0.1).at_most(1.0)],
    subject: Subject::None,
    containment: "set the prefetch to one",
    remedy: "prefetch of one",
    next: "what each worker holds, and for how long",
    trigger: "workers idle while somebody waits for two minutes",
};
