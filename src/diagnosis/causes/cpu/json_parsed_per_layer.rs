//! json-parsed-per-layer: each layer parses the body again.
//! ## Looks like
//! CPU of a request rises in proportion to its size; the profile shows the parser of JSON.
//! ## Told apart from
//! repeated-serialization (the profile shows the writer), quadratic-loop and rebuilt-per-request (parse too, but what grew is elsewhere), request-size-grown (CPU as such sizes always took).
//! ## Fixed by
//! Parsing once, and handing the value on.
//! ## Seen in
//! Q28 ("excessive JSON parsing in hot paths").

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "json-parsed-per-layer",
    family: Family::Cpu,
    summary: "each layer parses the body again",
    signature: "parsing is called as many times as there are layers",
    look_alikes: &["repeated-serialization", "rebuilt-per-request"],
    requires: &[
        // Half of what is noticeable: a quarter more CPU than such sizes took.
        more(Fact::CpuGivenSize, 0.12, 0.04),
        // More than half of it: no other frame then has as much.
        more(Fact::FrameParse, 0.5, 0.12),
    ],
    supports: &[
        less(Fact::SiteSlope, 1.5, 0.2).at_most(1.0),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "roll back",
    remedy: "parse once, and hand the value on",
    next: "how often a request parses the same body",
    trigger: "CPU of a request above 1.5x of before for 2 min",
};
