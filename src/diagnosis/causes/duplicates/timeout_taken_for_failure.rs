//! timeout-taken-for-failure: a write that timed out had been done.
//! ## Looks like
//! Duplicates follow time-outs, or broken connections, of writes that had landed.
//! ## Told apart from
//! idempotency-key-unstable (another key), lease-shorter-than-work (the first was still at work).
//! ## Fixed by
//! Ask what became of it before writing again.
//! ## Seen in
//! Q26 (treating a network timeout as guaranteed failure).

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "timeout-taken-for-failure",
    family: Family::Duplicates,
    summary: "a write that timed out had been done",
    signature: "written again after a try of which nobody knew how it ended, and nobody asked",
    look_alikes: &[
        "idempotency-key-unstable",
        "hidden-retry-layer",
        "idempotency-store-lost",
    ],
    requires: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainInDoubt, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainInDoubt, 0.5, 0.15),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "stop the retries of writes that timed out; reconcile with the provider's books",
    remedy: "ask what became of it before writing again",
    next: "tries that timed out and are in the provider's books",
    trigger: "a write in the books under a key that the ledger has as failed",
};
