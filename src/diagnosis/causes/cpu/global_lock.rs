//! global-lock: one lock is held while computing.
//! ## Looks like
//! Requests wait for the interpreter, whatever they compute; cores stand idle.
//! ## Told apart from
//! lock-contention (a lock of somebody's own: the queue for interpreters is empty), cpu-quota-throttling (no lock, periods without CPU).
//! ## Fixed by
//! Processes instead of threads, or no lock while computing.
//! ## Seen in
//! Q28 ("GIL contention patterns").

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "global-lock",
    family: Family::Cpu,
    summary: "one lock is held while computing",
    signature: "lock wait up, one core busy, more threads change nothing",
    look_alikes: &["lock-contention", "cpu-quota-throttling"],
    requires: &[
        // Where it holds up all workers, most of the wait is for one of those.
        more(Fact::PartLock, 0.08, 0.03),
        // Whose lock: one or the other.
        more(Fact::ForInterpreter, 0.5, 0.12),
    ],
    supports: &[more(Fact::ForInterpreter, 0.5, 0.12), DEPLOYED.hint()],
    against: &[
        // More requests wait longer for any lock.
        more(Fact::Arrivals, 0.2, 0.1).at_most(2.0),
        more(Fact::Throttled, 0.1, 0.05),
        more(Fact::Paused, 0.1, 0.05),
        // Dearer requests wait longer for anything.
        more(Fact::CpuGivenSize, 0.3, 0.1),
    ],
    subject: Subject::None,
    containment: "more processes; send less to each",
    remedy: "processes instead of threads, or no lock while computing",
    next: "how many threads compute at once in each process",
    trigger: "waits for the interpreter above a fifth of the median latency",
};
