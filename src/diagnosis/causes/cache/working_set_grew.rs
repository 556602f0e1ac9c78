//! working-set-grew: more different things are asked for than the cache has room or time for.
//! ## Looks like
//! More contents and longer gaps between uses; the cache is full of what will not be asked for again in time, so keys that were
//! asked for a moment ago miss too; nobody deployed, keys and limits are as before.
//! ## Told apart from
//! traffic-mix-shift (a part of the traffic asks for what does not repeat; what is known hits as before), capacity-cut (the
//! limit or the number of entries falls, contents stay).
//! ## Fixed by
//! Room for the working set, or entry on second use.
//! ## Seen in
//! Q24.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "working-set-grew",
    family: Family::Cache,
    summary: "more different things are asked for than the cache has room or time for",
    signature: "distinct contents up and keys per content as before; misses of what was never seen or was evicted, at the oldest ages; no deploy",
    look_alikes: &["traffic-mix-shift", "capacity-cut", "key-field-added"],
    requires: &[
        more(Fact::Misses, 0.015, 0.0075),
        more(Fact::FromTraffic, 0.012, 0.006),
        more(Fact::FromCacheAgain, 0.05, 0.025),
    ],
    supports: &[
        more(Fact::NewContent, 0.015, 0.0075),
        more(Fact::Evicted, 0.01, 0.005).hint(),
        less(Fact::Split, 0.05, 0.02).at_most(1.5),
        less(Fact::Rekeyed, 0.3, 0.1).at_most(1.5),
    ],
    against: &[
        more(Fact::FromKeys, 0.03, 0.015),
        more(Fact::Expired, 0.03, 0.015),
        less(Fact::Limit, -0.1, 0.05),
        // A cut empties the cache, a larger working set fills it.
        less(Fact::Entries, -0.1, 0.05),
    ],
    subject: Subject::None,
    containment: "raise the capacity behind the cache, or shed the new traffic first",
    remedy: "room for the working set, or entry on second use",
    next: "how many different contents lie between two uses of one, against the cache's capacity",
    trigger: "none: no change of ours to roll back",
};
