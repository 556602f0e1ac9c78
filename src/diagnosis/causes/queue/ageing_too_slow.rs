//! ageing-too-slow: waiting earns too little.
//! ## Looks like
//! The low class is passed over until it leads in waiting by a certain time, and wins then.
//! ## Told apart from
//! strict-priority (it never wins), ageing-saturates (it wins only while the others are young), no-floor (it wins at any wait).
//! ## Fixed by
//! A larger step of ageing.
//! ## Seen in
//! Q27.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "ageing-too-slow",
    family: Family::Queue,
    summary: "waiting earns too little",
    signature: "the low class waits long, and comes in the end",
    look_alikes: &["strict-priority", "no-floor"],
    requires: &[
        // Somebody waits; where all do, the lead is a part of it, and nobody is passed over for several times as long.
        more(Fact::QueueWait, 0.5, 0.2),
        // With no lead at all any rule of ageing is first come, first served.
        less(Fact::ServedByAge, 0.85, 0.05),
        // Chance is a half; a weight tells nothing of waits.
        more(Fact::AgeingFits, 0.85, 0.05),
        less(Fact::CapFits, 0.08, 0.03),
    ],
    supports: &[more(Fact::PassedOver, 0.15, 0.05).at_most(3.0).hint()],
    against: &[more(Fact::WorkersGone, 0.2, 0.1)],
    subject: Subject::None,
    containment: "roll the queue's configuration back, or give the class workers of its own",
    remedy: "a larger step of ageing",
    next: "at which wait the low class gets its turn",
    trigger: "the longest wait of a class above its objective for two minutes after a deploy",
};
