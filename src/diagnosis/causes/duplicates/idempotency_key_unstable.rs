//! idempotency-key-unstable: the key changes with each try.
//! ## Looks like
//! As many keys as tries; duplicates follow time-outs.
//! ## Told apart from
//! idempotency-record-expired (one key, late), timeout-taken-for-failure (one key, a record was found).
//! ## Fixed by
//! A key of intent and operation, made once by whoever means it.
//! ## Seen in
//! Q26; Adyen/adyen-commercetools#1305.

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "idempotency-key-unstable",
    family: Family::Duplicates,
    summary: "the key changes with each try",
    signature: "tries of one operation carry different keys; look-ups find nothing",
    look_alikes: &[
        "idempotency-record-expired",
        "hidden-retry-layer",
        "timeout-taken-for-failure",
    ],
    requires: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainOtherKey, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainOtherKey, 0.5, 0.15),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "stop the retries of writes until the key is right; reconcile with the provider's books",
    remedy: "a key of intent and operation, made once by whoever means it",
    next: "which fields the key is made of: times, random numbers, encrypted values",
    trigger: "one operation under two keys",
};
