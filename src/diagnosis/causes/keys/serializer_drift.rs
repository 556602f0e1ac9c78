//! serializer-drift: equal values are written in other bytes (order, white space, floats) before they are hashed.
//! ## Looks like
//! Either a content has as many keys as its clients have orders of fields (no canonical form any more), or every key is new
//! once, because one serializer replaced another.
//! ## Told apart from
//! normalisation-lost (the values differ too), key-version-bumped (the template's version changed, not the serializer's).
//! ## Fixed by
//! Canonical JSON (RFC 8785: sorted, no white space, shortest numbers) behind the key.
//! ## Seen in
//! Q24 ("ordering, whitespace, float formatting"), its canonical_json.

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "serializer-drift",
    family: Family::Keys,
    summary: "the serializer behind the key writes equal values in other bytes",
    signature: "keys follow the bytes of payloads with equal fields, or all keys are new once with a new serializer",
    look_alikes: &[
        "normalisation-lost",
        "key-version-bumped",
        "key-field-added",
    ],
    requires: &[
        more(Fact::Misses, 0.01, 0.005),
        more(Fact::ByWriting, 0.80, 0.08),
    ],
    supports: &[
        more(Fact::FromKeys, 0.01, 0.005),
        // A full voice: the column names the very part, and a serializer that stayed as it was did not drift.
        more(Fact::NewSerializer, 0.5, 0.15),
        more(Fact::RawBytes, 0.90, 0.05),
        DEPLOYED,
    ],
    against: &[
        // Bytes and values differ together where each kind of client writes in a way of its own.
        more(Fact::RawValues, 0.97, 0.02).at_most(2.0),
        more(Fact::RequestScoped, 0.90, 0.05),
        more(Fact::Novel, 0.8, 0.1).at_most(3.0),
    ],
    subject: Subject::None,
    containment: "roll the serializer back, or read both keys",
    remedy: "serialise canonically (sorted keys, no white space, shortest floats) before hashing, not with whatever dumps JSON",
    next: "the bytes that two serializers write for one payload",
    trigger: "keys per h_fields above 1.02 for a minute after a change of the serializer",
};
