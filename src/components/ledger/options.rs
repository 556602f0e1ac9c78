//! What a file says of a ledger, and the set-ups that the field knows to be wrong.

use crate::{components::Flaw, config::Span};

crate::choice! {
    /// What the key of an operation is made of.
    pub enum KeyOf {
        /// The client's intent and the name of the operation: equal at each try.
        Operation = "operation",
        /// The intent alone: two operations of one intent share a key.
        Intent = "intent",
        /// All bytes as sent, a creation time among them: another key at each try.
        Payload = "payload",
        /// What is asked for, whoever asks and however often: two who mean the same twice share a key.
        Content = "content",
        /// Drawn anew at each try.
        PerTry = "per-try",
    }
}

crate::choice! {
    /// What becomes of an operation of which nobody knows how it ended: a timeout, a holder that is gone.
    pub enum Doubt {
        /// Who takes it over asks whether the write happened before writing.
        Ask = "ask",
        /// It is taken for failed, and run again.
        RunAgain = "run-again",
    }
}

crate::choice! {
    /// What those are told who come after a write that failed for certain.
    pub enum Failures {
        /// They may try: nothing was written.
        RunAgain = "run-again",
        /// That it failed, for as long as the record lives.
        Final = "final",
    }
}

crate::options! {
    /// A ledger of idempotency records: each operation is written once, whoever tries how often.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct LedgerOptions {
        /// What keys are made of: operation, intent, payload, content, per-try.
        key: KeyOf = KeyOf::Operation, "operation";
        /// Whether records outlive the process that wrote them.
        durable: bool = true, "true";
        /// How long the record of an operation that has ended is kept; 0 is for ever.
        ttl: Span = Span(86_400_000_000_000), "1d";
        /// How long a holder owns a pending operation without renewing; 0 is for ever.
        lease: Span = Span(30_000_000_000), "30s";
        /// How often a holder that works renews its lease; 0 is never.
        heartbeat: Span = Span(10_000_000_000), "10s";
        /// Whether a holder whose lease has ended is refused by its fencing token.
        fenced: bool = true, "true";
        /// Whether looking and inserting are one step ("insert if absent"), or a look and then a write.
        atomic: bool = true, "true";
        /// What becomes of an operation of which nobody knows how it ended: ask, run-again.
        doubt: Doubt = Doubt::Ask, "ask";
        /// What those are told who come after a write that failed for certain: run-again, final.
        failures: Failures = Failures::RunAgain, "run-again";
        /// Whether what is still to be done after the write is stored with it, in one transaction.
        outbox: bool = true, "true";
    }
}

impl LedgerOptions {
    /// Whose records a process of this number (from 1) reads and writes: durable ones are everybody's, of number 0.
    pub fn place(&self, process: u32) -> u32 {
        if self.durable { 0 } else { process }
    }

    /// The sound ones, as when a file says nothing.
    pub fn plain() -> LedgerOptions {
        LedgerOptions {
            key: KeyOf::Operation,
            durable: true,
            ttl: Span(86_400_000_000_000),
            lease: Span(30_000_000_000),
            heartbeat: Span(10_000_000_000),
            fenced: true,
            atomic: true,
            doubt: Doubt::Ask,
            failures: Failures::RunAgain,
            outbox: true,
        }
    }
}

macro_rules! flaw {
    ($name:literal, $options:literal, breaks $law:literal, $source:literal) => {
        Flaw {
            name: $name,
            kind: "ledger",
            options: $options,
            breaks: $law,
            source: $source,
        }
    };
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[Flaw] = &[
    flaw!(
        "random-key-per-retry",
        "key = \"per-try\"",
        breaks "who_tries_again_has_the_same_key",
        "Q26: generating a random idempotency key per retry; square/square-mcp-server#31"
    ),
    flaw!(
        "idempotency-key-unstable",
        "key = \"payload\"",
        breaks "who_tries_again_has_the_same_key",
        "Adyen/adyen-commercetools#1305: a hash over the whole request, creation time included"
    ),
    flaw!(
        "key-without-intent",
        "key = \"content\"",
        breaks "two_intents_have_two_keys",
        "Q26: one idempotency key per logical operation; equal content is not the same operation"
    ),
    flaw!(
        "key-without-operation",
        "key = \"intent\"",
        breaks "two_operations_of_an_intent_have_two_keys",
        "Q26: one idempotency key per logical operation; an intent may have several"
    ),
    flaw!(
        "store-in-memory",
        "durable = false",
        breaks "a_restart_keeps_the_records",
        "Q26: storing the key in memory only, lost at a restart"
    ),
    flaw!(
        "record-ttl-too-short",
        "ttl = \"1s\"",
        breaks "a_late_retry_finds_the_record",
        "Q26: a TTL based on the business's replay window"
    ),
    flaw!(
        "lease-shorter-than-work",
        "lease = \"100ms\", heartbeat = \"0s\"",
        breaks "a_working_holder_keeps_its_operation",
        "aio-libs/aiokafka#848; celery/celery#2481: handed out again while the first still works"
    ),
    flaw!(
        "lease-for-ever",
        "lease = \"0s\"",
        breaks "a_holder_that_is_gone_is_replaced",
        "Q26: PENDING that nobody ends, so that the operation is lost"
    ),
    flaw!(
        "not-fenced",
        "fenced = false",
        breaks "a_late_holder_changes_nothing",
        "Kleppmann, How to do distributed locking, 2016"
    ),
    flaw!(
        "check-then-act",
        "atomic = false",
        breaks "of_two_first_writers_one_runs",
        "Q26: concurrent first writes for the same key across pods"
    ),
    flaw!(
        "timeout-taken-for-failure",
        "doubt = \"run-again\"",
        breaks "an_unknown_end_is_asked_after",
        "Q26: treating a network timeout as guaranteed failure"
    ),
    flaw!(
        "failure-is-final",
        "failures = \"final\"",
        breaks "what_failed_for_certain_may_be_tried_again",
        "Q26: FAILED answered for ever, so that the operation is lost"
    ),
    flaw!(
        "multi-step-without-outbox",
        "outbox = false",
        breaks "a_second_step_outlives_a_crash",
        "Q26: guard multi-step writes with an outbox or transactional boundaries"
    ),
];
