//! real-abuse: somebody sends far more than agreed: the limiter is right.
//! ## Looks like
//! Those who are refused ask several times what they did, beyond their quota; the limit, its keys and its refill are as before.
//! ## Told apart from
//! limiter-key-too-broad (many behind one key, who ask as before), hot-tenant (nobody is refused, and all wait). A burst that is meant looks the same: intent is in no recording.
//! ## Fixed by
//! None: the limiter is right; block at the edge.
//! ## Seen in
//! Q23: the control.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "real-abuse",
    family: Family::Limiter,
    summary: "somebody sends far more than agreed: the limiter is right",
    signature: "refusals only of those above their quota",
    look_alikes: &["limiter-key-too-broad", "hot-tenant"],
    requires: &[
        more(Fact::Refused, 0.004, 0.002),
        // Twice as much is no ordinary swing of one tenant.
        more(Fact::RefusedDemand, 0.6, 0.15),
        less(Fact::KeySharing, 0.4, 0.15),
    ],
    supports: &[
        // As long as it stands, it explains what else moved: who is refused is missing behind the limiter, and asks again.
        more(Fact::Refused, 0.01, 0.005).at_most(3.0).hint(),
        less(Fact::RefusedUnder, 0.5, 0.2).at_most(2.0),
        more(Fact::OneTenant, 0.6, 0.1).at_most(2.0).hint(),
    ],
    against: &[
        less(Fact::LimitRate, -0.1, 0.05),
        less(Fact::LimitBurst, -0.2, 0.1),
        more(Fact::WindowEdge, 0.4, 0.1).at_most(2.0),
    ],
    subject: Subject::Tenant,
    containment: "block at the edge, or leave the limiter to it",
    remedy: "none: the limiter is right",
    next: "who it is, and whether the burst was announced: intent is in no recording",
    trigger: "none: no change of ours to roll back",
};
