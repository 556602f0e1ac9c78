//! detached-task: work is detached from the request that asked for it.
//! ## Looks like
//! Work under way exceeds open requests; the requests in flight do not: handlers are gone, their tasks are not.
//! ## Told apart from
//! no-cancel-path (handlers go on too), cancellation-hostile-driver (the call is sent a cancellation), an audit record
//! (marked as meant to be made).
//! ## Fixed by
//! Tie the work to the request: a task group that ends with it; mark what is meant to go on.
//! ## Seen in
//! Q25.

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "detached-task",
    family: Family::Cancellation,
    summary: "work is detached from the request that asked for it",
    signature: "calls go on after clients have left, no cancellation is sent to them, and their handlers have ended",
    look_alikes: &[
        "no-cancel-path",
        "disconnect-masked",
        "cancellation-hostile-driver",
    ],
    requires: &[
        more(Fact::Orphans, 0.005, 0.0025),
        less(Fact::Untold, 0.5, 0.15),
        less(Fact::CancelSent, 0.5, 0.15),
        less(Fact::HandlerGoesOn, 0.5, 0.15),
        less(Fact::NoBudget, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::Orphans, 0.005, 0.0025),
        less(Fact::HandlerGoesOn, 0.5, 0.15),
        less(Fact::CancelSent, 0.5, 0.15),
        DEPLOYED,
    ],
    against: &[
        more(Fact::StartedDead, 0.5, 0.15),
        less(Fact::LeaversOrphaned, 0.3, 0.1),
    ],
    subject: Subject::Dependency,
    containment: "roll back what started the task by itself; cap how many may run",
    remedy: "tie the work to the request: a task group that ends with it; mark what is meant to go on",
    next: "where tasks are started in handlers, and who holds them",
    trigger: "orphaned work above 1 % of all for 2 min after a deploy",
};
