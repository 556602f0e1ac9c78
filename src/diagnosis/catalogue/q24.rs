//! Q24: the hit rate collapses, beside what the diagnosis names.

use super::Known;

pub(super) const CAUSES: &[Known] = &[Known {
    id: "volatile-prefix",
    summary: "something that changes stands at the head of the prompt",
    signature: "",
    look_alikes: &[],
    remedy: "",
}];
