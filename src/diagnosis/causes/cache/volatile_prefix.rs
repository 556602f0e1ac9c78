//! volatile-prefix: something that changes stands at the head of the prompt, so that an engine finds nothing of it in memory.
//! ## Looks like
//! Cached tokens of a prompt fall at a deploy, the first token takes as long as all of the prompt; a result cache and the
//! traffic stay.
//! ## Told apart from
//! dependency-slow (prompts are found as before, and each takes longer), traffic-surge (arrivals), ttl-changed (a result cache).
//! ## Fixed by
//! What changes goes to the end of the prompt.
//! ## Seen in
//! Q24; case 24a (a minute stamp at the head of the prompt).

use super::super::{Cause, DEPLOYED, Family, Subject, less, more};
use crate::diagnosis::evidence::Fact;

/// The entry.
pub const CAUSE: Cause = Cause {
    id: "volatile-prefix",
    family: Family::Cache,
    summary: "something that changes stands at the head of the prompt",
    signature: "cached tokens fall at the first block, writes rise; a result cache and traffic as before",
    look_alikes: &[
        "capacity-cut",
        "ttl-changed",
        "key-field-added",
        "dependency-slow",
    ],
    // Half of 20 points: as much of a prompt again is what a longer conversation changes by itself.
    requires: &[more(Fact::PrefixLess, 0.10, 0.05)],
    supports: &[
        // Its defining mark, which is no other cause's.
        more(Fact::PrefixLess, 0.10, 0.05),
        less(Fact::Arrivals, 0.2, 0.1).at_most(1.0),
        // The prompt may be written by who is called: no request is of another version then.
        more(Fact::NewVersion, 0.5, 0.25).at_most(1.0).hint(),
        DEPLOYED,
    ],
    against: &[],
    subject: Subject::None,
    containment: "roll the prompt's template back; the engines fill again within a few turns",
    remedy: "what changes goes to the end of the prompt",
    next: "the first tokens of two prompts of one conversation",
    trigger: "prefix.hit_tokens of the new template below 0.9x that of the old one, side by side, for 1 min",
};
