//! item-errors-hidden: errors of items hide in a bulk reply.
//! ## Looks like
//! Fewer items are stored than were sent, the reply says success, and what is refused is fast; single calls may say what bulk calls hide.
//! ## Told apart from
//! format-drift (all of one field, no other), tool-failure-swallowed (the call itself fails), traffic that brings fewer items (all of them are stored).
//! ## Fixed by
//! A status for each item.
//! ## Seen in
//! Q29 (29a, 29b).

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "item-errors-hidden",
    family: Family::Partial,
    summary: "errors of items hide in a bulk reply",
    signature: "items stored below items sent, success as before, the median falls",
    look_alikes: &["format-drift", "tool-failure-swallowed"],
    requires: &[
        more(Fact::Hidden, 0.0025, 0.00125),
        more(Fact::HiddenItems, 0.5, 0.2),
    ],
    supports: &[
        less(Fact::WrongForm, 0.5, 0.2),
        more(Fact::HiddenItems, 0.5, 0.2),
    ],
    against: &[],
    subject: Subject::None,
    containment: "stop the writers that lose items; keep what they sent",
    remedy: "a status for each item",
    next: "which items are refused: of a tenant, of a field, or by chance",
    trigger: "roll back when less than 99% of the items are stored",
};
