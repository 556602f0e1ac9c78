//! Q22: errors after a change of parser or payload.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "missing-field",
        summary: "a field that the parser needs is not there",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "type-strictness",
        summary: "the parser no longer takes one type for another",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "enum-drift",
        summary: "a value that the parser does not know spreads, and nobody deployed",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "strict-parser-first",
        summary: "a stricter parser came before the producers that it is for",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "wrapped-output",
        summary: "the model wraps its answer now and then",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "payload-truncated",
        summary: "payloads are cut short",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "stream-assembly-regression",
        summary: "one client version puts streamed fragments together wrongly",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "schema-mismatch",
        summary: "reader and writer go by different schemas",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "format-drift",
        summary: "a value is written in another format",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
];
