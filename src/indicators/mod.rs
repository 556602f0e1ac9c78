//! The catalogue of named quantities over a recording, and the streaming accumulator behind all of them.
//!
//! One p95 in the house: gates hold these, onsets look for their change points, plots draw them.
//!
//! ```
//! use gameday::{indicators::{Watch, Windows, find}, recording::Recording};
//! let recording = Recording::default();
//! let watch = Watch::from_recording(&recording, Windows::plan(60_000_000_000, 0, &[]));
//! let p95 = find("latency.p95").unwrap();
//! assert_eq!(watch.over(p95, 0, u64::MAX), None); // no data
//! ```

mod catalogue;
mod counts;
mod distinct;
mod measure;
mod select;
mod sketch;
mod watch;
mod watches;
mod windows;

pub use catalogue::{Indicator, Unit, Worse, catalogue, find, suggest};
pub use counts::{Parts, Stage};
pub(crate) use counts::{of_requests, sums};
pub use distinct::Distinct;
pub use measure::{GaugeStat, Measure};
pub use select::{Filter, Lookup, Pick, Selector, TableOf};
pub use sketch::{Sketch, Tally};
pub use watch::Watch;
pub use watches::{Segment, WatchSpec, Watched, Watches};
pub use windows::Windows;
