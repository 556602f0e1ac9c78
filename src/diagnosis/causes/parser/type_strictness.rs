//! type-strictness: the parser no longer takes one type for another.
//! ## Looks like
//! Errors of one class, a wrong type, on one path, from a version of the parser on, for clients whose payloads were read the day before.
//! ## Told apart from
//! schema-mismatch (no new reader: the writer changed the type), missing-field and enum-drift (another class).
//! ## Fixed by
//! A roll-back; an adapter that reads both types.
//! ## Seen in
//! Q22 (22a: pydantic 2 no longer makes texts of numbers).

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "type-strictness",
    family: Family::Parser,
    summary: "the parser no longer takes one type for another",
    signature: "parse errors of a wrong type on one path step up with the parser's version; failed requests end early",
    look_alikes: &["missing-field", "enum-drift", "schema-mismatch"],
    requires: &[
        more(Fact::Unread, 0.0025, 0.00125),
        more(Fact::UnreadType, 0.5, 0.2),
        more(Fact::ByNewReader, 0.5, 0.2),
    ],
    supports: &[
        more(Fact::ShapeKnown, 0.5, 0.2),
        DEPLOYED.hint(),
        less(Fact::UnreadFalls, 0.5, 0.2).at_most(1.0),
    ],
    against: &[more(Fact::Apart, 0.5, 0.2), more(Fact::Outpaced, 0.3, 0.12)],
    subject: Subject::None,
    containment: "roll the parser back",
    remedy: "an adapter that reads both types, until all clients send one",
    next: "which clients send the other type, and whether they always did",
    trigger: "roll back when more than 1% of a version's requests cannot be read for a minute",
};
