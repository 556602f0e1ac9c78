//! What tests of a replay share: from the text of an incident file to what its run recorded.

#![allow(dead_code, reason = "each test uses what it needs")]

use gameday::{
    config::Refusal,
    incident::{Incident, Overlay, Registries, Run, RunOptions, run},
    recording::{Keep, RequestRow},
};
use std::path::Path;

/// The incident that a text describes, as the file `t.toml`.
pub fn read(text: &str) -> Result<Incident, Refusal> {
    Incident::read(
        Path::new("t.toml"),
        text,
        &Overlay::default(),
        &Default::default(),
        &Registries::builtin(),
    )
}

/// The run of a text, all rows kept.
#[track_caller]
pub fn replay(text: &str) -> Run {
    rerun(&read(text).unwrap_or_else(|refusal| panic!("{refusal}\n{text}")))
}

/// The run of an incident, all rows kept.
#[track_caller]
pub fn rerun(incident: &Incident) -> Run {
    let options = RunOptions {
        keep: Keep::Rows,
        progress: None,
    };
    run(incident, &Registries::builtin(), &options).unwrap_or_else(|e| panic!("{e}"))
}

/// Rows of requests, in the order of their numbers.
pub fn rows(run: &Run) -> Vec<RequestRow> {
    run.recording.requests.rows().collect()
}

/// Readings of a gauge: time in ns, replica, value.
pub fn gauge(run: &Run, name: &str) -> Vec<(u64, u16, f64)> {
    let rows = run.recording.gauges.rows();
    rows.filter(|g| run.recording.name("gauge", g.gauge.into()) == name)
        .map(|g| (g.time, g.replica, g.value))
        .collect()
}
