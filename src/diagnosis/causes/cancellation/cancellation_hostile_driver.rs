//! cancellation-hostile-driver: the driver cannot be interrupted.
//! ## Looks like
//! Handlers end at once, calls of one dependency run on to their end and keep their connections.
//! ## Told apart from
//! swallowed-cancellation (received, and the handler goes on), detached-task (nothing was sent).
//! ## Fixed by
//! A driver that cancels, or a time-out on the server and calls that are made one by one.
//! ## Seen in
//! Q25 (which libraries are cancellation-hostile?).

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "cancellation-hostile-driver",
    family: Family::Cancellation,
    summary: "the driver cannot be interrupted",
    signature: "cancellations are sent and not received; the call runs to its own end, and nothing comes after it",
    look_alikes: &["swallowed-cancellation", "detached-task", "no-cancel-path"],
    requires: &[
        more(Fact::Orphans, 0.005, 0.0025),
        more(Fact::CancelSent, 0.5, 0.15),
        less(Fact::CancelReceived, 0.5, 0.15),
        less(Fact::NoBudget, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::Orphans, 0.005, 0.0025),
        more(Fact::CancelSent, 0.5, 0.15),
        less(Fact::HandlerGoesOn, 0.5, 0.15),
        DEPLOYED,
    ],
    against: &[
        more(Fact::StartedDead, 0.5, 0.15),
        more(Fact::StartedLater, 0.5, 0.15),
        less(Fact::LeaversOrphaned, 0.3, 0.1),
    ],
    subject: Subject::Dependency,
    containment: "roll back the driver; a time-out at the server, a smaller pool for it",
    remedy: "a driver that cancels, or a time-out on the server and calls that are made one by one",
    next: "whether the driver runs calls in threads; its release notes",
    trigger: "orphaned work above 1 % of all for 2 min after a deploy",
};
