//! Q28: CPU at moderate traffic.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "quadratic-loop",
        summary: "all pairs are compared",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "quadratic-accumulation",
        summary: "all that came so far is read again for each fragment",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "repeated-serialization",
        summary: "the same is serialized again and again",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "regex-backtracking",
        summary: "a pattern backtracks on ordinary bodies",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "quadratic-on-content",
        summary: "a pattern is quadratic on one item that everybody sees",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "json-parsed-per-layer",
        summary: "each layer parses the body again",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "rebuilt-per-request",
        summary: "a validator is built for each call",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "global-lock",
        summary: "one lock is held while computing",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "probe-removes-replicas",
        summary: "a health probe takes replicas out that would serve",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
];
