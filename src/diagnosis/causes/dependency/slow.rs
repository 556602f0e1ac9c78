//! dependency-slow: a dependency takes longer per call.
//! ## Looks like
//! The time of a call rises; waits for connections and workers follow; the hit rate stays.
//! ## Told apart from
//! the causes of misses (more calls, each as fast as before), traffic-surge (waits grow, the time of a call stays).
//! ## Fixed by
//! The dependency; here: time-outs, a smaller share of calls, a fall-back.
//! ## Seen in
//! Q21, Q24 (the impostor: "which metric distinguishes cache miss from backend slowness?").

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "dependency-slow",
    family: Family::Dependency,
    summary: "a dependency takes longer per call",
    signature: "time per call up, hit rate intact",
    look_alikes: &["traffic-surge", "dependency-errors", "key-field-added"],
    requires: &[
        more(Fact::CallSlower, 0.5, 0.25),
        less(Fact::Misses, 0.05, 0.02),
    ],
    supports: &[
        more(Fact::CallMedian, 0.08, 0.04),
        more(Fact::CallTail, 0.10, 0.05),
        less(Fact::Arrivals, 0.2, 0.1).at_most(1.0),
    ],
    against: &[
        // Tries that multiply make calls late by themselves.
        more(Fact::Amplification, 0.40, 0.15).at_most(3.0),
        more(Fact::CallErrors, 0.02, 0.01).at_most(1.0),
        // What is late is left out, and nobody says so: users feel that, and no delay.
        more(Fact::Hidden, 0.0025, 0.00125),
        // An engine that finds less of a prompt in memory has more to do for it: it is asked for more.
        more(Fact::PrefixLess, 0.10, 0.05),
        // What slows few calls, or opens connections, or is asked for more, or stands still itself, is another cause.
        less(Fact::CallMost, 0.3, 0.1),
        more(Fact::PartConnect, 0.6, 0.12),
        more(Fact::PartSize, 0.5, 0.12),
        more(Fact::SmallSlower, 0.2, 0.08),
        more(Fact::Paused, 0.1, 0.05),
        more(Fact::Throttled, 0.1, 0.05),
    ],
    subject: Subject::Dependency,
    containment: "shorten the time-out and fall back; keep retries from adding load",
    remedy: "the dependency's own; a deadline on every call",
    next: "the dependency's own dashboard; whether all of its replicas are slow",
    trigger: "none of ours; open the breaker when the p95 of calls is above 2x of before",
};
