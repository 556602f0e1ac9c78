//! no-outbox: a write in several steps is cut between them.
//! ## Looks like
//! Some steps of a write without the others, where a call failed or a process died in between.
//! ## Told apart from
//! the causes of duplicates (steps are missing, none is too many).
//! ## Fixed by
//! An outbox: one transaction, and a relay.
//! ## Seen in
//! Q26 (multi-step writes with outbox).

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "no-outbox",
    family: Family::Duplicates,
    summary: "a write in several steps is cut between them",
    signature: "writes that are done without their second step",
    look_alikes: &["idempotency-store-lost", "timeout-taken-for-failure"],
    requires: &[more(Fact::Unpublished, 0.001, 0.0005)],
    supports: &[more(Fact::Unpublished, 0.001, 0.0005), DEPLOYED.hint()],
    against: &[more(Fact::Repeats, 0.001, 0.0005)],
    subject: Subject::None,
    containment: "send the missing second steps from the books",
    remedy: "an outbox: one transaction, and a relay",
    next: "writes whose event is not at its consumer half a minute later",
    trigger: "a write without its event after 30 s",
};
