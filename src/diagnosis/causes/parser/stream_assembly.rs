//! stream-assembly-regression: one client version puts streamed fragments together wrongly.
//! ## Looks like
//! A small constant share of what one version of clients sends, or asks for, breaks in the middle; each try anew, so retries rise first; sizes, tenants and models say nothing.
//! ## Told apart from
//! payload-truncated (ends early, large ones), wrapped-output (from the first byte, by model), dependency-errors (calls fail, and answers can be read).
//! ## Fixed by
//! A roll-back of that client version.
//! ## Seen in
//! Q22 (22c).

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "stream-assembly-regression",
    family: Family::Parser,
    summary: "one client version puts streamed fragments together wrongly",
    signature: "a small constant share of parse errors for one client version, whatever the size",
    look_alikes: &["payload-truncated", "wrapped-output", "dependency-errors"],
    requires: &[
        more(Fact::Unread, 0.0025, 0.00125),
        more(Fact::UnreadBroken, 0.5, 0.2),
    ],
    supports: &[
        more(Fact::OneClient, 0.4, 0.2),
        less(Fact::UnreadCut, 0.5, 0.2).at_most(1.0),
    ],
    against: &[more(Fact::ByNewReader, 0.5, 0.2).at_most(1.0)],
    subject: Subject::None,
    containment: "roll that client version back; ask once more for what cannot be read",
    remedy: "roll that client version back; a test of fragments at every cut",
    next: "the version's change to how pieces are joined",
    trigger: "roll back a client version whose share of unreadable turns is twice the others'",
};
