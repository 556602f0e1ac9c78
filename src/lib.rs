//! Gameday: a deterministic traffic-replay and incident lab.
//!
//! See README.md for what it does and ARCHITECTURE.md for how the rooms below belong together.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod config;
pub mod sim;
