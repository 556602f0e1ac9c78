//! Causes behind a success that is none: something is missing, and nobody says so.

pub mod aggregate_boolean;
pub mod dropped_at_deadline;
pub mod item_errors_hidden;
pub mod partial_results;
pub mod silent_fallback;
pub mod tool_failure_swallowed;
pub mod truncated_as_complete;
