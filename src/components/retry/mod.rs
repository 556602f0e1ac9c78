//! Retry policies: whether to try again, and when. Sources: Q10, Q18.

use crate::config::Span;

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
        /// It failed.
        Error = "error",
        /// It took too long.
        Timeout = "timeout",
        /// It asked for less traffic.
        Throttled = "throttled",
        /// It was never sent.
        Refused = "refused",
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
        /// Which failures are worth another attempt.
        on: Vec<Failure> = vec![Failure::Error, Failure::Timeout], "error, timeout";
    }
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
        }
    }

    /// ns to wait before the next attempt; `None` when there is none. `attempt` counts from 1 and has just failed;
    /// `unit` is this attempt's own random number in (0, 1).
    pub fn next(&self, attempt: u32, failure: Failure, unit: f64) -> Option<u64> {
        if attempt > self.max || !self.on.contains(&failure) {
            return None;
        }
        let doubled = self
            .backoff
            .0
            .saturating_mul(1u64.checked_shl(attempt - 1).unwrap_or(u64::MAX));
        let most = doubled.min(self.cap.0) as f64;
        Some(match self.jitter {
            Jitter::None => most,
            Jitter::Equal => most / 2.0 + most / 2.0 * unit,
            Jitter::Full => most * unit,
        } as u64)
    }
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[];

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
        }
    }

    #[test]
    fn back_off_doubles_up_to_its_cap_and_ends() {
        let policy = retry(6, Jitter::None);
        let waits: Vec<_> = (1..=7)
            .map(|n| policy.next(n, Failure::Error, 0.5))
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
            retry(100, Jitter::None).next(90, Failure::Error, 0.5),
            Some(1000)
        );
    }

    #[test]
    fn jitter_is_spread_over_what_it_promises() {
        assert_eq!(
            [0.0, 0.5, 1.0].map(|u| retry(1, Jitter::Full).next(1, Failure::Error, u)),
            [0, 50, 100].map(Some)
        );
        assert_eq!(
            [0.0, 0.5, 1.0].map(|u| retry(1, Jitter::Equal).next(1, Failure::Error, u)),
            [50, 75, 100].map(Some)
        );
    }

    #[test]
    fn a_failure_that_is_not_listed_is_final() {
        assert_eq!(retry(3, Jitter::Full).next(1, Failure::Timeout, 0.5), None);
    }
}
