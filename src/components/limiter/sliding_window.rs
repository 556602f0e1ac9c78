//! Sliding window, the exact log: at most `burst` admissions in any `burst / rate` of time.
//!
//! # Short answer
//! The instants of a key's last admissions, oldest first. A request enters when fewer than `burst` of them lie within the
//! window before now. There is no boundary that a caller could straddle, so the error is nought; the price is memory.
//!
//! # Complexity
//! Amortised O(cost) time a check: an instant is written once and dropped once. Memory O(burst) a key, which is why
//! `burst` is held to `LOG_MAX`; keys whose log has run out are forgotten.
//!
//! # Follow-ups
//! Beside the token bucket: both hold to rate x time + burst, but the log admits no more than `burst` in a window, where a
//! full bucket that refills meanwhile admits up to twice that.
//!
//! # Anti-patterns
//! A counter that is set back at each boundary lets twice the limit through around it; the log has no boundary.
//!
//! # Smallest set-up
//! ```toml
//! limiter = { kind = "sliding-window", rate = "20/s", burst = 10 }
//! ```
//!
//! # Source
//! Q2, Q14.

use super::{Admission, RateLimiter};
use crate::{
    config::{At, Count, Node, Options, Rate, Refusal, Table},
    sim::hash::FixedState,
};
use hashbrown::HashMap;
use std::collections::VecDeque;

/// Admissions that the log of one key may hold: 8 bytes each.
const LOG_MAX: u64 = 65_536;

crate::options! {
    /// Sliding window.
    #[derive(Clone, Debug, PartialEq)]
    pub struct SlidingWindowOptions {
        /// Admissions a second in the long run.
        rate: Rate,
        /// Admissions in one window, which is burst / rate long.
        burst: Count = Count(100), "100";
    }
}

/// See the module.
pub struct SlidingWindow {
    /// ns of the window.
    window: u64,
    /// Admissions in a window.
    limit: usize,
    /// Instants of a key's admissions, oldest first.
    log: HashMap<u64, VecDeque<u64>, FixedState>,
    /// Keys that the last sweep left.
    swept: usize,
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn RateLimiter>, Refusal> {
    let options =
        SlidingWindowOptions::read_table(at, table, &[taken, &["key", "scope"]].concat())?;
    let mut limiter = SlidingWindow {
        window: 0,
        limit: 0,
        log: HashMap::default(),
        swept: 0,
    };
    limiter.set(&options, at)?;
    Ok(Box::new(limiter))
}

impl SlidingWindow {
    fn set(&mut self, options: &SlidingWindowOptions, at: &At) -> Result<(), Refusal> {
        if options.rate.0 <= 0.0 {
            return Err(
                Refusal::at(at, "a sliding window with rate 0 never lets anybody in")
                    .help("give a rate above 0"),
            );
        }
        if options.burst.0 == 0 || options.burst.0 > LOG_MAX {
            return Err(Refusal::at(
                at,
                format!("a sliding window cannot log {} admissions", options.burst.0),
            )
            .help(format!(
                "give a burst of 1 to {LOG_MAX}, or use token-bucket"
            )));
        }
        let gap = ((1e9 / options.rate.0).round() as u64).max(1);
        self.window = gap.saturating_mul(options.burst.0);
        self.limit = options.burst.0 as usize;
        Ok(())
    }

    /// Forgets keys whose log has run out, at amortised O(1): only once the map has grown by half since the last time.
    fn sweep(&mut self, now: u64) {
        if self.log.len() > self.swept + self.swept / 2 + 64 {
            let window = self.window;
            self.log
                .retain(|_, log| log.back().is_some_and(|t| t.saturating_add(window) > now));
            self.swept = self.log.len();
        }
    }
}

impl RateLimiter for SlidingWindow {
    fn check(&mut self, key: u64, cost: u32, now: u64) -> Admission {
        self.sweep(now);
        let cost = cost as usize;
        let log = self.log.entry(key).or_default();
        while log
            .front()
            .is_some_and(|t| t.saturating_add(self.window) <= now)
        {
            log.pop_front();
        }
        let over = (log.len() + cost).saturating_sub(self.limit);
        if over > 0 {
            // The request fits once the `over` oldest have left; more than a whole window never fits.
            let until = match log.get(over - 1) {
                Some(t) if cost <= self.limit => t.saturating_add(self.window),
                _ => u64::MAX,
            };
            return Admission::Refused { until };
        }
        log.extend(std::iter::repeat_n(now, cost));
        Admission::Granted {
            remaining: u32::try_from(self.limit - log.len()).unwrap_or(u32::MAX),
        }
    }

    fn give_back(&mut self, key: u64, cost: u32, _now: u64) {
        if let Some(log) = self.log.get_mut(&key) {
            log.truncate(log.len().saturating_sub(cost as usize));
        }
    }

    fn retune(&mut self, options: &Node, _now: u64) -> Result<(), Refusal> {
        let table = options.table("the limiter")?;
        let new = SlidingWindowOptions::read_table(&options.at, table, &["kind", "key", "scope"])?;
        // The log is kept: what was admitted counts against the new window as it did against the old.
        self.set(&new, &options.at)
    }

    fn gauges(&self, out: &mut dyn FnMut(&'static str, f64)) {
        out("limiter.keys", self.log.len() as f64);
        out("limiter.rate", self.limit as f64 * 1e9 / self.window as f64);
        out("limiter.burst", self.limit as f64);
    }
}
