//! quadratic-loop: all pairs are compared.
//! ## Looks like
//! CPU of a request rises, most for long lists; the profile shows the look-up of an item among those before it.
//! ## Told apart from
//! quadratic-accumulation (the profile shows a scan of what comes in), request-size-grown (CPU as such sizes always took), rebuilt-per-request (goes with the number of items, slope 1).
//! ## Fixed by
//! A set instead of all pairs.
//! ## Seen in
//! Q28.

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "quadratic-loop",
    family: Family::Cpu,
    summary: "all pairs are compared",
    signature: "CPU per request against the number of items has slope 2",
    look_alikes: &["quadratic-accumulation", "request-size-grown"],
    requires: &[
        // Half of what is noticeable: a quarter more CPU than such sizes took.
        more(Fact::CpuGivenSize, 0.12, 0.04),
        // More than half of it: no other frame then has as much.
        more(Fact::FrameFind, 0.5, 0.12),
    ],
    supports: &[
        more(Fact::SiteSlope, 1.5, 0.2).at_most(2.0),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "roll back what came with the onset; bound the length of lists",
    remedy: "a set instead of all pairs",
    next: "CPU of a request by the length of its list",
    trigger: "CPU of a request above 1.5x of before for 2 min",
};
