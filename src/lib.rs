//! Gameday: a deterministic traffic-replay and incident lab.
//!
//! See README.md for what it does and ARCHITECTURE.md for how the rooms below belong together.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod baseline;
#[cfg(feature = "cli")]
pub mod commands;
pub mod compare;
pub mod components;
pub mod config;
pub mod diagnosis;
pub mod experiments;
pub mod faults;
pub mod gates;
pub mod incident;
pub mod indicators;
pub mod lint;
#[cfg(feature = "ledger")]
pub mod live;
pub mod recording;
pub mod report;
pub mod service;
pub mod sim;
pub mod trace;
