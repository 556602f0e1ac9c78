//! lock-contention: requests wait for one another's lock.
//! ## Looks like
//! Computation takes longer with concurrency while cores are idle.
//! ## Told apart from
//! cpu-quota-throttling (no lock is waited for), global-lock (the lock of the interpreter: all that computes waits).
//! ## Fixed by
//! Hold the lock for less, or split it.
//! ## Seen in
//! Q21, Q28.

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "lock-contention",
    family: Family::Latency,
    summary: "requests wait for one another's lock",
    signature: "compute up with concurrency, throughput down, CPU not used up",
    look_alikes: &["cpu-quota-throttling", "global-lock"],
    // Where it holds up all workers, most of the wait is for one of those.
    requires: &[more(Fact::PartLock, 0.08, 0.03)],
    supports: &[more(Fact::PartLock, 0.3, 0.12), DEPLOYED.hint()],
    against: &[
        // More requests wait longer for any lock.
        more(Fact::Arrivals, 0.2, 0.1).at_most(2.0),
        // The interpreter's lock is nobody's own.
        more(Fact::ForInterpreter, 0.5, 0.12),
        // Dearer requests hold each lock for longer.
        more(Fact::CpuGivenSize, 0.3, 0.1),
        more(Fact::Throttled, 0.1, 0.05),
        more(Fact::Paused, 0.1, 0.05),
    ],
    subject: Subject::None,
    containment: "roll back what began to hold the lock",
    remedy: "hold the lock for less, or split it",
    next: "who holds the lock for longest, and what is computed under it",
    trigger: "waits for a lock above a fifth of the median latency",
};
