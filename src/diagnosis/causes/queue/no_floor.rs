//! no-floor: nothing is reserved for the low class.
//! ## Looks like
//! The low class gets a turn now and then, at any wait, and too few; before it had its share.
//! ## Told apart from
//! strict-priority (no turn at all), ageing-too-slow (turns at a certain wait), no-burst-cap (before, its share fell beside several classes).
//! ## Fixed by
//! A reserved share.
//! ## Seen in
//! Q27.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "no-floor",
    family: Family::Queue,
    summary: "nothing is reserved for the low class",
    signature: "the low class gets little, and nothing in a surge",
    look_alikes: &["strict-priority", "ageing-too-slow"],
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
        less(Fact::CapBefore, 0.1, 0.05).at_most(2.0),
    ],
    against: &[
        // All turns at which the two disagree: that is a rule of its own.
        more(Fact::LengthOverAge, 0.95, 0.02),
        more(Fact::WorkersGone, 0.2, 0.1),
        more(Fact::CapFits, 0.06, 0.025),
    ],
    subject: Subject::None,
    containment: "roll the queue's configuration back, or give the class workers of its own",
    remedy: "a reserved share",
    next: "the share of turns that the low class gets while it waits",
    trigger: "the longest wait of a class above its objective for two minutes after a deploy",
};
