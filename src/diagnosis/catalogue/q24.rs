//! Q24: the hit rate collapses, beside what the diagnosis names.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "volatile-prefix",
        summary: "something that changes stands at the head of the prompt",
        signature: "cached tokens fall at the first block, writes rise; a result cache and traffic as before",
        look_alikes: &["capacity-cut", "ttl-changed", "key-field-added"],
        remedy: "what changes goes to the end of the prompt",
    },
    Known {
        id: "working-set-grew",
        summary: "more different things are asked for than the cache has room or time for",
        signature: "distinct contents up and keys per content as before; misses of what was never seen or was evicted, at the oldest ages; no deploy",
        look_alikes: &["traffic-mix-shift", "capacity-cut", "key-field-added"],
        remedy: "room for the working set, or entry on second use",
    },
];
