//! disconnect-masked: a middleware hides that the client has left.
//! ## Looks like
//! The edge counts as many disconnects as before, handlers count none, and all work is done to its end.
//! ## Told apart from
//! no-cancel-path (handlers are told, and can stop nothing), swallowed-cancellation (cancellations are sent).
//! ## Fixed by
//! Take the middleware out, or let it pass the signal on.
//! ## Seen in
//! Q25; vllm-project/vllm#10087.

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "disconnect-masked",
    family: Family::Cancellation,
    summary: "a middleware hides that the client has left",
    signature: "disconnects are seen at the edge and not by the handler",
    look_alikes: &["no-cancel-path", "swallowed-cancellation", "detached-task"],
    requires: &[
        more(Fact::Orphans, 0.005, 0.0025),
        more(Fact::Untold, 0.5, 0.15),
        less(Fact::NoBudget, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::Orphans, 0.005, 0.0025),
        more(Fact::Untold, 0.5, 0.15),
        more(Fact::HandlerGoesOn, 0.5, 0.15),
        DEPLOYED,
    ],
    against: &[
        more(Fact::StartedDead, 0.5, 0.15),
        less(Fact::LeaversOrphaned, 0.3, 0.1),
    ],
    subject: Subject::Dependency,
    containment: "roll back the middleware",
    remedy: "take the middleware out, or let it pass the signal on",
    next: "what reads the receive channel before the handler does",
    trigger: "orphaned work above 1 % of all for 2 min after a deploy",
};
