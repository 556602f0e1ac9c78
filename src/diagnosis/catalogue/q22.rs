//! Q22: errors after a change of parser or payload.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "missing-field",
        summary: "a field that the parser needs is not there",
        signature: "parse errors of one class on one path, from one version of the parser on, for the clients that do not send it",
        look_alikes: &["type-strictness", "strict-parser-first"],
        remedy: "roll back, or a default for the field",
    },
    Known {
        id: "type-strictness",
        summary: "the parser no longer takes one type for another",
        signature: "parse errors of a wrong type on one path step up with the parser's version; failed requests end early",
        look_alikes: &["missing-field", "enum-drift"],
        remedy: "roll back, or an adapter that reads both types",
    },
    Known {
        id: "enum-drift",
        summary: "a value that the parser does not know spreads, and nobody deployed",
        signature: "parse errors of an unknown value ramp without any deploy, large payloads first",
        look_alikes: &["type-strictness", "schema-mismatch"],
        remedy: "map unknown values to a fallback",
    },
    Known {
        id: "strict-parser-first",
        summary: "a stricter parser came before the producers that it is for",
        signature: "parse errors from a deploy of ours on, which fall as producers follow",
        look_alikes: &["missing-field", "schema-mismatch"],
        remedy: "readers before writers: both forms until all producers have moved",
    },
    Known {
        id: "wrapped-output",
        summary: "the model wraps its answer now and then",
        signature: "what cannot be read is so from its first byte on, at a rate that follows the model's version and no size",
        look_alikes: &["payload-truncated", "stream-assembly-regression"],
        remedy: "one deterministic unwrap; count fallbacks as failures",
    },
    Known {
        id: "payload-truncated",
        summary: "payloads are cut short",
        signature: "what cannot be read ends too early, more often the larger it is",
        look_alikes: &["wrapped-output", "truncated-as-complete"],
        remedy: "raise or split at the size that cuts; check the declared length",
    },
    Known {
        id: "stream-assembly-regression",
        summary: "one client version puts streamed fragments together wrongly",
        signature: "a small constant share of parse errors for one client version, whatever the size",
        look_alikes: &["payload-truncated", "wrapped-output"],
        remedy: "roll that client version back",
    },
    Known {
        id: "schema-mismatch",
        summary: "reader and writer go by different schemas",
        signature: "parse errors for one pair of reader and writer version, none for the others",
        look_alikes: &["strict-parser-first", "enum-drift"],
        remedy: "a schema that both sides can read; check compatibility before a roll-out",
    },
    Known {
        id: "format-drift",
        summary: "a value is written in another format",
        signature: "a loss or error that is exact on one form of one field, from a change of the source on",
        look_alikes: &["type-strictness", "item-errors-hidden"],
        remedy: "accept the format; report items that fail",
    },
];
