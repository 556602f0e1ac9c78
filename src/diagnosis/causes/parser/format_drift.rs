//! format-drift: a value is written in another format.
//! ## Looks like
//! One field is refused for how its value is written, all of it from some source, and nothing else; of bulk calls the items with that field are lost, and no other.
//! ## Told apart from
//! type-strictness (the type is another), enum-drift (the value is not known), item-errors-hidden (items are lost by chance or quota, whatever they carry).
//! ## Fixed by
//! A reader that takes the format.
//! ## Seen in
//! Q22, Q29 (29b: a time offset without its colon).

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "format-drift",
    family: Family::Parser,
    summary: "a value is written in another format",
    signature: "a loss or error that is exact on one form of one field, from a change of the source on",
    look_alikes: &["type-strictness", "item-errors-hidden", "enum-drift"],
    requires: &[more(Fact::WrongForm, 0.5, 0.2)],
    supports: &[
        more(Fact::Unread, 0.0025, 0.00125).hint(),
        more(Fact::HiddenItems, 0.5, 0.2).hint(),
        less(Fact::ByNewReader, 0.5, 0.2).at_most(1.0),
    ],
    against: &[more(Fact::Outpaced, 0.3, 0.12)],
    subject: Subject::None,
    containment: "accept the format again, or send the source back",
    remedy: "accept the format; report items that fail",
    next: "which source writes it so, and since when",
    trigger: "roll the source back when more than 1% of its items are refused",
};
