//! lease-shorter-than-work: the lease ends before the work.
//! ## Looks like
//! Effects repeat, and each try succeeds.
//! ## Told apart from
//! visibility-timeout-too-short (the queue hands out sooner than before), timeout-taken-for-failure (the first had ended).
//! ## Fixed by
//! A heartbeat while it works, or smaller batches; fence who has lost it.
//! ## Seen in
//! Q26; aio-libs/aiokafka#848.

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "lease-shorter-than-work",
    family: Family::Duplicates,
    summary: "the lease ends before the work",
    signature: "written again while the first was at work, its lease over",
    look_alikes: &["visibility-timeout-too-short", "timeout-taken-for-failure"],
    requires: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainLapsed, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainLapsed, 0.5, 0.15),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "raise the lease above the longest work",
    remedy: "a heartbeat while it works, or smaller batches; fence who has lost it",
    next: "how long writes take beside their lease",
    trigger: "a lease taken over from somebody who was alive",
};
