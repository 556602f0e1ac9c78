//! idempotency-store-lost: the store of keys is lost at a restart, or is each process's own.
//! ## Looks like
//! Duplicates of who comes back to another replica, or after a restart.
//! ## Told apart from
//! idempotency-record-expired (the ledger did know it), check-then-act-race (both at once).
//! ## Fixed by
//! A durable store that all replicas share.
//! ## Seen in
//! Q26 (storing the key only in memory).

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "idempotency-store-lost",
    family: Family::Duplicates,
    summary: "the store of keys is lost at a restart, or is each process's own",
    signature: "written again under the same key where the ledger knows nothing of the first, by another process",
    look_alikes: &[
        "idempotency-record-expired",
        "check-then-act-race",
        "timeout-taken-for-failure",
    ],
    requires: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainForgotten, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainForgotten, 0.5, 0.15),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "pin clients to their replica, and stop restarts; reconcile",
    remedy: "a durable store that all replicas share",
    next: "where records are kept; restarts between the two tries",
    trigger: "a write done again under a key that was DONE",
};
