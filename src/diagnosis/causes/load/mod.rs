//! Causes in what comes in.

pub mod hot_tenant;
pub mod traffic_surge;
