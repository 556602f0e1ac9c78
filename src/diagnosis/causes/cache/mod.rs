//! Causes behind the keys: what the cache keeps, how long, and what is asked of it.

pub mod capacity_cut;
pub mod flush;
pub mod traffic_mix_shift;
pub mod ttl_changed;
