//! Q26: duplicate writes.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "idempotency-key-unstable",
        summary: "the key changes with each try",
        signature: "as many keys as attempts for an intent; look-ups never hit; duplicates follow time-outs",
        look_alikes: &["idempotency-record-expired", "hidden-retry-layer"],
        remedy: "a key of intent and operation",
    },
    Known {
        id: "idempotency-key-too-broad",
        summary: "two operations that are meant share a key",
        signature: "fewer keys than intents; answered from a record that another operation left; nothing is written twice",
        look_alikes: &["check-then-act-race"],
        remedy: "a key of intent and operation, not of content",
    },
    Known {
        id: "idempotency-store-lost",
        summary: "the store of keys is lost at a restart",
        signature: "duplicates of what was begun before a restart",
        look_alikes: &["idempotency-record-expired", "check-then-act-race"],
        remedy: "a durable store",
    },
    Known {
        id: "check-then-act-race",
        summary: "two replicas look before either has written",
        signature: "duplicates at the same instant on two replicas, under one key",
        look_alikes: &["hidden-retry-layer", "idempotency-key-unstable"],
        remedy: "insert atomically, and let the second wait",
    },
    Known {
        id: "idempotency-record-expired",
        summary: "the record ends before the last replay",
        signature: "duplicates of late replays alone, under the same key",
        look_alikes: &["idempotency-key-unstable", "visibility-timeout-too-short"],
        remedy: "keep records longer than anybody replays",
    },
    Known {
        id: "visibility-timeout-too-short",
        summary: "jobs are handed out again before they are due",
        signature: "duplicates only of jobs longer than the time-out, as many as fit into the delay",
        look_alikes: &["lease-shorter-than-work", "idempotency-record-expired"],
        remedy: "a time-out above the longest delay",
    },
    Known {
        id: "timeout-taken-for-failure",
        summary: "a write that timed out had been done",
        signature: "duplicates follow time-outs of writes that had landed",
        look_alikes: &["idempotency-key-unstable", "hidden-retry-layer"],
        remedy: "ask what became of it before writing again",
    },
    Known {
        id: "hidden-retry-layer",
        summary: "somebody in between retries what is not safe to",
        signature: "more requests at the servers than clients sent, all of them first attempts",
        look_alikes: &["idempotency-key-unstable", "retry-storm"],
        remedy: "no replay of unsafe methods in between",
    },
    Known {
        id: "lease-shorter-than-work",
        summary: "the lease ends before the work",
        signature: "effects repeat, progress stands still, and the work succeeds each time",
        look_alikes: &["poison-message", "visibility-timeout-too-short"],
        remedy: "a heartbeat while it works, or smaller batches",
    },
    Known {
        id: "no-outbox",
        summary: "a write in several steps is cut between them",
        signature: "some steps of a write without the others, after a crash",
        look_alikes: &["idempotency-store-lost"],
        remedy: "an outbox: one transaction, and a relay",
    },
];
