//! hidden-retry-layer: somebody in between retries what is not safe to.
//! ## Looks like
//! More requests at the provider than the service sent, all of them first tries.
//! ## Told apart from
//! idempotency-key-unstable and timeout-taken-for-failure (the service itself tries again).
//! ## Fixed by
//! No replay of unsafe methods in between; the key goes along to the provider.
//! ## Seen in
//! Q26; openresty/openresty#200.

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "hidden-retry-layer",
    family: Family::Duplicates,
    summary: "somebody in between retries what is not safe to",
    signature: "one try of the service is at the provider more than once",
    look_alikes: &["idempotency-key-unstable", "timeout-taken-for-failure"],
    requires: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainSentOn, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainSentOn, 0.5, 0.15),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "turn the replay of unsafe methods off in the proxy",
    remedy: "no replay of unsafe methods in between; the key goes along to the provider",
    next: "retries of proxies and meshes, and for which methods",
    trigger: "more requests at the provider than tries of the service",
};
