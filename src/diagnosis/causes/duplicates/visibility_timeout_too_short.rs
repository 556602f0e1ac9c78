//! visibility-timeout-too-short: jobs are handed out again before they are due, or done.
//! ## Looks like
//! Duplicates only of what takes longer than the time-out, as many as fit into it, and no errors.
//! ## Told apart from
//! lease-shorter-than-work (the queue is as it was, the ledger gives the operation away).
//! ## Fixed by
//! A time-out above the longest delay, and jobs that are idempotent.
//! ## Seen in
//! Q26; celery/celery#2481.

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "visibility-timeout-too-short",
    family: Family::Duplicates,
    summary: "jobs are handed out again before they are due, or done",
    signature: "what is written again was handed out again by its queue, after less time than the work or its delay takes",
    look_alikes: &["lease-shorter-than-work", "idempotency-record-expired"],
    requires: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainHandedOut, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainHandedOut, 0.5, 0.15),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "raise the visibility time-out above the longest delay; let each copy ask before it writes",
    remedy: "a time-out above the longest delay, and jobs that are idempotent",
    next: "delays of jobs beside the time-out of their queue",
    trigger: "a job handed out more than once in a hundred",
};
