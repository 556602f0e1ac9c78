//! Causes in somebody who is called.

pub mod errors;
pub mod slow;
