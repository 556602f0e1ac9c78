//! What one would write by hand, with no executor: the measure that the engine is held to.
//!
//! `pipeline::run(requests)` is the hand-written state machine; other benches divide by its rate.

pub mod parts;
pub mod pipeline;
pub mod queue;
