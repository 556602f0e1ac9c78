//! regex-backtracking: a pattern backtracks on ordinary bodies.
//! ## Looks like
//! A share of bodies costs many times what it did, on all routes; the profile shows the matcher.
//! ## Told apart from
//! quadratic-on-content (one route alone, all of its requests, and nothing was deployed), traffic-surge (CPU of a request as before).
//! ## Fixed by
//! Switching the rule off; a matcher without backtracking.
//! ## Seen in
//! Q28 (Cloudflare, 2 July 2019).

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "regex-backtracking",
    family: Family::Cpu,
    summary: "a pattern backtracks on ordinary bodies",
    signature: "CPU per request steps up everywhere at a change of rules, in one stage, for a share of bodies",
    look_alikes: &["quadratic-on-content", "traffic-surge"],
    requires: &[
        // Half of what is noticeable: a quarter more CPU than such sizes took.
        more(Fact::CpuGivenSize, 0.12, 0.04),
        // More than half of it: no other frame then has as much.
        more(Fact::FrameMatch, 0.5, 0.12),
    ],
    supports: &[less(Fact::OneRoute, 0.7, 0.1), DEPLOYED],
    against: &[
        // All requests of one route are one item of that route.
        more(Fact::AllOfRoute, 0.8, 0.08),
    ],
    subject: Subject::None,
    containment: "switch the rule off, not the service",
    remedy: "a matcher without backtracking, and a guard on its CPU",
    next: "which pattern, and which bodies it is slow on",
    trigger: "CPU of a request above 1.5x of before for 2 min: switch the newest rules off",
};
