//! Q29: partial failure behind success.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "tool-failure-swallowed",
        summary: "a failed step is dropped from the answer",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "item-errors-hidden",
        summary: "errors of items hide in a bulk reply",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "dropped-at-deadline",
        summary: "what is not there in time is left out",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "partial-results-as-full",
        summary: "some shards are taken for all",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "truncated-as-complete",
        summary: "a cut stream is completed as if whole",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "silent-fallback",
        summary: "a default stands in, and nobody is told",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "aggregate-boolean",
        summary: "one flag stands for many steps",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
];
