//! aggregate-boolean: one flag stands for many steps.
//! ## Looks like
//! Answers say complete as soon as one step has succeeded; where none has, they say so.
//! ## Told apart from
//! tool-failure-swallowed (even what failed altogether is said to be complete), item-errors-hidden (items, not steps).
//! ## Fixed by
//! A structured outcome.
//! ## Seen in
//! Q29 (one aggregate boolean with no component visibility).

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "aggregate-boolean",
    family: Family::Partial,
    summary: "one flag stands for many steps",
    signature: "one flag, and a log of steps that says otherwise",
    look_alikes: &["tool-failure-swallowed", "item-errors-hidden"],
    requires: &[
        more(Fact::Hidden, 0.0025, 0.00125),
        more(Fact::HiddenSteps, 0.5, 0.2),
        more(Fact::WholeSaid, 0.5, 0.2),
    ],
    supports: &[
        more(Fact::WholeSaid, 0.5, 0.2),
        less(Fact::LeftOut, 0.5, 0.2),
        less(Fact::HiddenDefaults, 0.5, 0.2),
    ],
    against: &[],
    subject: Subject::None,
    containment: "say which steps failed beside the flag",
    remedy: "a structured outcome",
    next: "what the flag is made of, and what failed while it said success",
    trigger: "roll back when answers with a hidden failure are more than 0.5%",
};
