//! payload-truncated: payloads are cut short.
//! ## Looks like
//! What cannot be read ends early, at a size; small ones are read as before; no version is new.
//! ## Told apart from
//! wrapped-output (unreadable from the start), stream-assembly-regression (in the middle, whatever the size), truncated-as-complete (a stream without its end that is taken for whole).
//! ## Fixed by
//! The limit that cuts: a proxy's, of bytes or of tokens.
//! ## Seen in
//! Q22 (the look-alike of 22d), Q7.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "payload-truncated",
    family: Family::Parser,
    summary: "payloads are cut short",
    signature: "what cannot be read ends too early, more often the larger it is",
    look_alikes: &[
        "wrapped-output",
        "truncated-as-complete",
        "stream-assembly-regression",
    ],
    requires: &[
        more(Fact::Unread, 0.0025, 0.00125),
        more(Fact::UnreadCut, 0.5, 0.2),
    ],
    supports: &[
        less(Fact::OneClient, 0.7, 0.2).at_most(0.5),
        less(Fact::UnreadBroken, 0.5, 0.2),
    ],
    against: &[
        more(Fact::ByNewReader, 0.5, 0.2).at_most(1.0),
        more(Fact::HiddenEnds, 0.5, 0.2).at_most(1.0),
    ],
    subject: Subject::None,
    containment: "raise the limit that cuts, or split what is larger",
    remedy: "raise or split at the size that cuts; check the declared length",
    next: "the size from which on all are cut, and whose limit that is",
    trigger: "roll back the proxy's change when cut payloads are more than 0.5%",
};
