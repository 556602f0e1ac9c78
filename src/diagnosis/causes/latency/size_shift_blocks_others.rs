//! size-shift-blocks-others: large requests hold up the small ones beside them.
//! ## Looks like
//! Few requests become large, and the tokens of small ones come later.
//! ## Told apart from
//! request-size-grown (small requests are as fast as before), dependency-slow (sizes are as before).
//! ## Fixed by
//! Smaller chunks, or a lane of their own for large requests.
//! ## Seen in
//! Q21.

use super::super::{Cause, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "size-shift-blocks-others",
    family: Family::Latency,
    summary: "large requests hold up the small ones beside them",
    signature: "share of large requests up first, then the time between tokens of small ones, whatever their own size",
    look_alikes: &["dependency-slow", "hot-tenant", "request-size-grown"],
    requires: &[
        more(Fact::SizesGrew, 0.10, 0.04),
        more(Fact::SmallSlower, 0.2, 0.08),
    ],
    supports: &[more(Fact::SmallSlower, 0.2, 0.08)],
    against: &[
        more(Fact::Throttled, 0.1, 0.05),
        more(Fact::Paused, 0.1, 0.05),
    ],
    subject: Subject::None,
    containment: "a lane of their own for large requests, or a bound on their size",
    remedy: "smaller chunks, or a lane of their own for large requests",
    next: "the size of a step of the engine, and what large requests put into it",
    trigger: "time between tokens above 2x of before",
};
