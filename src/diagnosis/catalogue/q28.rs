//! Q28: CPU at moderate traffic.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "quadratic-loop",
        summary: "all pairs are compared",
        signature: "CPU per request against the number of items has slope 2",
        look_alikes: &["quadratic-accumulation", "request-size-grown"],
        remedy: "a set instead of all pairs",
    },
    Known {
        id: "quadratic-accumulation",
        summary: "all that came so far is read again for each fragment",
        signature: "CPU per request against size has slope 2, large answers alone",
        look_alikes: &["quadratic-loop", "size-shift-blocks-others"],
        remedy: "append, and parse once",
    },
    Known {
        id: "repeated-serialization",
        summary: "the same is serialized again and again",
        signature: "CPU per request up by a constant factor, one site called many times",
        look_alikes: &["json-parsed-per-layer", "rebuilt-per-request"],
        remedy: "serialize once and hand it on",
    },
    Known {
        id: "regex-backtracking",
        summary: "a pattern backtracks on ordinary bodies",
        signature: "CPU per request steps up everywhere at a change of rules, in one stage, for a share of bodies",
        look_alikes: &["quadratic-on-content", "traffic-surge"],
        remedy: "switch the rule off; a matcher without backtracking",
    },
    Known {
        id: "quadratic-on-content",
        summary: "a pattern is quadratic on one item that everybody sees",
        signature: "one route slow, nothing deployed, a constant cost for each view of one item",
        look_alikes: &["regex-backtracking", "probe-removes-replicas"],
        remedy: "replace the pattern; a bound on the input",
    },
    Known {
        id: "json-parsed-per-layer",
        summary: "each layer parses the body again",
        signature: "parsing is called as many times as there are layers",
        look_alikes: &["repeated-serialization", "rebuilt-per-request"],
        remedy: "parse once, and hand the value on",
    },
    Known {
        id: "rebuilt-per-request",
        summary: "a validator is built for each call",
        signature: "CPU per item up by a constant, results the same, from a deploy on",
        look_alikes: &["quadratic-loop", "json-parsed-per-layer"],
        remedy: "build it once",
    },
    Known {
        id: "global-lock",
        summary: "one lock is held while computing",
        signature: "lock wait up, one core busy, more threads change nothing",
        look_alikes: &["lock-contention", "cpu-quota-throttling"],
        remedy: "processes instead of threads, or no lock while computing",
    },
    Known {
        id: "probe-removes-replicas",
        summary: "a health probe takes replicas out that would serve",
        signature: "replicas leave one after the other while they serve other routes well",
        look_alikes: &["capacity-loss", "quadratic-on-content"],
        remedy: "a probe of a page of its own; never the last replicas",
    },
];
