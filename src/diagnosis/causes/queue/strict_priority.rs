//! strict-priority: the low class is served only when nothing else waits.
//! ## Looks like
//! Turns follow one order of classes without an exception; the low class gets none while another waits, however long it has waited.
//! ## Told apart from
//! ageing-too-slow (the low class wins once it leads by enough), no-floor (it wins now and then, whatever its wait), worker-loss (nobody is there to serve it).
//! ## Fixed by
//! Weights with a floor.
//! ## Seen in
//! Q27.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "strict-priority",
    family: Family::Queue,
    summary: "the low class is served only when nothing else waits",
    signature: "throughput of the low class is nothing, its longest wait grows by a second a second, the high class is well",
    look_alikes: &["ageing-saturates", "no-floor", "worker-loss"],
    requires: &[
        // A tenth of the turns: more than a burst of one class brings about.
        more(Fact::PassedOver, 0.05, 0.025),
        // No turn in five hundred; a weight of one in two hundred gets more.
        less(Fact::StarvedTurns, 0.002, 0.001),
        more(Fact::StrictOrder, 0.97, 0.015),
    ],
    supports: &[more(Fact::PassedOver, 0.15, 0.05).at_most(3.0).hint()],
    against: &[
        // All turns at which the two disagree: that is a rule of its own.
        more(Fact::LengthOverAge, 0.95, 0.02),
        more(Fact::WorkersGone, 0.2, 0.1),
        more(Fact::CapFits, 0.08, 0.03),
    ],
    subject: Subject::None,
    containment: "roll the queue's configuration back, or give the class workers of its own",
    remedy: "weights with a floor",
    next: "which class is served while the low one waits, turn by turn",
    trigger: "the longest wait of a class above its objective for two minutes after a deploy",
};
