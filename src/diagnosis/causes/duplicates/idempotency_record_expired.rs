//! idempotency-record-expired: the record ends before the last replay.
//! ## Looks like
//! Duplicates of late replays alone.
//! ## Told apart from
//! idempotency-key-unstable (another key), idempotency-store-lost (at any age, elsewhere).
//! ## Fixed by
//! Keep records longer than anybody replays.
//! ## Seen in
//! Q26 (what is the right TTL?).

use super::super::{Cause, DEPLOYED, Family, Subject, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "idempotency-record-expired",
    family: Family::Duplicates,
    summary: "the record ends before the last replay",
    signature: "written again under the same key, later than records are kept",
    look_alikes: &["idempotency-key-unstable", "idempotency-store-lost"],
    requires: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainExpired, 0.5, 0.15),
    ],
    supports: &[
        more(Fact::Repeats, 0.001, 0.0005),
        more(Fact::AgainExpired, 0.5, 0.15),
        DEPLOYED.hint(),
    ],
    against: &[],
    subject: Subject::None,
    containment: "keep records longer from now on; refuse replays older than that",
    remedy: "keep records longer than anybody replays",
    next: "the age of the youngest record that had gone, beside the latest replay",
    trigger: "a replay older than records are kept",
};
