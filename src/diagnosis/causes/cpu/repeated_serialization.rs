//! repeated-serialization: the same is serialized again and again.
//! ## Looks like
//! CPU of a request rises in proportion to its answer; the profile shows the writer of JSON.
//! ## Told apart from
//! json-parsed-per-layer (the profile shows the parser), request-size-grown (CPU as such sizes always took).
//! ## Fixed by
//! Serialize once, and hand the bytes on.
//! ## Seen in
//! Q28 ("repeated serialization").

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "repeated-serialization",
    family: Family::Cpu,
    summary: "the same is serialized again and again",
    signature: "CPU per request up by a constant factor, one site called many times",
    look_alikes: &["json-parsed-per-layer", "rebuilt-per-request"],
    requires: &[
        // Half of what is noticeable: a quarter more CPU than such sizes took.
        more(Fact::CpuGivenSize, 0.12, 0.04),
        // More than half of it: no other frame then has as much.
        more(Fact::FrameWrite, 0.5, 0.12),
    ],
    supports: &[
        less(Fact::SiteSlope, 1.5, 0.2).at_most(1.0),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "roll back; turn off readers of the same answer that can be spared (logs, metrics)",
    remedy: "serialize once and hand it on",
    next: "how often a request serializes the same value",
    trigger: "CPU of a request above 1.5x of before for 2 min",
};
