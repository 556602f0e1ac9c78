//! quadratic-on-content: a pattern is quadratic on one item that everybody sees.
//! ## Looks like
//! All requests of one route cost many times what they did, the others as before; the profile shows the matcher; nothing was deployed.
//! ## Told apart from
//! regex-backtracking (a share of the bodies of all routes, with a change of rules).
//! ## Fixed by
//! Replacing the pattern; a bound on the input.
//! ## Seen in
//! Q28 (Stack Exchange, 20 July 2016).

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "quadratic-on-content",
    family: Family::Cpu,
    summary: "a pattern is quadratic on one item that everybody sees",
    signature: "one route slow, nothing deployed, a constant cost for each view of one item",
    look_alikes: &["regex-backtracking", "probe-removes-replicas"],
    requires: &[
        // Half of what is noticeable: a quarter more CPU than such sizes took.
        more(Fact::CpuGivenSize, 0.12, 0.04),
        // More than half of it: no other frame then has as much.
        more(Fact::FrameMatch, 0.5, 0.12),
        // One route: chance would give it its share of requests.
        more(Fact::OneRoute, 0.7, 0.1),
    ],
    supports: &[
        more(Fact::AllOfRoute, 0.8, 0.08),
        less(Fact::DeployAtOnset, 0.5, 0.25).at_most(1.0),
    ],
    against: &[],
    subject: Subject::None,
    containment: "take the item off the page",
    remedy: "replace the pattern; a bound on the input",
    next: "the item that the route shows to everybody, and when it was last edited",
    trigger: "none: no change of ours to roll back",
};
