//! Compatibility of two schemas.
