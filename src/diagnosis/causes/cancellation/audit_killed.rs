//! audit-killed: work that is meant to go on is killed with the request.
//! ## Looks like
//! Clients that leave take the record of their request along; those that stay have one.
//! ## Told apart from
//! detached-task (work goes on that nobody meant to).
//! ## Fixed by
//! Shield what is meant to go on, and say so.
//! ## Seen in
//! Q25 (how would you safely continue some work after disconnect?).

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "audit-killed",
    family: Family::Cancellation,
    summary: "work that is meant to go on is killed with the request",
    signature: "records of cancelled requests are missing",
    look_alikes: &["swallowed-cancellation", "detached-task"],
    requires: &[more(Fact::RecordsKilled, 0.1, 0.04)],
    supports: &[more(Fact::RecordsKilled, 0.1, 0.04), DEPLOYED],
    against: &[more(Fact::Orphans, 0.005, 0.0025)],
    subject: Subject::None,
    containment: "roll back; make the missing records from the log of the edge",
    remedy: "shield what is meant to go on, and say so",
    next: "which records the cancelled requests lack",
    trigger: "a record missing for 5 % of clients that left",
};
