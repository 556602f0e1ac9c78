//! probe-removes-replicas: a health probe takes replicas out that would serve.
//! ## Looks like
//! Replicas leave service while all that they are asked for but the probed page is done well.
//! ## Told apart from
//! capacity-loss (those that left serve nothing).
//! ## Fixed by
//! A probe of a page of its own; never the last replicas.
//! ## Seen in
//! Q28 (Stack Exchange, 20 July 2016).

use super::super::{Cause, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "probe-removes-replicas",
    family: Family::Cpu,
    summary: "a health probe takes replicas out that would serve",
    signature: "replicas leave one after the other while they serve other routes well",
    look_alikes: &["capacity-loss", "quadratic-on-content"],
    requires: &[
        more(Fact::OutOfService, 0.05, 0.025),
        // Those that stand still do nothing well.
        more(Fact::ServedElse, 0.6, 0.1),
    ],
    supports: &[more(Fact::ServedElse, 0.6, 0.1)],
    against: &[more(Fact::Deaths, 0.7, 0.3)],
    subject: Subject::None,
    containment: "keep all replicas in service; switch the probe to a static page",
    remedy: "a probe of a page of its own; never the last replicas",
    next: "what the probe asks for, and how long that takes",
    trigger: "replicas in service below 0.8 of those that run",
};
