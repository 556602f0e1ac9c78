//! Blind incidents: drawn at random, replayed, diagnosed from the recording alone, and scored against what is known of them.
//!
//! A case is a seed and a number; nothing of it depends on the others, so cases run side by side and each can be drawn again.
//! What users felt is *measured* by a second run of the same traffic without the cause (`effect`): a draw that hurt nobody is
//! drawn again, and counted; so is one that is not healthy without its cause (`sound`).

mod diagnosers;
mod draft;
mod effect;
mod families;
mod limit;
mod score;
mod second;
mod sound;
mod summary;
mod trial;
mod world;

pub use diagnosers::{Answer, Command, Diagnoser};
pub use draft::Draft;
pub use families::{FAMILIES, Kind};
pub use limit::Limit;
pub use score::{Score, Share, Truth};
pub use summary::{Calibration, Line, Summary, TIMES, summarise};
pub use trial::{Case, DRAWS, Done, Options, Seen, case, kinds, seen};
pub use world::Captured;
