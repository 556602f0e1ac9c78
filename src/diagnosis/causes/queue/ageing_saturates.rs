//! ageing-saturates: waiting earns nothing more beyond a limit.
//! ## Looks like
//! The low class wins as long as the others are young, and loses once they wait as well, however long it has waited by then.
//! ## Told apart from
//! strict-priority (no service from the start), ageing-too-slow (a lead in waiting is enough at any time).
//! ## Fixed by
//! Credit without a limit, or a reserved share.
//! ## Seen in
//! Q27.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "ageing-saturates",
    family: Family::Queue,
    summary: "waiting earns nothing more beyond a limit",
    signature: "waits pile up just beyond the limit of the credit, then grow",
    look_alikes: &["strict-priority", "ageing-too-slow"],
    requires: &[
        // A tenth of the turns: more than a burst of one class brings about.
        more(Fact::PassedOver, 0.05, 0.025),
        // A third of what a true limit brings, and twice what one more free number does; how few turns it rests on is its error.
        more(Fact::CapFits, 0.06, 0.025),
    ],
    supports: &[
        more(Fact::PassedOver, 0.15, 0.05).at_most(3.0).hint(),
        less(Fact::StarvedTurns, 0.2, 0.05).at_most(1.0),
    ],
    against: &[
        // All turns at which the two disagree: that is a rule of its own.
        more(Fact::LengthOverAge, 0.95, 0.02),
        more(Fact::WorkersGone, 0.2, 0.1),
        more(Fact::ServedByAge, 0.9, 0.03),
    ],
    subject: Subject::None,
    containment: "roll the queue's configuration back, or give the class workers of its own",
    remedy: "credit without a limit, or a reserved share",
    next: "the longest waits against the limit of what counts",
    trigger: "the longest wait of a class above its objective for two minutes after a deploy",
};
