//! restart-herd: all that restart read the same at once.
//! ## Looks like
//! All start at once, what they read first is saturated, starts fail and begin again; nobody comes up.
//! ## Told apart from
//! cold-start (they are up, and slow), capacity-loss (they are gone, and do not try).
//! ## Fixed by
//! Spread the starts; back off with jitter.
//! ## Seen in
//! Q30.

use super::super::{Cause, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "restart-herd",
    family: Family::Compound,
    summary: "all that restart read the same at once",
    signature: "all replicas start at once, and what they read at the start is saturated",
    look_alikes: &["cold-start", "capacity-loss"],
    requires: &[
        // Beyond e^1.6, which is five starts that failed.
        more(Fact::FailedStarts, 1.6, 0.5),
    ],
    supports: &[
        more(Fact::CapacityLess, 0.10, 0.05),
        more(Fact::Failing, 0.02, 0.01).at_most(1.0),
    ],
    against: &[],
    subject: Subject::None,
    containment: "start a few at a time; more room for what they read",
    remedy: "spread the starts; back off with jitter",
    next: "how many starts read at once, against what they read can serve",
    trigger: "failed starts above 5 in 1 min",
};
