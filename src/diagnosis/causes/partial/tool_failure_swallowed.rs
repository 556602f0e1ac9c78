//! tool-failure-swallowed: a failed step is dropped from the answer.
//! ## Looks like
//! Steps fail by the log, answers lack them and say that they are complete; statuses and errors do not move.
//! ## Told apart from
//! silent-fallback (a default stands for the whole answer), dropped-at-deadline (the step was late, not failed), aggregate-boolean (what failed altogether is said), dependency-errors (answers say so).
//! ## Fixed by
//! A status for each step.
//! ## Seen in
//! Q29 (the incident).

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "tool-failure-swallowed",
    family: Family::Partial,
    summary: "a failed step is dropped from the answer",
    signature: "steps fail in the log, answers say complete, reported success stays",
    look_alikes: &[
        "silent-fallback",
        "aggregate-boolean",
        "dropped-at-deadline",
        "dependency-errors",
    ],
    requires: &[
        more(Fact::Hidden, 0.0025, 0.00125),
        more(Fact::HiddenSteps, 0.5, 0.2),
        // A default that stands in for the whole is a cause of its own.
        less(Fact::HiddenDefaults, 0.5, 0.2),
    ],
    supports: &[
        less(Fact::LeftOut, 0.5, 0.2),
        less(Fact::WholeSaid, 0.5, 0.2),
        less(Fact::AtDeadline, 0.5, 0.2).at_most(1.0),
    ],
    against: &[],
    subject: Subject::None,
    containment: "say partial (206, or a map of failures) at once; retry the step",
    remedy: "a status for each step",
    next: "which step fails, and who wrote that its failure is success",
    trigger: "roll back when answers with a hidden failure are more than 0.5%",
};
