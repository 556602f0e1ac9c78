//! Retry policies: whether to try again, and when. Sources: Q10, Q18.
//!
//! # Short answer
//! Try again only what may succeed next time: transient errors and timeouts, never what is wrong with the request itself.
//! Wait longer each time, with all of the wait left to dice, as long as the dependency says, and never past the caller's
//! deadline. All retries of an endpoint together are a small share of its requests ([`Budget`]), so that an outage is not
//! multiplied; a [`breaker`](super::breaker) ends what is left of them.
//!
//! # Complexity
//! O(1) time a decision; memory one number an endpoint (the budget).
//!
//! # Follow-ups of the seed
//! - How is a policy tuned under a partner's rate limits? `classes = { throttled = { max = 2, backoff = "1s" } }`, and
//!   `hint = true`: the partner's own "come back after" counts, unless it is beyond `longest_hint`, which fails fast.
//! - When is failing fast right? For permanent errors (`gameday replay incident-10`), past the deadline, without budget.
//! - How do a client and a server that both retry go together? Each with a budget of its own, since attempts multiply:
//!   `gameday replay incident-18`.
//!
//! # Anti-patterns
//! Each is a flaw in [`FLAWS`]: `no-jitter`, `retries-permanent`, `no-budget`, `ignores-deadline`, `ignores-hints`.
//!
//! # Smallest set-up
//! ```toml
//! call = { dependency = "llm", timeout = "2s", retry = { max = 3, backoff = "100ms", budget = "10%" } }
//! ```
//!
//! # Source
//! AWS Architecture Blog, "Exponential Backoff And Jitter", 2015; Google SRE book, chapters 21 and 22.

mod budget;

#[cfg(test)]
mod laws;

use crate::config::{Node, Percent, Read, Refusal, Span, Value};
pub use budget::Budget;

crate::choice! {
    /// How much of the back-off is left to dice.
    pub enum Jitter {
        /// None: everybody who failed together comes back together.
        None = "none",
        /// Half.
        Equal = "equal",
        /// All of it (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
        Full = "full",
    }
}

crate::choice! {
    /// A class of failure.
    pub enum Failure {
        /// It failed, and may succeed next time: transient.
        Error = "error",
        /// It took too long.
        Timeout = "timeout",
        /// It asked for less traffic.
        Throttled = "throttled",
        /// It was never sent.
        Refused = "refused",
        /// The request is wrong, or not allowed: it will fail each time.
        Permanent = "permanent",
        /// The caller has a bug: it will fail each time.
        Programmer = "programmer",
    }
}

impl Failure {
    /// Whether the call may have been carried out all the same.
    pub fn may_be_done(self) -> bool {
        !matches!(self, Failure::Throttled | Failure::Refused)
    }

    /// Whether the same request may end otherwise next time.
    pub fn passes(self) -> bool {
        !matches!(self, Failure::Permanent | Failure::Programmer)
    }
}

crate::options! {
    /// Retry policy of one class of failure.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ClassRetry {
        /// Retries after the first attempt.
        max: Option<u32> = None, "as for all";
        /// Back-off before the first retry.
        backoff: Option<Span> = None, "as for all";
        /// Longest back-off.
        cap: Option<Span> = None, "as for all";
    }
}

/// Policies by class, such as `{ throttled = { max = 2, backoff = "1s" } }`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ByClass(pub Vec<(Failure, ClassRetry)>);

impl Read for ByClass {
    const WHAT: &'static str =
        "policies by class of failure, such as { throttled = { max = 2, backoff = \"1s\" } }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let table = node.table("the classes of failure")?;
        let each = table.iter().map(|(name, entry)| {
            let name = Node {
                value: Value::Text(name.clone()),
                at: entry.key.clone(),
            };
            Ok((Failure::read(&name)?, ClassRetry::read(&entry.node)?))
        });
        each.collect::<Result<_, _>>().map(ByClass)
    }
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "object", "additionalProperties": ClassRetry::schema() })
    }
}

crate::options! {
    /// Retry policy.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Retry {
        /// Retries after the first attempt; 0 is none.
        max: u32 = 0, "0";
        /// Back-off before the first retry; doubles with each.
        backoff: Span = Span(50_000_000), "50ms";
        /// Longest back-off.
        cap: Span = Span(10_000_000_000), "10s";
        /// How much of the back-off is left to dice.
        jitter: Jitter = Jitter::Full, "full";
        /// Which failures are worth another attempt, besides those in `classes`.
        on: Vec<Failure> = vec![Failure::Error, Failure::Timeout], "error, timeout";
        /// Policies of single classes of failure.
        classes: ByClass = ByClass::default(), "none";
        /// Retries as a percentage of first attempts, of each replica and dependency; 100 is no bound.
        budget: Percent = Percent(1.0), "100%";
        /// Retries that a budget can save up.
        budget_burst: u32 = 10, "10";
        /// Whether a retry that would come after the request's deadline is left out.
        deadline: bool = true, "true";
        /// Whether an answer that says when to come back is believed.
        hint: bool = true, "true";
        /// Longest wait that such an answer may ask for; asked for more, the call fails at once.
        longest_hint: Span = Span(60_000_000_000), "1m";
        /// Whether the call may be made twice: it changes nothing, or carries an idempotency key.
        repeatable: bool = true, "true";
    }
}

/// A failed attempt.
#[derive(Clone, Copy, Debug)]
pub struct Failed {
    /// Its number, from 1.
    pub attempt: u32,
    /// How it failed.
    pub failure: Failure,
    /// This attempt's own random number in (0, 1).
    pub unit: f64,
    /// ns after which the dependency said to come back.
    pub hint: Option<u64>,
    /// ns to the request's deadline, where it has one.
    pub left: Option<u64>,
}

impl Retry {
    /// No retries.
    pub fn never() -> Retry {
        Retry {
            max: 0,
            backoff: Span(0),
            cap: Span(0),
            jitter: Jitter::None,
            on: vec![],
            classes: ByClass::default(),
            budget: Percent(1.0),
            budget_burst: 10,
            deadline: true,
            hint: true,
            longest_hint: Span(60_000_000_000),
            repeatable: true,
        }
    }

    /// ns to wait before the next attempt; `None` when there is none. The budget is asked after this.
    pub fn next(&self, failed: &Failed) -> Option<u64> {
        let own = self.classes.0.iter().find(|(of, _)| *of == failed.failure);
        if own.is_none() && !self.on.contains(&failed.failure) {
            return None;
        }
        let own = own.map(|(_, own)| own);
        let max = own.and_then(|o| o.max).unwrap_or(self.max);
        if failed.attempt > max || !self.repeatable && failed.failure.may_be_done() {
            return None;
        }
        let backoff = own.and_then(|o| o.backoff).unwrap_or(self.backoff).0;
        let cap = own.and_then(|o| o.cap).unwrap_or(self.cap).0;
        let doublings = failed.attempt.saturating_sub(1);
        let doubled = backoff.saturating_mul(1u64.checked_shl(doublings).unwrap_or(u64::MAX));
        let most = doubled.min(cap) as f64;
        let mut wait = match self.jitter {
            Jitter::None => most,
            Jitter::Equal => most / 2.0 + most / 2.0 * failed.unit,
            Jitter::Full => most * failed.unit,
        } as u64;
        if let Some(hint) = failed.hint.filter(|_| self.hint) {
            // Coming back sooner than told would only be refused again.
            if hint > self.longest_hint.0 {
                return None;
            }
            // All who were told the same would come at once: the jitter goes on top.
            wait = wait.saturating_add(hint);
        }
        let late = failed.left.is_some_and(|left| wait >= left);
        (!(self.deadline && late)).then_some(wait)
    }
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[
    super::Flaw {
        name: "no-jitter",
        kind: "backoff",
        options: "jitter = \"none\"",
        breaks: "those_who_failed_together_come_back_apart",
        source: "Q10: retries without jitter; aws/aws-sdk-go#669",
    },
    super::Flaw {
        name: "retries-permanent",
        kind: "backoff",
        options: "on = [\"error\", \"timeout\", \"permanent\", \"programmer\"]",
        breaks: "what_fails_each_time_is_not_tried_again",
        source: "Q10: retrying validation errors or auth failures",
    },
    super::Flaw {
        name: "no-budget",
        kind: "backoff",
        options: "budget = \"100%\"",
        breaks: "retries_are_a_small_share_of_requests",
        source: "Q18: no retry budget per endpoint, layers that multiply",
    },
    super::Flaw {
        name: "ignores-deadline",
        kind: "backoff",
        options: "deadline = false",
        breaks: "no_retry_comes_after_the_deadline",
        source: "Q18: total retry time without a bound",
    },
    super::Flaw {
        name: "ignores-hints",
        kind: "backoff",
        options: "hint = false",
        breaks: "nobody_comes_back_sooner_than_told",
        source: "1jehuang/jcode#1183: wait hints cut short, so that retries burn out",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(max: u32, jitter: Jitter) -> Retry {
        Retry {
            max,
            backoff: Span(100),
            cap: Span(1000),
            jitter,
            on: vec![Failure::Error],
            ..Retry::never()
        }
    }

    fn failed(attempt: u32, failure: Failure, unit: f64) -> Failed {
        Failed {
            attempt,
            failure,
            unit,
            hint: None,
            left: None,
        }
    }

    #[test]
    fn back_off_doubles_up_to_its_cap_and_ends() {
        let policy = retry(6, Jitter::None);
        let waits: Vec<_> = (1..=7)
            .map(|n| policy.next(&failed(n, Failure::Error, 0.5)))
            .collect();
        assert_eq!(
            waits,
            [100, 200, 400, 800, 1000, 1000]
                .map(Some)
                .into_iter()
                .chain([None])
                .collect::<Vec<_>>()
        );
        assert_eq!(
            retry(100, Jitter::None).next(&failed(90, Failure::Error, 0.5)),
            Some(1000)
        );
    }

    #[test]
    fn jitter_is_spread_over_what_it_promises() {
        let waits =
            |jitter| [0.0, 0.5, 1.0].map(|u| retry(1, jitter).next(&failed(1, Failure::Error, u)));
        assert_eq!(waits(Jitter::Full), [0, 50, 100].map(Some));
        assert_eq!(waits(Jitter::Equal), [50, 75, 100].map(Some));
    }

    #[test]
    fn a_failure_that_is_not_listed_is_final() {
        let policy = retry(3, Jitter::Full);
        assert_eq!(policy.next(&failed(1, Failure::Timeout, 0.5)), None);
    }

    #[test]
    fn a_class_has_its_own_policy_where_it_says_so() {
        let own = ClassRetry {
            max: Some(1),
            backoff: Some(Span(700)),
            cap: None,
        };
        let policy = Retry {
            classes: ByClass(vec![(Failure::Throttled, own)]),
            ..retry(3, Jitter::None)
        };
        assert_eq!(policy.next(&failed(1, Failure::Throttled, 0.5)), Some(700));
        assert_eq!(policy.next(&failed(2, Failure::Throttled, 0.5)), None);
        assert_eq!(policy.next(&failed(2, Failure::Error, 0.5)), Some(200));
    }
}
