//! missing-field: a field that the parser needs is not there.
//! ## Looks like
//! Errors of one class, a missing field, on one path; all of what some clients send, or a share of it; what is refused ends early.
//! ## Told apart from
//! strict-parser-first (errors fall as producers follow), schema-mismatch (the field came under another name), type-strictness (another class).
//! ## Fixed by
//! A roll-back of the parser; a default; whoever lost the field.
//! ## Seen in
//! Q22 (the incident).

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "missing-field",
    family: Family::Parser,
    summary: "a field that the parser needs is not there",
    signature: "parse errors of one class on one path, from one version of the parser on, for the clients that do not send it",
    look_alikes: &["type-strictness", "strict-parser-first", "schema-mismatch"],
    requires: &[
        more(Fact::Unread, 0.0025, 0.00125),
        more(Fact::UnreadMissing, 0.5, 0.2),
    ],
    supports: &[
        less(Fact::UnreadFalls, 0.5, 0.2),
        DEPLOYED.hint(),
        less(Fact::OfClient, 1.5, 0.5).at_most(0.5),
    ],
    against: &[
        // A reader that refuses lives; this one dies of it.
        more(Fact::Deaths, 1.6, 0.4),
        more(Fact::Apart, 0.5, 0.2),
        more(Fact::Outpaced, 0.3, 0.12),
        more(Fact::WrongForm, 0.5, 0.2).at_most(1.0),
    ],
    subject: Subject::None,
    containment: "roll the parser back, or let the one before read what this one refuses",
    remedy: "a default for the field; required only when nobody sends it any more",
    next: "which clients do not send the field, and since when it is required",
    trigger: "roll back when more than 1% of a version's requests cannot be read for a minute",
};
