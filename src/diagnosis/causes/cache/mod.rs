//! Causes behind the keys: what the cache keeps, how long, and what is asked of it.

pub mod capacity_cut;
pub mod flush;
pub mod traffic_mix_shift;
pub mod ttl_changed;
pub mod volatile_prefix;
pub mod working_set_grew;
