//! Sliding window, the exact log: at most `burst` admissions in any `burst / rate` of time.
//!
//! # Short answer
//! The instants of a key's last admissions, oldest first. A request enters when fewer than `burst` of them lie within the
//! window before now. There is no boundary that a caller could straddle, so the error is nought; the price is memory.
//!
//! # Complexity
//! Amortised O(cost) time a check: an instant is written once and dropped once. Memory O(burst) a key, which is why
//! `burst` is held to `LOG_MAX`; keys whose log has run out are forgotten, and `max_keys` are remembered at most.
//!
//! # Follow-ups
//! Beside the token bucket: both hold to rate x time + burst, but the log admits no more than `burst` in a window, where a
//! full bucket that refills meanwhile admits up to twice that.
//!
//! # Anti-patterns
//! `edge = "fixed"`: a counter that is set back at each boundary lets twice the limit through around it; the log has no
//! boundary. `forget = false`: a log a user for ever.
//!
//! # Smallest set-up
//! ```toml
//! limiter = { kind = "sliding-window", rate = "20/s", burst = 10 }
//! ```
//!
//! # Source
//! Q2, Q14.

use super::{
    Admission, RateLimiter,
    keyed::{Keyed, MOST_KEYS, pace},
};
use crate::config::{At, Count, Node, Options, Rate, Refusal, Table};
use std::collections::VecDeque;

/// Admissions that the log of one key may hold: 8 bytes each.
const LOG_MAX: u64 = 65_536;

crate::choice! {
    /// Where a window begins.
    pub enum Edge {
        /// So long before now, whenever that is.
        Sliding = "sliding",
        /// At multiples of its length. A flaw.
        Fixed = "fixed",
    }
}

crate::options! {
    /// Sliding window.
    #[derive(Clone, Debug, PartialEq)]
    pub struct SlidingWindowOptions {
        /// Admissions a second in the long run.
        rate: Rate,
        /// Admissions in one window, which is burst / rate long.
        burst: Count = Count(100), "100";
        /// Keys that it remembers at most; those that come too late share one window.
        max_keys: Count = Count(MOST_KEYS), "1M";
        /// Whether logs that have run out are forgotten; false is a flaw.
        forget: bool = true, "true";
        /// Where a window begins: "sliding", or, a flaw, "fixed".
        edge: Edge = Edge::Sliding, "sliding";
    }
}

/// See the module.
pub struct SlidingWindow {
    /// ns of the window.
    window: u64,
    /// Admissions in a window.
    limit: usize,
    edge: Edge,
    /// Instants of a key's admissions, oldest first.
    log: Keyed<VecDeque<u64>>,
}

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn RateLimiter>, Refusal> {
    let options = SlidingWindowOptions::read_table(at, table, taken)?;
    let mut limiter = SlidingWindow {
        window: 0,
        limit: 0,
        edge: Edge::Sliding,
        log: Keyed::new(),
    };
    limiter.set(&options, at)?;
    Ok(Box::new(limiter))
}

impl SlidingWindow {
    fn set(&mut self, o: &SlidingWindowOptions, at: &At) -> Result<(), Refusal> {
        if o.burst.0 > LOG_MAX {
            return Err(Refusal::at(
                at,
                format!("a sliding window cannot log {} admissions", o.burst.0),
            )
            .help(format!(
                "give a burst of 1 to {LOG_MAX}, or use token-bucket"
            )));
        }
        (_, self.window) = pace(o.rate.0, o.burst.0, "sliding window", at)?;
        self.limit = o.burst.0 as usize;
        self.edge = o.edge;
        self.log.bound(o.max_keys.0, o.forget, at)
    }
}

/// When an admission no longer counts.
fn leaves(t: u64, window: u64, edge: Edge) -> u64 {
    match edge {
        Edge::Sliding => t.saturating_add(window),
        Edge::Fixed => (t / window + 1).saturating_mul(window),
    }
}

impl RateLimiter for SlidingWindow {
    fn check(&mut self, key: u64, cost: u32, now: u64) -> Admission {
        let (window, edge) = (self.window, self.edge);
        let run_out =
            |log: &VecDeque<u64>| log.back().is_none_or(|t| leaves(*t, window, edge) <= now);
        let log = self.log.slot(key, run_out);
        while log.front().is_some_and(|t| leaves(*t, window, edge) <= now) {
            log.pop_front();
        }
        let cost = cost as usize;
        let over = (log.len() + cost).saturating_sub(self.limit);
        if over > 0 {
            // The request fits once the `over` oldest have left; more than a whole window never fits.
            let until = match log.get(over - 1) {
                Some(t) if cost <= self.limit => leaves(*t, window, edge),
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
        if let Some(log) = self.log.held(key) {
            log.truncate(log.len().saturating_sub(cost as usize));
        }
    }

    fn retune(&mut self, options: &Node, _now: u64) -> Result<(), Refusal> {
        let table = options.table("the limiter")?;
        let new = SlidingWindowOptions::read_table(&options.at, table, &["kind"])?;
        // The log is kept: what was admitted counts against the new window as it did against the old.
        self.set(&new, &options.at)
    }

    fn gauges(&self, out: &mut dyn FnMut(&'static str, f64)) {
        out("limiter.keys", self.log.len() as f64);
        out("limiter.rate", self.limit as f64 * 1e9 / self.window as f64);
        out("limiter.burst", self.limit as f64);
    }
}
