//! no-burst-cap: a burst of one class takes all workers.
//! ## Looks like
//! The low class gets hardly a turn; before, it got one after each few of another class, where only one other waited, and few beside several.
//! ## Told apart from
//! no-floor (before, it had its share beside one class and beside several), strict-priority (no turn at all). With one phase of load they are the same.
//! ## Fixed by
//! A bound on what a class takes at once.
//! ## Seen in
//! Q27.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "no-burst-cap",
    family: Family::Queue,
    summary: "a burst of one class takes all workers",
    signature: "one class has all workers for as long as its burst lasts",
    look_alikes: &["strict-priority", "no-floor"],
    requires: &[
        // A tenth of the turns: more than a burst of one class brings about.
        more(Fact::PassedOver, 0.05, 0.025),
        // Among three a third would be fair, and a sixth is a floor still.
        less(Fact::StarvedTurns, 0.12, 0.04),
        less(Fact::StrictOrder, 0.985, 0.01),
        less(Fact::AgeingFits, 0.85, 0.05),
    ],
    supports: &[
        more(Fact::PassedOver, 0.15, 0.05).at_most(3.0).hint(),
        more(Fact::CapBefore, 0.1, 0.05).at_most(2.0),
    ],
    against: &[
        // All turns at which the two disagree: that is a rule of its own.
        more(Fact::LengthOverAge, 0.95, 0.02),
        more(Fact::WorkersGone, 0.2, 0.1),
        more(Fact::CapFits, 0.06, 0.025),
    ],
    subject: Subject::None,
    containment: "roll the queue's configuration back, or give the class workers of its own",
    remedy: "a bound on what a class takes at once",
    next: "how many turns in a row one class gets while others wait",
    trigger: "the longest wait of a class above its objective for two minutes after a deploy",
};
