//! pool-leak: connections are not given back.
//! ## Looks like
//! Connections in use climb while calls under way do not; waits for a connection follow when none is left.
//! ## Told apart from
//! pool-too-small (every connection in use has a call), connection-leak (they follow cancelled calls), slot-leak-on-
//! cancel (the size falls).
//! ## Fixed by
//! Give connections back on every path; a restart for today.
//! ## Seen in
//! Q21.

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "pool-leak",
    family: Family::Latency,
    summary: "connections are not given back",
    signature: "connections in use climb in a straight line at constant traffic and the wait follows; a restart cures",
    look_alikes: &["pool-too-small", "slot-leak-on-cancel"],
    requires: &[
        more(Fact::Held, 0.2, 0.08),
        less(Fact::HeldByCancel, 0.0, 1.5),
    ],
    supports: &[
        more(Fact::Held, 0.2, 0.08),
        less(Fact::HeldByCancel, 0.0, 1.5),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "restart replica by replica before the pool is empty",
    remedy: "give connections back on every path",
    next: "the path on which a connection is taken and not given back",
    trigger: "connections in use above calls under way by a tenth of the pool",
};
