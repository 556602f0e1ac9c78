//! truncated-as-complete: a cut stream is completed as if whole.
//! ## Looks like
//! Streams end without their marker, the long ones, at one time or length; an end is put behind them, and they count as whole.
//! ## Told apart from
//! payload-truncated (what is cut cannot be read), dropped-at-deadline (a step is missing), a model that answers briefly (each answer has its end).
//! ## Fixed by
//! Taking a missing end for a failure.
//! ## Seen in
//! Q29 (29d).

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "truncated-as-complete",
    family: Family::Partial,
    summary: "a cut stream is completed as if whole",
    signature: "answers without the end marker, of one length or time, errors none",
    look_alikes: &["payload-truncated", "dropped-at-deadline"],
    requires: &[
        more(Fact::Hidden, 0.0025, 0.00125),
        more(Fact::HiddenEnds, 0.5, 0.2),
    ],
    supports: &[
        more(Fact::HiddenEnds, 0.5, 0.2),
        less(Fact::HiddenDefaults, 0.5, 0.2),
    ],
    against: &[more(Fact::HiddenSteps, 0.5, 0.2).at_most(1.0)],
    subject: Subject::None,
    containment: "raise the idle time-out of whoever closes; ask again for what has no end",
    remedy: "a missing end is a failure",
    next: "at which time or length streams are cut, and whose limit that is",
    trigger: "roll back when less than 99.9% of the streams have their end",
};
