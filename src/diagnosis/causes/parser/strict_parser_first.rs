//! strict-parser-first: a stricter parser came before the producers that it is for.
//! ## Looks like
//! Errors from a version of the parser on, of payloads whose shape was read before; they fall step by step as producers change over, or are of names and values that everybody was free to send.
//! ## Told apart from
//! missing-field and type-strictness (the errors stay as they are), schema-mismatch (the shape is new, the reader is not).
//! ## Fixed by
//! Both forms until all producers have moved.
//! ## Seen in
//! Q22 (deploying a strict parser before all producers are upgraded).

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "strict-parser-first",
    family: Family::Parser,
    summary: "a stricter parser came before the producers that it is for",
    signature: "parse errors from a deploy of ours on, which fall as producers follow",
    look_alikes: &["missing-field", "schema-mismatch", "type-strictness"],
    requires: &[
        more(Fact::Unread, 0.0025, 0.00125),
        more(Fact::ByNewReader, 0.5, 0.2),
        more(Fact::Outpaced, 0.3, 0.12),
    ],
    supports: &[
        more(Fact::ShapeKnown, 0.5, 0.2),
        more(Fact::UnreadFalls, 0.3, 0.15).hint(),
        DEPLOYED.hint(),
    ],
    against: &[more(Fact::Apart, 0.5, 0.2)],
    subject: Subject::None,
    containment: "roll the parser back, or put the one before behind it",
    remedy: "readers before writers: both forms until all producers have moved",
    next: "which producers still send the old form, and when they change over",
    trigger: "roll back when more than 1% of a version's requests cannot be read for a minute",
};
