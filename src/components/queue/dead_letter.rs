//! Where a queue puts what it will not serve: a dead letter is set aside and counted, and never comes back by itself.

use crate::config::{At, Refusal, Span};

crate::options! {
    /// Dead letters.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct DeadLetter {
        /// Longest wait for a worker, after which a request is set aside; 0 is no end.
        after: Span = Span(0), "no end";
        /// Tries of an operation that are served; the next one is set aside; 0 is all.
        attempts: u32 = 0, "all";
    }
}

impl DeadLetter {
    /// Refuses a table that sets nothing aside.
    ///
    /// # Errors
    /// Neither a wait nor a number of attempts.
    pub(super) fn check(&self, at: &At) -> Result<(), Refusal> {
        if self.after.0 == 0 && self.attempts == 0 {
            return Err(Refusal::at(at, "no request would ever be a dead letter")
                .help("such as dead_letter = { attempts = 5, after = \"10m\" }"));
        }
        Ok(())
    }

    /// Whether this try, counted from 1, is set aside instead of being queued.
    pub fn takes(&self, tries: u8) -> bool {
        self.attempts > 0 && u32::from(tries) > self.attempts
    }

    /// ns at which one who joins now is set aside.
    pub fn ends(&self, now: u64) -> Option<u64> {
        (self.after.0 > 0).then(|| now.saturating_add(self.after.0))
    }
}
