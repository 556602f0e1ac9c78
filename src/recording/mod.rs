//! What a monitored backend would have emitted: five tables of columns, and nothing of what was injected.
//!
//! The writing wing fills a [`Recorder`]; the reading wing gets a [`Recording`], or, as rows come about, is told of
//! each as an [`Observer`] (so that indicators work without any row being kept).
//! Not here: phases, faults, labels of deploys. They are the truth, and live with the incident.

mod column;
pub mod files;
pub mod join;
mod recorder;
mod staging;
mod table;
mod tables;

pub use column::Column;
pub use recorder::{Keep, Observer, Recorder};
pub use table::Table;
pub use tables::{
    AttemptRow, ColumnSpec, EventRow, GaugeRow, Meaning, RequestRow, Row, WriteRow, attempts,
    cache, end_marker, events, gauges, lookup, miss, outcome, parsed, parsed_at, part, quota,
    requests, result, served_by, told, writes,
};

use crate::config::Names;
use indexmap::IndexMap;

/// The version of the recording's layout, written into every saved one.
pub const SCHEMA: u32 = 1;

/// Dictionaries of the columns that hold names, by the column's dictionary.
pub type Dictionaries = IndexMap<&'static str, Names>;

/// A recording: everything that diagnosis and indicators may know.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Real time of virtual time 0 in ns since 1970, when the trace had one.
    pub origin: Option<i64>,
    /// Virtual ns from the start to the last end of a request.
    pub span: u64,
    /// One row a try of a client, in order of arrival.
    pub requests: Table<RequestRow>,
    /// One row a call to a dependency, in order of its end.
    pub attempts: Table<AttemptRow>,
    /// Readings, in order of time.
    pub gauges: Table<GaugeRow>,
    /// What operators see, in order of time.
    pub events: Table<EventRow>,
    /// One row a try of a write, in order of their beginning; none where nothing is written.
    pub writes: Table<WriteRow>,
    /// Names behind numbers.
    pub names: Dictionaries,
}

impl Recording {
    /// The name behind a number of the dictionary.
    pub fn name(&self, dictionary: &str, number: u32) -> &str {
        self.names
            .get(dictionary)
            .map_or("", |names| names.name(number))
    }
}
