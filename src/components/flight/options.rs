//! What a file says of single-flight, and the set-ups that the field knows to be wrong.

use crate::{
    components::Flaw,
    config::{Node, Read, Refusal, Span, Value},
};

crate::choice! {
    /// When the entry of a flight is removed.
    pub enum Cleanup {
        /// However it ends.
        Always = "always",
        /// When it ends well: what fails, or is cancelled, leaks.
        OnSuccess = "on-success",
        /// When it fails: what ends well, or is cancelled, leaks.
        OnFailure = "on-failure",
        /// Never: all leak.
        Never = "never",
    }
}

crate::choice! {
    /// What becomes of followers whose leader goes away.
    pub enum OnCancel {
        /// One of them leads.
        HandOver = "hand-over",
        /// They fail with it.
        Fail = "fail",
    }
}

/// How long a failure is told to those who come after it, ns. Written `"none"`, `"1s"`, `"for-ever"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepFailures(pub u64);

impl Read for KeepFailures {
    const WHAT: &'static str = "\"none\", a duration such as \"1s\", or \"for-ever\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::Text(text) if text == "none" => Ok(KeepFailures(0)),
            Value::Text(text) if text == "for-ever" => Ok(KeepFailures(u64::MAX)),
            _ => match Span::read(node) {
                Ok(span) => Ok(KeepFailures(span.0)),
                Err(_) => Err(node.wrong(Self::WHAT)),
            },
        }
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "string" })
    }
}

crate::options! {
    /// Single-flight.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct FlightOptions {
        /// Entries at most; requests beyond work alone, once kept answers have made room.
        limit: u32 = 10_000, "10k";
        /// How long a flight may take before the next request leads another; 0 is for ever.
        ttl: Span = Span(60_000_000_000), "1m";
        /// How long a leader holds its key without renewing it, as pods hold a lock in shared state; 0 is as long as `ttl`.
        lease: Span = Span(0), "as long as ttl";
        /// How often a leader renews its lease; 0 is never.
        renew: Span = Span(0), "never";
        /// Whether a leader whose lease has ended is told so by its fencing token, and leaves the key alone.
        fenced: bool = true, "true";
        /// How long an answer is given to those who come after it: a short-lived result cache; 0 is not at all.
        results: Span = Span(0), "not at all: those who waited for it alone";
        /// How long those who come after a failure are told of it instead of trying: "none", "1s", "for-ever".
        failures: KeepFailures = KeepFailures(0), "none: those who waited for it alone";
        /// When entries are removed: always, on-success, on-failure, never.
        cleanup: Cleanup = Cleanup::Always, "always";
        /// What becomes of followers whose leader is cancelled: hand-over (one of them leads), fail.
        on_cancel: OnCancel = OnCancel::HandOver, "hand-over";
    }
}

impl FlightOptions {
    /// Those of `single_flight = true`.
    pub fn plain() -> FlightOptions {
        FlightOptions {
            limit: 10_000,
            ttl: Span(60_000_000_000),
            lease: Span(0),
            renew: Span(0),
            fenced: true,
            results: Span(0),
            failures: KeepFailures(0),
            cleanup: Cleanup::Always,
            on_cancel: OnCancel::HandOver,
        }
    }

    /// ns that the key of a leader is its own, as long as it works. One that renews in time keeps it for its `ttl`, so that
    /// renewals need not happen one by one.
    pub(super) fn held(&self) -> u64 {
        let for_ever = |span: Span| if span.0 == 0 { u64::MAX } else { span.0 };
        let renewed = self.renew.0 > 0 && self.renew.0 <= self.lease.0;
        if renewed {
            return for_ever(self.ttl);
        }
        for_ever(self.ttl).min(for_ever(self.lease))
    }
}

macro_rules! flaw {
    ($name:literal, $options:literal, breaks $law:literal, $source:literal) => {
        Flaw {
            name: $name,
            kind: "single-flight",
            options: $options,
            breaks: $law,
            source: $source,
        }
    };
}

/// Set-ups that the field knows to be wrong. Those that leak do so without a lease: one that nobody renews would end by itself.
pub const FLAWS: &[Flaw] = &[
    flaw!(
        "leader-cancelled-fails-all",
        "on_cancel = \"fail\"",
        breaks "a_follower_takes_over_when_the_leader_goes",
        "Q6; authzed/spicedb#925: the leader's cancelled context fails all followers"
    ),
    flaw!(
        "no-cleanup",
        "cleanup = \"never\", ttl = \"1h\", lease = \"0s\"",
        breaks "entries_return_to_zero_on_every_exit",
        "Q13: missing cleanup, so that entries leak"
    ),
    flaw!(
        "cleanup-on-success-only",
        "cleanup = \"on-success\", ttl = \"1h\", lease = \"0s\"",
        breaks "entries_return_to_zero_on_every_exit",
        "Q13: missing cleanup on exceptions"
    ),
    flaw!(
        "cleanup-on-set-up-errors-only",
        "cleanup = \"on-failure\", ttl = \"1h\", lease = \"0s\"",
        breaks "entries_return_to_zero_on_every_exit",
        "ROCm/ATOM#1441: entries removed on set-up errors only"
    ),
    flaw!(
        "failure-cached-for-ever",
        "failures = \"for-ever\"",
        breaks "a_failure_is_forgotten",
        "Q6: sharing failures for ever instead of limiting it"
    ),
    flaw!(
        "no-limit",
        "limit = 4294967295",
        breaks "never_more_entries_than_the_limit",
        "Q13: no cap on the map's size"
    ),
    flaw!(
        "no-ttl",
        "ttl = \"0s\"",
        breaks "a_stuck_leader_is_replaced",
        "Q6: no timeout for stuck entries"
    ),
    flaw!(
        "lease-shorter-than-work",
        "lease = \"100ms\", renew = \"0s\"",
        breaks "a_working_leader_keeps_its_key",
        "Q13: a lock in shared state that ends while its holder works"
    ),
    flaw!(
        "not-fenced",
        "fenced = false",
        breaks "a_late_leader_takes_nothing_from_its_successor",
        "Kleppmann, How to do distributed locking, 2016: a lock released without asking whose it is"
    ),
    flaw!(
        "lock-without-result",
        "results = \"0s\"",
        breaks "an_answer_reaches_those_who_ask_again",
        "Q6: a lock across pods combined with no result cache, so that all who waited work one after another"
    ),
];
