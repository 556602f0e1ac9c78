//! request-size-grown: requests ask for more.
//! ## Looks like
//! Calls take longer, of large requests: as long as those always took.
//! ## Told apart from
//! dependency-slow (calls of one size take longer), size-shift-blocks-others (small requests are slower too).
//! ## Fixed by
//! Capacity for the sizes; a bound on them.
//! ## Seen in
//! Q21.

use super::super::{Cause, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "request-size-grown",
    family: Family::Latency,
    summary: "requests ask for more",
    signature: "sizes up, and time per unit of size as before",
    look_alikes: &[
        "traffic-mix-shift",
        "size-shift-blocks-others",
        "dependency-slow",
    ],
    requires: &[
        more(Fact::SizesGrew, 0.10, 0.04),
        more(Fact::PartSize, 0.5, 0.12),
    ],
    supports: &[more(Fact::PartSize, 0.5, 0.12)],
    against: &[
        more(Fact::SmallSlower, 0.2, 0.08),
        more(Fact::Throttled, 0.1, 0.05),
        more(Fact::Paused, 0.1, 0.05),
    ],
    subject: Subject::None,
    containment: "bound the sizes of requests and of answers",
    remedy: "capacity for the sizes; a bound on them",
    next: "who asks for more: the tenant, the client version, the route",
    trigger: "none: no change of ours to roll back",
};
