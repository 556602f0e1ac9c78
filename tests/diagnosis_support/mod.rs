//! Recordings of a made-up service, for tests of the diagnosis alone: a cached backend with everything that varies drawn wide
//! (rate, popularity, keys, lifetimes, noise, versions), so that no threshold can fit one shipped incident.
//!
//! Not the lab's own runner: an independent and cruder one, so that the two do not share their mistakes. Dice belong to
//! (seed, request, purpose): a run with an incident and the run without it are paired.
#![allow(
    dead_code,
    reason = "each test that includes this module uses a part of it"
)]

pub mod score;
mod serve;
mod world;

pub use serve::{Run, run};
pub use world::{Incident, Kind, World};

use gameday::sim::hash::mix;

/// A number in [0, 1) for a purpose.
pub fn dice(seed: u64, who: u64, purpose: u64) -> f64 {
    (mix(seed ^ mix(who ^ mix(purpose.wrapping_mul(0x9E37_79B9_7F4A_7C15)))) >> 11) as f64
        / (1u64 << 53) as f64
}

/// A standard normal number for a purpose (Box-Muller).
pub fn normal(seed: u64, who: u64, purpose: u64) -> f64 {
    let (u, v) = (dice(seed, who, purpose), dice(seed, who, purpose ^ 0x5555));
    (-2.0 * libm::log(1.0 - u)).sqrt() * libm::cos(std::f64::consts::TAU * v)
}
