//! registry-leak: entries of finished requests stay.
//! ## Looks like
//! The registry of each replica grows with those who leave, or fail; nothing works more than before.
//! ## Told apart from
//! no-cancel-path (requests in flight grow as well), connection-leak (a pool, not a list).
//! ## Fixed by
//! Remove the entry on every exit, in one place.
//! ## Seen in
//! Q25; ROCm/ATOM#1441.

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "registry-leak",
    family: Family::Cancellation,
    summary: "entries of finished requests stay",
    signature: "entries climb and never fall, requests in flight as before",
    look_alikes: &["no-cancel-path", "connection-leak"],
    requires: &[more(Fact::Listed, 0.2, 0.08)],
    supports: &[more(Fact::Listed, 0.2, 0.08), DEPLOYED],
    against: &[],
    subject: Subject::None,
    containment: "restart replica by replica before the limit is reached",
    remedy: "remove the entry on every exit, in one place",
    next: "which exits of a handler do not pass the removal",
    trigger: "entries above twice the requests in flight for 5 min",
};
