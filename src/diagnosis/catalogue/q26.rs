//! Q26: duplicate writes.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "idempotency-key-unstable",
        summary: "the key changes with each try",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "idempotency-store-lost",
        summary: "the store of keys is lost at a restart",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "check-then-act-race",
        summary: "two replicas look before either has written",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "idempotency-record-expired",
        summary: "the record ends before the last replay",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "visibility-timeout-too-short",
        summary: "jobs are handed out again before they are due",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "timeout-taken-for-failure",
        summary: "a write that timed out had been done",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "hidden-retry-layer",
        summary: "somebody in between retries what is not safe to",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "lease-shorter-than-work",
        summary: "the lease ends before the work",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "no-outbox",
        summary: "a write in several steps is cut between them",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
];
