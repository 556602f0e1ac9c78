//! traffic-mix-shift: other contents are asked for than before, or more of them.
//! ## Looks like
//! Misses rise with nobody deploying; they are *never seen* for contents that are truly new, or *evicted* since more
//! contents lie between two uses; each content has one key as before.
//! ## Told apart from
//! key-field-added (the contents are known, their keys are not), capacity-cut (the gauges fall, the contents stay).
//! ## Fixed by
//! Nothing in the service: capacity for the misses, and admission by what is reused.
//! ## Seen in
//! Q24 (the innocent deploy beside a change of traffic); also called working-set growth.

use super::super::{Cause, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "traffic-mix-shift",
    family: Family::Cache,
    summary: "other contents are asked for, or more of them: the working set grew",
    signature: "more requests for new content or longer gaps between uses explain the misses; one key per content as before",
    look_alikes: &["capacity-cut", "key-field-added", "cache-flush"],
    requires: &[
        more(Fact::Misses, 0.015, 0.0075),
        more(Fact::FromTraffic, 0.012, 0.006),
    ],
    supports: &[
        more(Fact::NewContent, 0.015, 0.0075),
        less(Fact::Split, 0.05, 0.02).at_most(1.5),
        less(Fact::Rekeyed, 0.3, 0.1).at_most(1.5),
    ],
    against: &[
        more(Fact::FromKeys, 0.03, 0.015),
        more(Fact::Expired, 0.03, 0.015),
        less(Fact::Limit, -0.1, 0.05),
        more(Fact::FromCacheAgain, 0.10, 0.05),
        // A new process with a cache of its own is asked for everything for the first time.
        more(Fact::NewProcess, 0.5, 0.25).at_most(3.0),
        // Who is refused is not looked up: what is, is another mix.
        more(Fact::Refused, 0.02, 0.01).at_most(3.0),
    ],
    subject: Subject::None,
    containment: "raise the capacity behind the cache, or shed the new traffic first",
    remedy: "size the cache for the new working set; admit on second use",
    next: "which tenants, routes or clients bring the new contents",
    trigger: "none: no change of ours to roll back",
};
