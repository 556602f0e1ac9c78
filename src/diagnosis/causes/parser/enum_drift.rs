//! enum-drift: a value that the parser does not know spreads, and nobody deployed.
//! ## Looks like
//! Errors of one class, an unknown value, on one path, that grow while no version of the parser is new; long lists first, or tenant after tenant.
//! ## Told apart from
//! strict-parser-first (a new reader refuses a value of old), format-drift (the value is known, its form is not), schema-mismatch (another class).
//! ## Fixed by
//! A fallback for values that are not known.
//! ## Seen in
//! Q22 (22b).

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "enum-drift",
    family: Family::Parser,
    summary: "a value that the parser does not know spreads, and nobody deployed",
    signature: "parse errors of an unknown value ramp without any deploy, large payloads first",
    look_alikes: &["type-strictness", "schema-mismatch", "format-drift"],
    requires: &[
        more(Fact::Unread, 0.0025, 0.00125),
        more(Fact::UnreadValue, 0.5, 0.2),
        less(Fact::ByNewReader, 0.5, 0.2),
    ],
    supports: &[
        more(Fact::UnreadRises, 0.5, 0.2).hint(),
        more(Fact::UnreadValue, 0.5, 0.2),
        less(Fact::UnreadFalls, 0.5, 0.2).at_most(1.0),
    ],
    against: &[more(Fact::Apart, 0.5, 0.2), more(Fact::WrongForm, 0.5, 0.2)],
    subject: Subject::None,
    containment: "read what is unknown as a value that does no harm",
    remedy: "map unknown values to a fallback; readers learn a value before writers send it",
    next: "which value it is, who sends it and how fast it spreads",
    trigger: "none of ours: nobody deployed; alert when an unknown value is in 0.5% of requests",
};
