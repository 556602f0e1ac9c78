//! Blind incidents: drawn at random, replayed, diagnosed from the recording alone, and scored against what is known of them.

mod draft;
mod families;
mod world;

pub use draft::Draft;
pub use families::{FAMILIES, Kind};
