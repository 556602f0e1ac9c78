//! Causes in what the service computes.

pub mod global_lock;
pub mod json_parsed_per_layer;
pub mod probe_removes_replicas;
pub mod quadratic_accumulation;
pub mod quadratic_loop;
pub mod quadratic_on_content;
pub mod rebuilt_per_request;
pub mod regex_backtracking;
pub mod repeated_serialization;
