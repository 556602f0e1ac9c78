//! The same two systems on the engine, as plain async code.

pub mod pipeline;
pub mod queue;
