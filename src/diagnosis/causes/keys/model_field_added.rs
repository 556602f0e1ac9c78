//! key-model-field-added: a tag with few values (model, version, region, client) entered the cache key.
//! ## Looks like
//! The hit rate falls at a deploy, recovers a little and stays on a lower plateau; a content has as many keys as the tag has
//! values, and the keys follow the tag without exception.
//! ## Told apart from
//! key-field-added (keys grow with every repeat), normalisation-lost (keys follow the writing, not a tag),
//! per-process-key-seed (keys follow the process). With one value only it cannot be told from key-version-bumped.
//! ## Fixed by
//! Taking the tag out where answers do not depend on it; else warming the popular values.
//! ## Seen in
//! Q24 ("inspect model/version fields added to key").

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "key-model-field-added",
    family: Family::Keys,
    summary: "a field with few values (model, version, region, client) entered the cache key",
    signature: "as many keys per content as a recorded tag has values; a lower plateau",
    look_alikes: &[
        "key-field-added",
        "normalisation-lost",
        "serializer-drift",
        "key-version-bumped",
    ],
    requires: &[
        more(Fact::Misses, 0.01, 0.005),
        more(Fact::Split, 0.02, 0.01),
        more(Fact::Tag, 0.85, 0.07),
    ],
    supports: &[
        more(Fact::FromKeys, 0.01, 0.005),
        // Weighs as much as a new serializer does for serializer-drift: both columns name the part that was changed.
        more(Fact::NewTemplate, 0.5, 0.25),
        DEPLOYED,
    ],
    against: &[
        more(Fact::RequestScoped, 0.80, 0.05),
        // Kinds of clients write in ways of their own, so a tag of clients looks like a way of writing: weak.
        more(Fact::RawValues, 0.97, 0.02).at_most(1.0),
        more(Fact::RawBytes, 0.97, 0.02).at_most(1.0),
        more(Fact::Process, 0.97, 0.02),
        more(Fact::NewSerializer, 0.5, 0.2).at_most(3.0),
    ],
    subject: Subject::Tag,
    containment: "roll the key template back",
    remedy: "keep the field out of the key unless answers depend on it; warm its popular values if they do",
    next: "whether the answers to one content differ between values of the field",
    trigger: "cache.hit_rate of the new key template below 0.9x that of the old one, side by side, for 1 min",
};
