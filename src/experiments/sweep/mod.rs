//! A sweep: an incident over a grid of settings, each under several seeds, to learn what to set them to.
//!
//! The plan comes from the inputs alone, runs from the plan and their number, shards from runs: so machines that know nothing
//! of each other make parts of one sweep, and a part that is made again is the same to the byte. Seeds are the same at every point, and
//! dice belong to (seed, request, purpose), so points are compared in pairs: what differs is what was set.

mod amount;
mod axis;
mod goal;
mod merge;
mod outcome;
mod plan;
mod shard;
mod summary;

pub use amount::Amount;
pub use axis::{Axis, MOST_VALUES, Setting};
pub use goal::{Goal, Of};
pub use merge::{merge, shards_in};
pub use outcome::{Outcome, replay, word};
pub use plan::{Base, MOST_RUNS, Plan};
pub use shard::{Did, MOST_SHARDS, Read, Shard, foreign, make, place, read};
pub use summary::{Choice, Interval, Point, Summary, front, summarise};
