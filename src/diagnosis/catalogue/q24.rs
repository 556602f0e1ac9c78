//! Q24: the hit rate collapses, beside what the diagnosis names.

use super::Known;

pub(super) const CAUSES: &[Known] = &[Known {
    id: "volatile-prefix",
    summary: "something that changes stands at the head of the prompt",
    signature: "cached tokens fall at the first block, writes rise; a result cache and traffic as before",
    look_alikes: &["capacity-cut", "ttl-changed", "key-field-added"],
    remedy: "what changes goes to the end of the prompt",
}];
