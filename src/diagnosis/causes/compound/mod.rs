//! Several things, one of which keeps the others alive.

pub mod capacity_loss;
pub mod cold_cache_overload;
pub mod latent_bug_by_data;
pub mod restart_herd;
pub mod retry_storm;
pub mod retry_without_backoff;
pub mod shard_loss;

#[cfg(test)]
mod tests;
