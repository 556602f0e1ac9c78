//! quadratic-accumulation: all that came so far is read again for each fragment.
//! ## Looks like
//! CPU of requests with long answers rises out of proportion; the profile shows the scan of an answer as it comes.
//! ## Told apart from
//! request-size-grown (CPU in proportion to size), quadratic-loop (items of a list are looked up), size-shift-blocks-others (waits, no CPU).
//! ## Fixed by
//! Append, and parse once.
//! ## Seen in
//! Q28 (rexxars/eventsource-parser#28).

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "quadratic-accumulation",
    family: Family::Cpu,
    summary: "all that came so far is read again for each fragment",
    signature: "CPU per request against size has slope 2, large answers alone",
    look_alikes: &[
        "quadratic-loop",
        "size-shift-blocks-others",
        "request-size-grown",
    ],
    requires: &[
        // Half of what is noticeable: a quarter more CPU than such sizes took.
        more(Fact::CpuGivenSize, 0.12, 0.04),
        // More than half of it: no other frame then has as much.
        more(Fact::FrameScan, 0.5, 0.12),
    ],
    supports: &[
        more(Fact::SiteSlope, 1.5, 0.2).at_most(2.0),
        DEPLOYED.hint().at_most(1.0).hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "bound the size of what is relayed, or roll back",
    remedy: "append, and parse once",
    next: "CPU of a request by the size of its answer, in tenths",
    trigger: "CPU of a request above 1.5x of before for 2 min",
};
