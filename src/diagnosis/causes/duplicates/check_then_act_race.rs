//! check-then-act-race: two replicas look before either has written.
//! ## Looks like
//! Duplicates of what comes twice at once.
//! ## Told apart from
//! idempotency-store-lost (the second comes later), hidden-retry-layer (one try of the service).
//! ## Fixed by
//! Insert if absent, in one step, and let the second wait.
//! ## Seen in
//! Q26 (concurrent first writes for one key).

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "check-then-act-race",
    family: Family::Duplicates,
    summary: "two replicas look before either has written",
    signature: "written twice at the same instant under one key, and neither found a record",
    look_alikes: &[
        "idempotency-store-lost",
        "hidden-retry-layer",
        "idempotency-key-unstable",
    ],
    requires: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainTogether, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainTogether, 0.5, 0.15),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "send all tries of one key to one replica",
    remedy: "insert if absent, in one step, and let the second wait",
    next: "whether looking and inserting are one statement",
    trigger: "two holders of one key",
};
