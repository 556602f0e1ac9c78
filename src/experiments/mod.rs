//! Experiments: many runs, to learn what one cannot tell.
//!
//! - [`theory`]: the simulator against queueing theory.
//! - [`leak`]: leak, filling cache or fragmentation, from the gauges of a soak.
//! - [`structures`]: which data structure holds the tail that an operation may cost.

pub mod leak;
pub mod structures;
pub mod theory;
