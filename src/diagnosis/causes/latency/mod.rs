//! Causes in what is slow, or waits, within the service or on its way to others.

pub mod autoscaler_lag;
pub mod cold_start;
pub mod cpu_quota_throttling;
pub mod hot_tenant_queue;
pub mod lock_contention;
pub mod new_connection_penalty;
pub mod pool_leak;
pub mod pool_too_small;
pub mod request_size_grown;
pub mod retries_in_tail;
pub mod runtime_pause;
pub mod size_shift_blocks_others;
pub mod slow_minority_dependency;
