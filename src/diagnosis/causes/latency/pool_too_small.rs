//! pool-too-small: fewer connections than requests that are let in at once.
//! ## Looks like
//! Waits for a connection rise, and nothing else: calls are as fast as before.
//! ## Told apart from
//! slow-minority-dependency (calls take longer), pool-leak (connections are in use by no call), slot-leak-on-cancel
//! (slot after slot).
//! ## Fixed by
//! A pool as large as what is let in at once.
//! ## Seen in
//! Q21.

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "pool-too-small",
    family: Family::Latency,
    summary: "fewer connections than requests that are let in at once",
    signature: "wait for a connection up in duration, calls as fast as before, two humps at one and two service times",
    look_alikes: &["slow-minority-dependency", "pool-leak"],
    requires: &[
        more(Fact::PartPool, 0.3, 0.12),
        less(Fact::CallSlower, 1.0, 0.5),
        less(Fact::Held, 0.2, 0.08),
    ],
    supports: &[
        more(Fact::PoolSmaller, 0.2, 0.08),
        more(Fact::SmallerAtOnce, 0.7, 0.12),
        more(Fact::PartPool, 0.5, 0.12),
        less(Fact::Arrivals, 0.14, 0.05).at_most(1.0),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "raise the pool, or let fewer requests in at once",
    remedy: "a pool as large as what is let in at once",
    next: "connections in use beside the size of the pool, and how many requests a worker pool lets in",
    trigger: "waits for a connection above a fifth of a call",
};
