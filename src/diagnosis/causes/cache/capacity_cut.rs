//! capacity-cut: the cache holds fewer entries than it did.
//! ## Looks like
//! Keys stay as they were; misses are *evicted*; the occupancy or the limit gauge falls; rare contents suffer first.
//! ## Told apart from
//! ttl-changed (misses are *expired*), traffic-mix-shift (the contents asked for are more or new, the gauges stay),
//! cache-flush (recovers).
//! ## Fixed by
//! Restoring the capacity, or evicting better.
//! ## Seen in
//! Q24 ("eviction policy shifts"; "blaming Redis capacity before checking key drift" is the common mistake).

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "capacity-cut",
    family: Family::Cache,
    summary: "the cache holds fewer entries than before",
    signature: "evicted misses of known keys; occupancy or its limit falls; keys and contents as before",
    look_alikes: &["ttl-changed", "traffic-mix-shift", "cache-flush"],
    requires: &[
        more(Fact::Misses, 0.015, 0.0075),
        more(Fact::FromCacheAgain, 0.02, 0.01),
    ],
    supports: &[
        // Silent where there are fewer: a small cache soon forgets whom it evicted.
        more(Fact::Evicted, 0.01, 0.005).hint(),
        less(Fact::Limit, -0.1, 0.05),
        less(Fact::Entries, -0.1, 0.05),
        less(Fact::Split, 0.05, 0.02).at_most(1.5),
        DEPLOYED,
    ],
    against: &[
        more(Fact::Expired, 0.015, 0.0075),
        more(Fact::FromKeys, 0.03, 0.015),
        more(Fact::FromTraffic, 0.02, 0.01).at_most(2.0),
        more(Fact::CallErrors, 0.02, 0.01).at_most(2.0),
        // What is given up fills nothing: then entries are few, and known contents miss, whatever there is room for.
        more(Fact::CallTimeouts, 0.10, 0.05),
    ],
    subject: Subject::None,
    containment: "restore the capacity",
    remedy: "size the cache by the reuse distance of its traffic, and alarm on evictions per put",
    next: "cache.entries and its limit; the hit rate by how many other contents lie between two uses",
    trigger: "evictions per put above 2x of before for 2 min",
};
