//! A recording in the formats of other tools: traces of requests for Perfetto, metrics for Prometheus.
//!
//! Everything comes from the recording, so that one from anywhere will do; a column that it lacks is a span or a metric
//! less, and never a guess. Times are virtual. Not here: what a run came to, which is the report's.

mod cells;
pub mod choice;
mod durations;
pub mod journey;
pub mod openmetrics;
mod series;
pub mod trace_events;
