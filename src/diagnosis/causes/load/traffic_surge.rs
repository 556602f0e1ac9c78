//! traffic-surge: more comes in than the service was built for.
//! ## Looks like
//! Arrivals rise over many tenants; waits, sheds and time-outs follow; the time of a call and the hit rate stay.
//! ## Told apart from
//! hot-tenant (one tenant brings the growth), dependency-slow (the time of a call rises first).
//! ## Fixed by
//! Capacity, or shedding by priority.
//! ## Seen in
//! Q21 (its look-alike).

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "traffic-surge",
    family: Family::Load,
    summary: "more requests than before, from everybody",
    signature: "arrivals up over many tenants, waits follow; time per call and hit rate as before",
    look_alikes: &["hot-tenant", "dependency-slow"],
    requires: &[
        more(Fact::Arrivals, 0.14, 0.05),
        less(Fact::CallSlower, 1.0, 0.5),
        less(Fact::Misses, 0.05, 0.02),
    ],
    supports: &[
        less(Fact::OneTenant, 0.6, 0.1).at_most(2.0),
        more(Fact::SlowTail, 0.2, 0.1).at_most(1.0),
    ],
    against: &[
        more(Fact::CallErrors, 0.004, 0.002),
        // Whom a queue passes over is no matter of how much comes; least of all where he gets hardly a turn.
        more(Fact::PassedOver, 0.1, 0.05).at_most(2.0),
        less(Fact::StarvedTurns, 0.12, 0.04),
        // Nor is by which rule it serves: by age where it did not, by a lead in waiting, by length.
        more(Fact::AgeBefore, 0.08, 0.03),
        more(Fact::AgeingFits, 0.85, 0.05),
        more(Fact::LengthOverAge, 0.9, 0.04),
        // Refused clients ask again: that is no surge.
        more(Fact::Refused, 0.02, 0.01).at_most(2.0),
        // As many as ever would be more than are left can serve.
        more(Fact::CapacityLess, 0.10, 0.05),
        // A line that outlasts what made it is a flood's.
        more(Fact::Backlog, 0.25, 0.1),
    ],
    subject: Subject::None,
    containment: "shed by priority; raise the number of replicas",
    remedy: "scale on arrivals, with head-room for the lag of scaling",
    next: "what brought the traffic; whether the growth will stay",
    trigger: "none: no change of ours to roll back",
};
