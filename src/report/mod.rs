//! What a run is reported as: text for the terminal, JSON for machines, pictures, and histograms that other tools read.
//!
//! [`Findings`] holds everything that is said; the rest turns it into bytes. Nothing here measures, judges or
//! concludes: numbers are indicators of the catalogue, verdicts are the gates', causes the diagnosis's. No wall-clock
//! value enters, so every file is the same to the byte on every run and machine.

pub mod bisect;
pub mod blind;
pub mod compare;
mod diagnosed;
pub mod export;
mod files;
mod findings;
mod focus;
pub mod github;
pub mod hdr;
pub mod html;
pub mod index;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod plan;
#[cfg(feature = "plots")]
pub mod plots;
pub mod profile;
mod spark;
mod story;
pub mod summary_schema;
pub mod sweep;
mod tables;
pub mod text;
pub mod training;
mod words;

pub use files::write_all;
pub use findings::{Findings, TraceFacts};
pub use words::thousands;
