//! deadline-ignored: work past its deadline is done all the same.
//! ## Looks like
//! After a burst the queue is longer than clients wait, and stays so: the first call for a request begins after its client left.
//! ## Told apart from
//! traffic-surge (who is late is dropped, goodput stays near capacity), no-cancel-path (work had begun before).
//! ## Fixed by
//! Drop what has expired, or cannot be done in time, when it is taken from the queue.
//! ## Seen in
//! Q25; joseprupi/quantraserver#90, kurrent-io/KurrentDB#2277.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "deadline-ignored",
    family: Family::Cancellation,
    summary: "work past its deadline is done all the same",
    signature: "what starts has waited longer than anybody waits: work is done, and goodput falls to nothing",
    look_alikes: &["traffic-surge", "no-cancel-path", "no-deadline"],
    requires: &[
        more(Fact::Orphans, 0.005, 0.0025),
        more(Fact::StartedDead, 0.5, 0.15),
        less(Fact::NoBudget, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::Orphans, 0.005, 0.0025),
        more(Fact::StartedDead, 0.5, 0.15),
        more(Fact::Failing, 0.02, 0.01).at_most(2.0),
        more(Fact::Arrivals, 0.1, 0.05).at_most(1.0).hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "drop the queue, or everything in it older than clients wait",
    remedy: "drop what has expired, or cannot be done in time, when it is taken from the queue",
    next: "the age of what is taken from the queue, beside what clients wait",
    trigger: "more than 1 % of what is started has expired",
};
