//! Causes in what is read: what was sent is not what the reader takes.

pub mod enum_drift;
pub mod format_drift;
pub mod missing_field;
pub mod payload_truncated;
pub mod schema_mismatch;
pub mod stream_assembly;
pub mod strict_parser_first;
pub mod type_strictness;
pub mod wrapped_output;
