//! poison-message: a message that fails each time is tried for ever.
//! ## Looks like
//! Tries beyond any sound number, of operations that never succeed; the others fare as before but for the room that is taken.
//! ## Told apart from
//! dependency-errors (what fails succeeds when it is tried again), traffic-surge (first tries).
//! ## Fixed by
//! An end to attempts, and a place for dead letters.
//! ## Seen in
//! Q27.

use super::super::{Cause, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "poison-message",
    family: Family::Queue,
    summary: "a message that fails each time is tried for ever",
    signature: "attempts of few messages without end, none of which succeeds",
    look_alikes: &["dependency-errors"],
    requires: &[
        // A hundredth of all requests.
        more(Fact::ManyTries, 0.005, 0.0025),
        more(Fact::NeverWell, 0.6, 0.1),
    ],
    supports: &[
        more(Fact::ManyTries, 0.02, 0.01).at_most(3.0).hint(),
        more(Fact::NeverWell, 0.8, 0.1).at_most(3.0).hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "set aside what has failed five times",
    remedy: "an end to attempts, and a place for dead letters",
    next: "what the messages that always fail have in common",
    trigger: "tries beyond the fifth above 1 % of requests",
};
