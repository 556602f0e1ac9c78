//! dropped-at-deadline: what is not there in time is left out.
//! ## Looks like
//! Steps are missing that never failed: they were cancelled or given up; their answers come at the deadline, and say that they are complete.
//! ## Told apart from
//! tool-failure-swallowed (the step fails, at any time), dependency-slow (answers are late and whole), silent-fallback (a default stands for the whole).
//! ## Fixed by
//! Saying what is missing; a budget for each step.
//! ## Seen in
//! Q29.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "dropped-at-deadline",
    family: Family::Partial,
    summary: "what is not there in time is left out",
    signature: "answers at the deadline, with steps missing",
    look_alikes: &[
        "tool-failure-swallowed",
        "dependency-slow",
        "silent-fallback",
    ],
    requires: &[
        more(Fact::Hidden, 0.0025, 0.00125),
        more(Fact::HiddenSteps, 0.5, 0.2),
        more(Fact::LeftOut, 0.5, 0.2),
    ],
    supports: &[
        more(Fact::AtDeadline, 0.5, 0.2),
        more(Fact::LeftOut, 0.5, 0.2),
        less(Fact::HiddenDefaults, 0.5, 0.2),
    ],
    against: &[],
    subject: Subject::None,
    containment: "lengthen the deadline, or take the slow step out and say so",
    remedy: "say what is missing; a budget for each step",
    next: "which step is late, and whether its dependency is slow or the deadline short",
    trigger: "roll back when answers with a hidden failure are more than 0.5%",
};
