//! Experiments: many runs, to learn what one cannot tell.
//!
//! - [`theory`]: the simulator against queueing theory.
//! - [`structures`]: which data structure holds the tail that an operation may cost.

pub mod structures;
pub mod theory;
