//! Causes in a limiter.

pub mod abuse;
pub mod burst_too_small;
pub mod clock_skew;
pub mod divided;
pub mod key_too_broad;
pub mod refill_lost;
pub mod refill_too_slow;
pub mod stacked;
pub mod window_cliff;
