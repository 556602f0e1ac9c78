//! key-version-bumped: every key is new once: a version, a prefix or a constant entered the key.
//! ## Looks like
//! The hit rate falls at a deploy as after a flush and recovers as the working set refills; each content has one key again,
//! and none of them is one from before.
//! ## Told apart from
//! cache-flush (the keys are those from before), key-field-added (keys go on splitting), serializer-drift with one writer
//! (the serializer's version changed, not the template's).
//! ## Fixed by
//! Nothing, once it has refilled; before that, reading old keys too, or warming before the switch.
//! ## Seen in
//! Q24 (cold-cache shock); a model-field with one value is the same to every observer.

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "key-version-bumped",
    family: Family::Keys,
    summary: "the version of the cache key changed: every key is new once",
    signature: "every content comes under a new key once, keys do not split, the hit rate recovers as the cache refills",
    look_alikes: &["cache-flush", "serializer-drift", "key-field-added"],
    requires: &[
        more(Fact::Misses, 0.01, 0.005),
        more(Fact::Rekeyed, 0.80, 0.08),
        less(Fact::Split, 0.05, 0.02),
    ],
    supports: &[
        more(Fact::FromKeys, 0.01, 0.005),
        more(Fact::Recovery, 0.3, 0.2).at_most(1.5),
        more(Fact::NewTemplate, 0.5, 0.2).at_most(2.0),
        DEPLOYED,
    ],
    against: &[more(Fact::NewSerializer, 0.5, 0.2).at_most(2.5)],
    subject: Subject::None,
    containment: "add a compatibility read path: look the old key up when the new one misses",
    remedy: "warm the new keys before the switch, or write both for one time to live and switch then",
    next: "the difference between the two key templates; how long a refill takes at today's miss rate",
    trigger: "cache.hit_rate below 0.9x of before for 1 min after a change of the key template",
};
