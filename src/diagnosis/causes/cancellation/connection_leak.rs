//! connection-leak: a cancelled request keeps its connection.
//! ## Looks like
//! In use grows by one after a cancelled call, now and then; calls under way do not.
//! ## Told apart from
//! a pool whose calls leak whether cancelled or not (losses follow all calls), slot-leak-on-cancel (the size falls).
//! ## Fixed by
//! Clean up on every path: the connection goes back in a finally.
//! ## Seen in
//! Q25.

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "connection-leak",
    family: Family::Cancellation,
    summary: "a cancelled request keeps its connection",
    signature: "connections stay in use after cancelled requests",
    look_alikes: &["slot-leak-on-cancel", "registry-leak"],
    requires: &[
        more(Fact::Held, 0.2, 0.08),
        more(Fact::HeldByCancel, 0.0, 1.5),
    ],
    supports: &[
        more(Fact::Held, 0.2, 0.08),
        more(Fact::HeldByCancel, 0.0, 1.5),
        DEPLOYED.hint(),
    ],
    against: &[more(Fact::Untold, 0.5, 0.15)],
    subject: Subject::None,
    containment: "restart replica by replica before the pool is empty",
    remedy: "clean up on every path: the connection goes back in a finally",
    next: "what a cancelled call does with its connection",
    trigger: "connections in use above calls under way by a tenth of the pool",
};
