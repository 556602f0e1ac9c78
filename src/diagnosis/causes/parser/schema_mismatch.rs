//! schema-mismatch: reader and writer go by different schemas.
//! ## Looks like
//! All of what one writer sends is refused from one instant on, and the reader is as before: a field under another name, of another type, or one that a strict reader does not have. Or the reader renamed it.
//! ## Told apart from
//! missing-field (no name is new where the field is gone), type-strictness (the reader is new), strict-parser-first (the writer is as before), enum-drift (names and types are as before).
//! ## Fixed by
//! A schema that both sides can read.
//! ## Seen in
//! Q22, Q17 (breaking renames).

use super::super::{Cause, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "schema-mismatch",
    family: Family::Parser,
    summary: "reader and writer go by different schemas",
    signature: "parse errors for one pair of reader and writer version, none for the others",
    look_alikes: &["strict-parser-first", "enum-drift", "missing-field"],
    requires: &[
        more(Fact::Unread, 0.0025, 0.00125),
        more(Fact::Apart, 0.5, 0.2),
    ],
    supports: &[
        more(Fact::OneClient, 0.5, 0.2).hint(),
        more(Fact::OfClient, 0.8, 0.2).at_most(1.0),
    ],
    against: &[more(Fact::Outpaced, 0.3, 0.12).at_most(1.0)],
    subject: Subject::None,
    containment: "read both names; send that writer back",
    remedy: "a schema that both sides can read; check compatibility before a roll-out",
    next: "what the refused payloads have that those of before did not",
    trigger: "roll the writer back when more than 1% of what it sends cannot be read",
};
