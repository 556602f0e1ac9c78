//! worker-loss: workers are dead, and nobody starts others in their place.
//! ## Looks like
//! Workers that a class has of its own are fewer than they were; that class waits, the others fare as before.
//! ## Told apart from
//! strict-priority (workers are there, and serve others), no-floor.
//! ## Fixed by
//! Other workers in their place, and an alert on how many live.
//! ## Seen in
//! Q27.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "worker-loss",
    family: Family::Queue,
    summary: "workers are dead, and nobody starts others in their place",
    signature: "throughput of that class is nothing, its longest wait grows by a second a second; load, waits and busy workers of the others are as before",
    look_alikes: &["strict-priority", "no-floor"],
    requires: &[
        // For a fifth of the episode and more.
        more(Fact::WorkersGone, 0.2, 0.1),
    ],
    supports: &[
        more(Fact::WorkersGone, 0.5, 0.1).at_most(3.0).hint(),
        less(Fact::Arrivals, 0.2, 0.1).at_most(1.0),
    ],
    against: &[],
    subject: Subject::None,
    containment: "start other workers",
    remedy: "other workers in their place, and an alert on how many live",
    next: "why they died, and who should have noticed",
    trigger: "fewer workers of a class than configured for a minute",
};
