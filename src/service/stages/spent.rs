//! What a call may take of its request, and where its time went.

use crate::{
    components::dag::FanOut,
    recording::RequestRow,
    service::{output, spec::Step},
};
use std::cell::Cell;

/// Where the time of a step went.
#[derive(Clone, Copy, Default)]
pub(in crate::service) struct Spent {
    pub pool_wait: u64,
    pub backoff: u64,
    pub call: u64,
    /// ns that reading what was answered took.
    pub parse: u64,
    /// What the parser said of it.
    pub output: output::Seen,
    pub attempts: u16,
    /// When the first token came out, ns between two, prompt tokens found; 0 without tokens.
    pub tokens: (u64, u64, u32),
}

impl Spent {
    pub fn total(&self) -> u64 {
        self.pool_wait + self.backoff + self.call + self.parse
    }

    pub fn add_to(&self, row: &mut RequestRow) {
        row.pool_wait += self.pool_wait;
        row.backoff += self.backoff;
        row.call += self.call;
        row.compute += self.parse;
        if let (first @ 1.., between, found) = self.tokens {
            row.ttft = first.saturating_sub(row.arrived).max(1);
            row.itl = between;
            row.prefix_hit = row.prefix_hit.saturating_add(found);
        }
    }

    /// This, and then that.
    pub fn and(&self, then: &Spent) -> Spent {
        Spent {
            pool_wait: self.pool_wait + then.pool_wait,
            backoff: self.backoff + then.backoff,
            call: self.call + then.call,
            parse: self.parse + then.parse,
            output: self.output.or(then.output),
            attempts: self.attempts + then.attempts,
            tokens: if then.tokens.0 > 0 {
                then.tokens
            } else {
                self.tokens
            },
        }
    }
}

/// What the request leaves to a call.
pub(in crate::service) struct Limit {
    rules: FanOut,
    /// ns at which the request must be answered; `u64::MAX` is never.
    deadline: u64,
    /// Attempts of all calls of the request.
    attempts: Cell<u16>,
    /// Retries that they have left together.
    retries: Cell<u32>,
    /// Attempts of each step that were made before: another round has dice of its own.
    pub before: Cell<u16>,
}

impl Limit {
    /// A call on its own.
    pub fn none() -> Limit {
        Limit::new(&FanOut::default(), u64::MAX)
    }

    pub fn new(rules: &FanOut, deadline: u64) -> Limit {
        Limit {
            rules: rules.clone(),
            deadline,
            attempts: Cell::new(0),
            retries: Cell::new(rules.retries),
            before: Cell::new(0),
        }
    }

    /// An attempt is made.
    pub fn count(&self) {
        self.attempts.set(self.attempts.get().saturating_add(1));
    }

    pub fn attempts(&self) -> u16 {
        self.attempts.get()
    }

    /// ns that an attempt may take from `now` on, 0 for ever; `None`: there is no time left.
    pub fn time_for(&self, step: &Step, now: u64) -> Option<u64> {
        let (own, share) = (step.options.timeout.0, step.options.budget);
        self.rules.time_for(own, share, self.deadline, now)
    }

    /// Whether there may be a retry after so many ns; takes it.
    pub fn retry(&self, wait: u64, now: u64) -> bool {
        let left = self.retries.get();
        let may = left > 0 && self.rules.worth_waiting(wait, self.deadline, now);
        self.retries.set(left.saturating_sub(u32::from(may)));
        may
    }
}
