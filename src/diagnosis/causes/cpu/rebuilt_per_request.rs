//! rebuilt-per-request: a validator is built for each call.
//! ## Looks like
//! CPU of a request rises by a constant, for each item or each request; the profile shows what builds.
//! ## Told apart from
//! quadratic-loop (slope 2, the profile shows look-ups), json-parsed-per-layer (the profile shows the parser).
//! ## Fixed by
//! Building it once.
//! ## Seen in
//! Q28 (inmanta/inmanta-core#10738).

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "rebuilt-per-request",
    family: Family::Cpu,
    summary: "a validator is built for each call",
    signature: "CPU per item up by a constant, results the same, from a deploy on",
    look_alikes: &["quadratic-loop", "json-parsed-per-layer"],
    requires: &[
        // Half of what is noticeable: a quarter more CPU than such sizes took.
        more(Fact::CpuGivenSize, 0.12, 0.04),
        // More than half of it: no other frame then has as much.
        more(Fact::FrameBuild, 0.5, 0.12),
    ],
    supports: &[
        less(Fact::SiteSlope, 1.5, 0.2).at_most(1.0),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "roll back",
    remedy: "build it once",
    next: "what a request builds that the one before it could have left",
    trigger: "CPU of a request above 1.5x of before for 2 min",
};
