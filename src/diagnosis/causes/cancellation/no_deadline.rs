//! no-deadline: work has no deadline.
//! ## Looks like
//! A few calls last for minutes; time-outs have gone from the log.
//! ## Told apart from
//! dependency-slow (calls end at their time-out), no-cancel-path (calls are as long as before).
//! ## Fixed by
//! A deadline on every call, handed on from the client's.
//! ## Seen in
//! Q25.

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "no-deadline",
    family: Family::Cancellation,
    summary: "work has no deadline",
    signature: "calls far longer than any before, which nobody bounds, and whose clients have left",
    look_alikes: &["deadline-ignored", "no-cancel-path", "dependency-slow"],
    requires: &[
        more(Fact::LongCalls, 0.001, 0.0005),
        more(Fact::NoBudget, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::LongCalls, 0.001, 0.0005),
        more(Fact::Orphans, 0.005, 0.0025),
        DEPLOYED,
    ],
    against: &[more(Fact::StartedDead, 0.5, 0.15)],
    subject: Subject::Dependency,
    containment: "put a time-out on the call",
    remedy: "a deadline on every call, handed on from the client's",
    next: "the longest calls, and who set their time-out",
    trigger: "a call longer than twice the patience of clients",
};
