//! new-connection-penalty: every new connection costs a fixed time, and connections are not kept.
//! ## Looks like
//! The tail of calls rises: of those that open a connection.
//! ## Told apart from
//! dependency-slow and slow-minority-dependency (calls over connections that lay idle are slow as well).
//! ## Fixed by
//! Keep connections alive, and more of them idle.
//! ## Seen in
//! Q21.

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "new-connection-penalty",
    family: Family::Latency,
    summary: "every new connection costs a fixed time, and connections are not kept",
    signature: "connection time up on the calls that open one, all others as fast as before; connections opened per second up",
    look_alikes: &["dependency-slow", "slow-minority-dependency"],
    requires: &[
        more(Fact::CallSlower, 0.5, 0.25),
        more(Fact::PartConnect, 0.6, 0.12),
    ],
    supports: &[more(Fact::PartConnect, 0.6, 0.12), DEPLOYED.hint()],
    against: &[
        more(Fact::Arrivals, 0.5, 0.2).at_most(1.0),
        more(Fact::Throttled, 0.1, 0.05),
        more(Fact::Paused, 0.1, 0.05),
    ],
    subject: Subject::Dependency,
    containment: "keep connections longer; open them before they are needed",
    remedy: "keep connections alive, and more of them idle",
    next: "connections opened a second, and what a handshake takes: names, certificates, routes",
    trigger: "connections opened a second above 2x of before",
};
