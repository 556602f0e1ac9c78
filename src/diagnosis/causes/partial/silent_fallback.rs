//! silent-fallback: a default stands in, and nobody is told.
//! ## Looks like
//! A default, or another provider, answers for the one that was asked; statuses and errors do not move, and answers say that they are complete.
//! ## Told apart from
//! tool-failure-swallowed (the answer is there, a part of it is not), partial-results-as-full (shards are missing), wrapped-output (the default stands for what could not be read).
//! ## Fixed by
//! Counting it as degraded, and telling the client.
//! ## Seen in
//! Q29.

use super::super::{Cause, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "silent-fallback",
    family: Family::Partial,
    summary: "a default stands in, and nobody is told",
    signature: "the default's share up, errors as before",
    look_alikes: &[
        "tool-failure-swallowed",
        "partial-results-as-full",
        "wrapped-output",
    ],
    requires: &[
        more(Fact::Hidden, 0.0025, 0.00125),
        more(Fact::HiddenDefaults, 0.5, 0.2),
    ],
    supports: &[
        more(Fact::HiddenDefaults, 0.5, 0.2),
        more(Fact::HiddenSteps, 0.5, 0.2).at_most(1.0),
    ],
    against: &[
        more(Fact::Unread, 0.0025, 0.00125),
        more(Fact::HiddenItems, 0.5, 0.2),
        more(Fact::HiddenShards, 0.5, 0.2),
    ],
    subject: Subject::None,
    containment: "say that it is a default (206); mend or bypass what it stands for",
    remedy: "count it as degraded, and tell the client",
    next: "what the default stands for: why the call behind it fails",
    trigger: "roll back when more than 1% of the answers are defaults",
};
