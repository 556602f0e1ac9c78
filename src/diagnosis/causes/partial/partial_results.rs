//! partial-results-as-full: some shards are taken for all.
//! ## Looks like
//! Some shards do not answer, hits fall by their part, latency is a little better, errors are none.
//! ## Told apart from
//! item-errors-hidden (writes), silent-fallback (no shard is missing), contents that were taken out (all shards answer).
//! ## Fixed by
//! Failing or flagging what is not whole.
//! ## Seen in
//! Q29 (29c).

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "partial-results-as-full",
    family: Family::Partial,
    summary: "some shards are taken for all",
    signature: "shards that answered below shards asked, hits fall by one part in N, latency a little better",
    look_alikes: &["item-errors-hidden", "silent-fallback"],
    requires: &[
        more(Fact::Hidden, 0.0025, 0.00125),
        more(Fact::HiddenShards, 0.5, 0.2),
    ],
    supports: &[
        more(Fact::HiddenShards, 0.5, 0.2),
        less(Fact::HiddenDefaults, 0.5, 0.2),
    ],
    against: &[],
    subject: Subject::None,
    containment: "flag the results as partial; send searches to the other copies",
    remedy: "fail or flag it",
    next: "which shard does not answer, and from which copy",
    trigger: "alert when shards that answer fall below 99.9%",
};
