//! What operators saw happen: deploys, restarts, versions and processes that are new.

use super::{Evidence, Fact, Spans};
use crate::{
    diagnosis::{
        stats::{Measure, share, spaced},
        view::View,
        windows::SECOND,
    },
    recording::{events, requests},
};
use std::collections::BTreeSet;

/// A line of the change log.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When, ns.
    pub time: u64,
    /// What, as the log says it.
    pub name: String,
    /// The version that it brought; 0 is none.
    pub version: u64,
    /// The replica; 0 is all.
    pub replica: u64,
}

/// Lines that tell what happened to a replica: the version in them is the one that it served, and no change.
const NO_CHANGE: [&str; 5] = ["exit", "healthy", "unhealthy", "scale", "alert"];

/// All of them, in order of time; the version is 0 where nothing was changed.
pub fn events(view: &View) -> Vec<Event> {
    let table = &view.recording.events;
    let mut all: Vec<Event> = (0..table.len())
        .map(|r| Event {
            time: table.value(events::time, r),
            name: view
                .recording
                .name("event", table.value(events::event, r) as u32)
                .to_string(),
            version: table.value(events::version, r),
            replica: table.value(events::replica, r),
        })
        .collect();
    for event in &mut all {
        if NO_CHANGE.contains(&event.name.as_str()) {
            event.version = 0;
        }
    }
    all.sort_by_key(|e| e.time);
    all
}

/// An event belongs to an onset if it lies in the interval or so shortly before that it may have taken this long to bite.
pub const REACH: u64 = 10 * SECOND;

/// Requests that versions are looked up of at most, each side.
const SAMPLE: usize = 100_000;

pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    for (fact, column) in [
        (Fact::NewTemplate, requests::key_template),
        (Fact::NewSerializer, requests::serializer),
        (Fact::NewVersion, requests::service_version),
        (Fact::NewProcess, requests::process),
    ] {
        if !view.has(column) {
            if fact == Fact::NewTemplate {
                evidence.limits.push(
                    "key templates are not recorded: a new key is told by the keys alone".into(),
                );
            }
            continue;
        }
        let known: BTreeSet<u64> =
            spaced(view.between(spans.before.start, spans.before.end), SAMPLE)
                .map(|i| view.get(column, i))
                .collect();
        let affected = |i: &usize| {
            spans
                .version
                .is_none_or(|v| view.get(v.column, *i) == v.value)
        };
        let (mut n, mut new) = (0.0, 0.0);
        for i in spaced(view.between(spans.during.start, spans.during.end), SAMPLE).filter(affected)
        {
            n += 1.0;
            new += f64::from(u8::from(!known.contains(&view.get(column, i))));
        }
        evidence.put(fact, share(new, n));
    }
    let log = events(view);
    if log.is_empty() {
        return;
    }
    let reach = spans.onset.start.saturating_sub(REACH)..=spans.onset.end + SECOND;
    let at_onset = log.iter().any(|e| e.version > 0 && reach.contains(&e.time));
    evidence.put(
        Fact::DeployAtOnset,
        Some(Measure::new(f64::from(u8::from(at_onset)), 0.0)),
    );
}
