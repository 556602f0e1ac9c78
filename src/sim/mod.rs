//! Virtual time.
pub mod hash;
