//! swallowed-cancellation: the cancellation is caught and dropped.
//! ## Looks like
//! Cancellations are sent and received and nothing ends; later calls begin for clients that are gone.
//! ## Told apart from
//! cancellation-hostile-driver (not received, and the handler is let go), disconnect-masked (nobody is told).
//! ## Fixed by
//! Let the cancellation through: clean up, and raise it again.
//! ## Seen in
//! Q25.

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "swallowed-cancellation",
    family: Family::Cancellation,
    summary: "the cancellation is caught and dropped",
    signature: "cancellations are received, and the work goes on to its end and to what comes after it",
    look_alikes: &[
        "cancellation-hostile-driver",
        "disconnect-masked",
        "no-cancel-path",
    ],
    requires: &[
        more(Fact::Orphans, 0.005, 0.0025),
        more(Fact::CancelSent, 0.5, 0.15),
        more(Fact::CancelReceived, 0.5, 0.15),
        less(Fact::NoBudget, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::Orphans, 0.005, 0.0025),
        more(Fact::CancelReceived, 0.5, 0.15),
        more(Fact::HandlerGoesOn, 0.5, 0.15),
        DEPLOYED,
    ],
    against: &[
        more(Fact::StartedDead, 0.5, 0.15),
        less(Fact::LeaversOrphaned, 0.3, 0.1),
    ],
    subject: Subject::Dependency,
    containment: "roll back the handler that catches everything",
    remedy: "let the cancellation through: clean up, and raise it again",
    next: "handlers that catch the cancellation with all other errors",
    trigger: "orphaned work above 1 % of all for 2 min after a deploy",
};
