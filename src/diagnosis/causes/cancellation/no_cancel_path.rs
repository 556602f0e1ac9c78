//! no-cancel-path: nothing can stop the work.
//! ## Looks like
//! Requests in flight exceed open ones by all who have left; retries overlap their own first attempts.
//! ## Told apart from
//! detached-task (the handler ends), disconnect-masked (it is not told), no-deadline (calls far longer than any before).
//! ## Fixed by
//! A way to stop the work, and a deadline on it.
//! ## Seen in
//! Q25; ROCm/ATOM#1441.

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "no-cancel-path",
    family: Family::Cancellation,
    summary: "nothing can stop the work",
    signature: "handlers are told that clients have left, send no cancellation, and go on to the end",
    look_alikes: &["disconnect-masked", "detached-task", "no-deadline"],
    requires: &[
        more(Fact::Orphans, 0.005, 0.0025),
        less(Fact::Untold, 0.5, 0.15),
        less(Fact::CancelSent, 0.5, 0.15),
        more(Fact::HandlerGoesOn, 0.5, 0.15),
        less(Fact::NoBudget, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::Orphans, 0.005, 0.0025),
        more(Fact::HandlerGoesOn, 0.5, 0.15),
        less(Fact::CancelSent, 0.5, 0.15),
        DEPLOYED,
    ],
    against: &[
        more(Fact::StartedDead, 0.5, 0.15),
        less(Fact::LeaversOrphaned, 0.3, 0.1),
    ],
    subject: Subject::Dependency,
    containment: "roll back; a shorter time-out on the calls, fewer retries of clients",
    remedy: "a way to stop the work, and a deadline on it",
    next: "whether the framework cancels handlers that do not stream",
    trigger: "orphaned work above 1 % of all for 2 min after a deploy",
};
