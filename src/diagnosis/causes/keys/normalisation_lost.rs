//! normalisation-lost: equal content reaches the key in the ways its clients write it.
//! ## Looks like
//! The hit rate falls for content written in several ways (case, spaces, Unicode forms); a content has as many keys as
//! writings; canonical writing goes on hitting.
//! ## Told apart from
//! serializer-drift (the values are equal, only their bytes differ), key-model-field-added (every client is equally hit, and
//! keys follow a tag), key-field-added (keys grow with every repeat).
//! ## Fixed by
//! Restoring the steps of normalisation; entries under canonical keys are still warm.
//! ## Seen in
//! Q24; case 24d.

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "normalisation-lost",
    family: Family::Keys,
    summary: "a step of normalisation is gone: equal content has a key for each way of writing it",
    signature: "keys per content above one, following raw values (h_fields) that are equal once normalised",
    look_alikes: &[
        "serializer-drift",
        "key-model-field-added",
        "key-field-added",
    ],
    requires: &[
        more(Fact::Misses, 0.01, 0.005),
        more(Fact::Split, 0.02, 0.01),
        more(Fact::RawValues, 0.90, 0.05),
    ],
    supports: &[
        more(Fact::FromKeys, 0.01, 0.005),
        less(Fact::Rekeyed, 0.97, 0.02).at_most(1.5),
        more(Fact::NewTemplate, 0.5, 0.25).at_most(1.0),
        DEPLOYED,
    ],
    against: &[
        more(Fact::RequestScoped, 0.90, 0.05),
        // The column names the very part that changed, and it is another.
        more(Fact::NewSerializer, 0.5, 0.15),
        more(Fact::Novel, 0.8, 0.1).at_most(3.0),
    ],
    subject: Subject::None,
    containment: "roll the key template back",
    remedy: "normalise (trim, Unicode NFC, case where it does not matter) before hashing, and hold it in a test with pairs",
    next: "two payloads with equal h_canon and different h_fields: which step would make them one",
    trigger: "keys per content above 1.05 for a minute after a change of the key template",
};
