//! Causes in whom a queue serves.

pub mod ageing_saturates;
pub mod ageing_too_aggressive;
pub mod ageing_too_slow;
pub mod by_length;
pub mod no_burst_cap;
pub mod no_floor;
pub mod poison_message;
pub mod prefetch_hoarding;
pub mod single_fifo_flood;
pub mod strict_priority;
pub mod worker_loss;
