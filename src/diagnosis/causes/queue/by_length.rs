//! scheduled-by-queue-length: the longest queue goes first.
//! ## Looks like
//! Turns go to the longest line even where another has waited longer.
//! ## Told apart from
//! ageing-too-aggressive and single-fifo-flood (turns go to the oldest), strict-priority (turns follow the class, however long its line).
//! ## Fixed by
//! Turns by weight, not by length.
//! ## Seen in
//! Q27.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "scheduled-by-queue-length",
    family: Family::Queue,
    summary: "the longest queue goes first",
    signature: "whoever floods is served most",
    look_alikes: &["strict-priority", "single-fifo-flood"],
    requires: &[
        // Of turns at which the two disagree; a rule by class or by weight agrees in half of them.
        more(Fact::LengthOverAge, 0.9, 0.04),
        less(Fact::ServedByAge, 0.9, 0.03),
        less(Fact::StrictOrder, 0.985, 0.01),
    ],
    supports: &[
        more(Fact::PassedOver, 0.05, 0.025).hint(),
        more(Fact::UrgentWaits, 0.05, 0.025).at_most(3.0).hint(),
    ],
    against: &[more(Fact::AgeingFits, 0.9, 0.03).at_most(1.0)],
    subject: Subject::None,
    containment: "roll the queue's configuration back, or give the class workers of its own",
    remedy: "turns by weight, not by length",
    next: "whose line is the longest at each turn",
    trigger: "the longest wait of a class above its objective for two minutes after a deploy",
};
