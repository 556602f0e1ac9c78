//! single-fifo-flood: one producer fills the queue of all.
//! ## Looks like
//! Most of those who wait are of one producer who sends less than that as a rule; all wait alike, and still do when he has stopped.
//! ## Told apart from
//! hot-tenant (he goes on sending, and there is room for it), traffic-surge (the line is everybody's), ageing-too-aggressive (the rule changed).
//! ## Fixed by
//! Turns by producer.
//! ## Seen in
//! Q27.

use super::super::{Cause, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "single-fifo-flood",
    family: Family::Queue,
    summary: "one producer fills the queue of all",
    signature: "equal waits for all producers, depth divided by drain rate; the depth is one producer's",
    look_alikes: &["traffic-surge", "hot-tenant"],
    requires: &[
        // A fifth of all arrivals stand behind it.
        more(Fact::Flooded, 0.1, 0.05),
        // A quarter of the time: who goes on sending is a hot tenant.
        more(Fact::Backlog, 0.25, 0.1),
    ],
    supports: &[
        more(Fact::ServedByAge, 0.9, 0.04),
        more(Fact::QueueWait, 1.0, 0.3).at_most(3.0).hint(),
    ],
    against: &[
        more(Fact::PassedOver, 0.3, 0.1),
        more(Fact::AgeBefore, 0.1, 0.04),
        more(Fact::LengthOverAge, 0.8, 0.1).at_most(2.0),
    ],
    subject: Subject::None,
    containment: "set the producer's line aside, and let it in at a rate",
    remedy: "turns by producer",
    next: "whose the waiting requests are",
    trigger: "one producer's line above half of all that wait",
};
