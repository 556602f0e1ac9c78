//! key-field-added: a part that belongs to one request (an id, a clock, a session) entered the cache key.
//! ## Looks like
//! The hit rate falls at a deploy and stays down; misses are *never seen*; every repeat of a content brings another key.
//! ## Told apart from
//! key-version-bumped (one new key per content, then it refills), key-model-field-added (as many keys per content as a tag
//! has values), normalisation-lost (as many keys as ways of writing), ttl-changed (misses are *expired*, keys stay).
//! ## Fixed by
//! Rolling the key template back: the old entries are still warm if it happens within their time to live.
//! ## Seen in
//! Q24, incident-24; case 24a (a minute stamp at the head of the prompt).

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "key-field-added",
    family: Family::Keys,
    summary: "a request-scoped field entered the cache key",
    signature: "misses of known content under keys never seen, another key with every repeat, no recovery",
    look_alikes: &[
        "key-model-field-added",
        "key-version-bumped",
        "normalisation-lost",
    ],
    requires: &[
        more(Fact::Misses, 0.015, 0.0075),
        more(Fact::Split, 0.10, 0.05),
        more(Fact::RequestScoped, 0.80, 0.10),
    ],
    supports: &[
        more(Fact::FromKeys, 0.015, 0.0075),
        more(Fact::NewTemplate, 0.5, 0.25).at_most(1.0),
        DEPLOYED,
    ],
    against: &[
        more(Fact::Tag, 0.90, 0.05),
        more(Fact::RawValues, 0.90, 0.05),
        more(Fact::RawBytes, 0.90, 0.05),
        more(Fact::Process, 0.90, 0.05),
        more(Fact::Recovery, 0.7, 0.1).at_most(2.0),
    ],
    subject: Subject::Field,
    containment: "roll the key template back; old entries are warm for as long as their time to live",
    remedy: "take the field out of the key, or key on what the answer depends on alone",
    next: "compare two requests with equal h_canon and different h_key, field by field",
    trigger: "cache.hit_rate of the new key template below 0.9x that of the old one, side by side, for 1 min",
};
