//! limiter-key-too-broad: many share one key of the limiter.
//! ## Looks like
//! Refusals set in for people who ask no more than before; many tenants, or users, are behind the key that is refused.
//! ## Told apart from
//! stacked-limits (one level of several, and only a part of the traffic is struck), refill-too-slow (a key is one tenant's), real-abuse (those who are refused ask more).
//! ## Fixed by
//! A key of those who are meant: the trusted hop, or the tenant.
//! ## Seen in
//! Q23: a proxy in front, a carrier's exit, a key without the tenant.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "limiter-key-too-broad",
    family: Family::Limiter,
    summary: "many share one key of the limiter",
    signature: "few keys of the limiter, refusals follow the total rate, tenants below their quota refused as much as those above",
    look_alikes: &["stacked-limits", "refill-lost", "real-abuse"],
    requires: &[
        more(Fact::Refused, 0.004, 0.002),
        // Half again as many behind one key as before.
        more(Fact::KeySharing, 0.4, 0.15),
        less(Fact::RefusedDemand, 0.6, 0.15),
    ],
    supports: &[
        // As long as it stands, it explains what else moved: who is refused is missing behind the limiter, and asks again.
        more(Fact::Refused, 0.01, 0.005).at_most(3.0).hint(),
        more(Fact::RefusedUnder, 0.5, 0.2).at_most(1.5),
    ],
    against: &[
        more(Fact::OneOfSeveral, 0.3, 0.1).at_most(3.0),
        less(Fact::LimitRate, -0.3, 0.1).at_most(0.5),
    ],
    subject: Subject::None,
    containment: "raise the limit of the shared key, or exempt it",
    remedy: "a key of those who are meant: the trusted hop, or the tenant",
    next: "which field the key is made of, and how many tenants a key has",
    trigger: "refusals within quota above 1 % for a minute after a deploy",
};
