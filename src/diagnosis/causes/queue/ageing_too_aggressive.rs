//! ageing-too-aggressive: what has waited goes before people who wait now.
//! ## Looks like
//! All turns go to who has waited longest, where some class went first before; that class waits with the others now.
//! ## Told apart from
//! single-fifo-flood (the rule is as before, one producer's line stands in front), scheduled-by-queue-length (the longest line goes first, not the oldest).
//! ## Fixed by
//! A smaller step of ageing.
//! ## Seen in
//! Q27.

use super::super::{Cause, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "ageing-too-aggressive",
    family: Family::Queue,
    summary: "what has waited goes before people who wait now",
    signature: "the high class waits behind what is old, at no more load",
    look_alikes: &["single-fifo-flood", "no-burst-cap"],
    requires: &[
        // Nearly all; ties within a millisecond count as such.
        more(Fact::ServedByAge, 0.95, 0.02),
        more(Fact::AgeBefore, 0.08, 0.03),
        // A tenth of those who went first wait now.
        more(Fact::UrgentWaits, 0.05, 0.025),
    ],
    supports: &[more(Fact::UrgentWaits, 0.15, 0.05).at_most(3.0).hint()],
    against: &[more(Fact::LengthOverAge, 0.8, 0.1)],
    subject: Subject::None,
    containment: "roll the queue's configuration back, or give the class workers of its own",
    remedy: "a smaller step of ageing",
    next: "who is served before the urgent class, and what they had waited",
    trigger: "waits of the urgent class above its objective for two minutes after a deploy",
};
