//! idempotency-key-too-broad: two operations that are meant share a key.
//! ## Looks like
//! Operations find DONE at their first try.
//! ## Told apart from
//! check-then-act-race and the others (something is written twice; here too little is).
//! ## Fixed by
//! A key of intent and operation, not of content.
//! ## Seen in
//! Q26.

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "idempotency-key-too-broad",
    family: Family::Duplicates,
    summary: "two operations that are meant share a key",
    signature: "fewer keys than operations; some are answered from the record of another, and nothing is written twice",
    look_alikes: &["check-then-act-race", "idempotency-key-unstable"],
    requires: &[more(Fact::SharedKeys, 0.001, 0.0005)],
    supports: &[more(Fact::SharedKeys, 0.001, 0.0005), DEPLOYED.hint()],
    against: &[more(Fact::Repeats, 0.001, 0.0005)],
    subject: Subject::None,
    containment: "roll the key back; find the operations that were swallowed by their shared keys",
    remedy: "a key of intent and operation, not of content",
    next: "operations answered from a record that is older than they are",
    trigger: "an operation under the key of another",
};
