//! slot-leak-on-cancel: the pool loses a slot at a cancel.
//! ## Looks like
//! The pool shrinks by one, now and then, and never grows until a restart.
//! ## Told apart from
//! a pool that was made smaller (at once), connection-leak (in use grows, the size stays).
//! ## Fixed by
//! Give the slot back when a waiter is cancelled.
//! ## Seen in
//! Q25; psycopg/psycopg#509.

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "slot-leak-on-cancel",
    family: Family::Cancellation,
    summary: "the pool loses a slot at a cancel",
    signature: "the size of the pool falls step by step, waits for connections grow, the dependency gets less",
    look_alikes: &["connection-leak", "dependency-slow"],
    requires: &[
        more(Fact::PoolSmaller, 0.2, 0.08),
        less(Fact::SmallerAtOnce, 0.5, 0.12),
    ],
    supports: &[
        more(Fact::PoolSmaller, 0.2, 0.08),
        less(Fact::SmallerAtOnce, 0.5, 0.12),
        DEPLOYED.hint(),
    ],
    against: &[more(Fact::Arrivals, 0.5, 0.2).at_most(1.0)],
    subject: Subject::None,
    containment: "restart replica by replica: it gives the slots back",
    remedy: "give the slot back when a waiter is cancelled",
    next: "the size of the pool beside cancelled waits",
    trigger: "a pool below its configured size",
};
