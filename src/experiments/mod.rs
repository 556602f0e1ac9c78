//! Experiments: many runs, to learn what one cannot tell.
//!
//! - [`theory`]: the simulator against queueing theory.

pub mod theory;
