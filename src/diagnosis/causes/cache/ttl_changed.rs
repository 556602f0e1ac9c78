//! ttl-changed: entries die sooner than they did.
//! ## Looks like
//! Keys stay as they were; misses are *expired*; hits vanish above one age, and repeats within it go on hitting.
//! ## Told apart from
//! capacity-cut (misses are *evicted*, whatever their age), key-field-added (keys per content grow), cache-flush (recovers).
//! ## Fixed by
//! Restoring the time to live: entries written meanwhile keep the short one.
//! ## Seen in
//! Q24 ("validate TTL"); case 24c (seconds read as milliseconds).

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "ttl-changed",
    family: Family::Cache,
    summary: "the time to live of cache entries was cut",
    signature: "expired misses of known keys; hits vanish above one age",
    look_alikes: &["capacity-cut", "cache-flush", "key-field-added"],
    requires: &[
        more(Fact::Misses, 0.015, 0.0075),
        more(Fact::FromCacheAgain, 0.03, 0.015),
    ],
    supports: &[
        more(Fact::Expired, 0.015, 0.0075),
        more(Fact::DiedYoung, 0.4, 0.1),
        less(Fact::OldestHit, -0.35, 0.15).at_most(3.0),
        less(Fact::Split, 0.05, 0.02).at_most(1.5),
        DEPLOYED,
    ],
    against: &[
        more(Fact::Evicted, 0.015, 0.0075),
        more(Fact::FromKeys, 0.03, 0.015),
        // A time to live moves no limit.
        less(Fact::Limit, -0.22, 0.1),
        more(Fact::CallErrors, 0.02, 0.01).at_most(2.0),
        // Answers that come too late fill no cache: what has expired stays so.
        more(Fact::PrefixLess, 0.10, 0.05),
        more(Fact::CallTimeouts, 0.10, 0.05),
    ],
    subject: Subject::None,
    containment: "restore the time to live",
    remedy: "name the unit in the option; alarm on expirations per put",
    next: "the configured time to live and its unit; the age of the oldest hit",
    trigger: "cache.hit_rate below 0.9x of before for 2 min with expired misses up",
};
