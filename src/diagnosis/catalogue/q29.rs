//! Q29: partial failure behind success.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "tool-failure-swallowed",
        summary: "a failed step is dropped from the answer",
        signature: "steps fail in the log, answers say complete, reported success stays",
        look_alikes: &["silent-fallback", "aggregate-boolean"],
        remedy: "a status for each step",
    },
    Known {
        id: "item-errors-hidden",
        summary: "errors of items hide in a bulk reply",
        signature: "items stored below items sent, success as before, the median falls",
        look_alikes: &["format-drift", "tool-failure-swallowed"],
        remedy: "a status for each item",
    },
    Known {
        id: "dropped-at-deadline",
        summary: "what is not there in time is left out",
        signature: "answers at the deadline, with steps missing",
        look_alikes: &["tool-failure-swallowed", "dependency-slow"],
        remedy: "say what is missing; a budget for each step",
    },
    Known {
        id: "partial-results-as-full",
        summary: "some shards are taken for all",
        signature: "shards that answered below shards asked, hits fall by one part in N, latency a little better",
        look_alikes: &["item-errors-hidden", "silent-fallback"],
        remedy: "fail or flag it",
    },
    Known {
        id: "truncated-as-complete",
        summary: "a cut stream is completed as if whole",
        signature: "answers without the end marker, of one length or time, errors none",
        look_alikes: &["payload-truncated", "dropped-at-deadline"],
        remedy: "a missing end is a failure",
    },
    Known {
        id: "silent-fallback",
        summary: "a default stands in, and nobody is told",
        signature: "the default's share up, errors as before",
        look_alikes: &["tool-failure-swallowed", "partial-results-as-full"],
        remedy: "count it as degraded, and tell the client",
    },
    Known {
        id: "aggregate-boolean",
        summary: "one flag stands for many steps",
        signature: "one flag, and a log of steps that says otherwise",
        look_alikes: &["tool-failure-swallowed", "item-errors-hidden"],
        remedy: "a structured outcome",
    },
];
