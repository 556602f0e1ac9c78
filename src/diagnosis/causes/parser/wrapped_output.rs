//! wrapped-output: the model wraps its answer now and then.
//! ## Looks like
//! The object stands in a fence or behind a sentence; the share follows the model's version and no size. With a default in its place no error moves, and defaults do.
//! ## Told apart from
//! payload-truncated (unreadable at the end, the larger the sooner), stream-assembly-regression (in the middle, of one client version), silent-fallback (nothing is unreadable).
//! ## Fixed by
//! One deterministic unwrap, and the same strict reading again.
//! ## Seen in
//! Q22 (22d), Q7.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "wrapped-output",
    family: Family::Parser,
    summary: "the model wraps its answer now and then",
    signature: "what cannot be read is so from its first byte on, at a rate that follows the model's version and no size",
    look_alikes: &[
        "payload-truncated",
        "stream-assembly-regression",
        "silent-fallback",
    ],
    requires: &[
        more(Fact::Unread, 0.0025, 0.00125),
        more(Fact::UnreadWrapped, 0.5, 0.2),
    ],
    supports: &[
        less(Fact::OneClient, 0.7, 0.2).at_most(0.5),
        less(Fact::UnreadFalls, 0.5, 0.2).at_most(0.5),
    ],
    against: &[more(Fact::ByNewReader, 0.5, 0.2).at_most(1.0)],
    subject: Subject::None,
    containment: "strip what stands around the object, once and by rule; count defaults as failures",
    remedy: "one deterministic unwrap; count fallbacks as failures",
    next: "which version of the model it is, and since when it answers",
    trigger: "take a new model back when more than 1% of its answers cannot be read, fallbacks included",
};
