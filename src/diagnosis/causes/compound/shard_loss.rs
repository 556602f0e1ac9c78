//! shard-loss: some shards of a store are gone.
//! ## Looks like
//! Some users, or contents, fail each time, others never; no tag that is stored says which.
//! ## Told apart from
//! dependency-errors (anybody fails now and then), partial-results-as-full (all are answered, in part).
//! ## Fixed by
//! More capacity, slower retries, a local fall-back.
//! ## Seen in
//! Q30.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "shard-loss",
    family: Family::Compound,
    summary: "some shards of a store are gone",
    signature: "failure by user has two humps, by the hash of the user and no other tag",
    look_alikes: &["partial-results-as-full", "dependency-errors"],
    requires: &[
        more(Fact::Failing, 0.01, 0.005),
        // Half of the variance lies between users: 0 for errors that strike anybody, 1 for shards.
        more(Fact::ByKey, 0.5, 0.15),
    ],
    supports: &[
        less(Fact::Arrivals, 0.3, 0.15).at_most(1.0),
        more(Fact::CallErrors, 0.01, 0.005).hint(),
    ],
    against: &[
        more(Fact::Refused, 0.01, 0.005),
        more(Fact::Unread, 0.005, 0.0025),
        more(Fact::Deaths, 1.6, 0.4),
        // What is tried without end fails for itself: a shard that is gone fails all of its users, however often they ask.
        more(Fact::ManyTries, 0.005, 0.0025),
    ],
    subject: Subject::None,
    containment: "a local fall-back for those who are shut out; slower retries",
    remedy: "more capacity, slower retries, a local fall-back",
    next: "which hash of the user, or of the content, parts those who fail from those who do not",
    trigger: "users shut out above 5 % for 1 min",
};
