//! Requests, gauges and events in the Trace Event Format (JSON object form), which Perfetto, Chromium and Speedscope open.
//!
//! A request is a track of its own, the slowest on top; replicas and the run have tracks for gauges and events. Times are
//! virtual, in µs with the ns as a fraction; 0 is the recording's start. `otherData` says what is shown and what the
//! recording lacks.
//! Source: "Trace Event Format" (Google, 2016): X, C, i and M events, process_sort_index, thread_sort_index.

use super::cells::{name, told};
use super::choice::Choice;
use super::journey::{self, Track};
use crate::config::show_nanos;
use crate::incident::{Phase, Truth};
use crate::recording::{Recording, RequestRow, Row, attempts, events, requests};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What a trace says besides the recording.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// What was recorded: an incident's title, a folder.
    pub title: String,
    /// Stretches of the run to show above the rest: name, from, to in ns.
    pub phases: Vec<(String, u64, u64)>,
}

impl About {
    /// Of a run: its phases, and what it is called.
    pub fn of(title: String, truth: &Truth) -> About {
        let phases = truth.phases.iter().filter(|p| p.to > p.from);
        let phase = |p: &Phase| (p.name.word().to_owned(), p.from, p.to);
        About {
            title,
            phases: phases.map(phase).collect(),
        }
    }
}

/// The run as a process of the trace.
const RUN: u64 = 1;
/// The requests that were chosen.
const REQUESTS: u64 = 2;
/// The replica 0 of gauges; replica N is this plus N.
const REPLICAS: u64 = 1000;

/// The document. An event a line.
pub fn render(recording: &Recording, choice: &Choice, about: &About) -> String {
    let mut out = Events::default();
    let run = format!("run: {}", about.title);
    out.process(RUN, &run, 0);
    out.process(REQUESTS, &choice.words, 1);
    phases(&mut out, about);
    operators(&mut out, recording);
    chosen(&mut out, recording, choice);
    readings(&mut out, recording);
    let other = json!({
        "title": about.title,
        "shown": choice.words,
        "clock": "virtual",
        "origin_ns": recording.origin,
        "span_ns": recording.span,
        "not_recorded": lacking(recording),
        "laid_out": "spans marked laid_out have their recorded length; their place is the order of the journey",
    });
    format!(
        "{{\"displayTimeUnit\":\"ms\",\"otherData\":{other},\"traceEvents\":[\n{}\n]}}\n",
        out.text
    )
}

/// Events as they are written, a line each.
#[derive(Default)]
struct Events {
    text: String,
}

impl Events {
    fn line(&mut self, event: std::fmt::Arguments) {
        if !self.text.is_empty() {
            self.text.push_str(",\n");
        }
        // Writing into memory does not fail.
        let _ = self.text.write_fmt(event);
    }

    fn meta(&mut self, what: &str, pid: u64, tid: u64, args: Value) {
        self.line(format_args!(
            "{{\"ph\":\"M\",\"name\":\"{what}\",\"pid\":{pid},\"tid\":{tid},\"args\":{args}}}"
        ));
    }

    fn process(&mut self, pid: u64, name: &str, order: u64) {
        self.meta("process_name", pid, 0, json!({ "name": name }));
        self.meta("process_sort_index", pid, 0, json!({ "sort_index": order }));
    }

    fn thread(&mut self, pid: u64, tid: u64, name: &str) {
        self.meta("thread_name", pid, tid, json!({ "name": name }));
        self.meta("thread_sort_index", pid, tid, json!({ "sort_index": tid }));
    }

    fn stretch(&mut self, pid: u64, tid: u64, span: &journey::Span) {
        let (name, kind) = (json!(span.name), span.kind);
        let (ts, dur) = (Micros(span.from), Micros(span.to - span.from));
        let args = Args(&span.args);
        self.line(format_args!(
            "{{\"ph\":\"X\",\"name\":{name},\"cat\":\"{kind}\",\"pid\":{pid},\"tid\":{tid},\"ts\":{ts},\"dur\":{dur}{args}}}"
        ));
    }
}

/// ns as µs, exactly.
struct Micros(u64);

impl std::fmt::Display for Micros {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// What else is known, if anything is.
struct Args<'a>(&'a Map<String, Value>);

impl std::fmt::Display for Args<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        let args = serde_json::to_string(self.0).map_err(|_| std::fmt::Error)?;
        write!(f, ",\"args\":{args}")
    }
}

fn phases(out: &mut Events, about: &About) {
    if !about.phases.is_empty() {
        out.thread(RUN, 1, "phases");
    }
    for (name, from, to) in &about.phases {
        let span = journey::Span {
            name: name.clone(),
            kind: "phase",
            from: *from,
            to: (*to).max(*from),
            args: Map::new(),
        };
        out.stretch(RUN, 1, &span);
    }
}

/// The change log.
fn operators(out: &mut Events, recording: &Recording) {
    if !recording.events.is_empty() {
        out.thread(RUN, 2, "events");
    }
    let table = &recording.events;
    for row in 0..table.len() {
        let what = name(&recording.names, "event", table.value(events::event, row));
        let label = match table.value(events::version, row) {
            0 => json!(what),
            version => json!(format!("{what} v{version}")),
        };
        let args = told(table, row, &recording.names, &[events::time, events::event]);
        out.line(format_args!(
            "{{\"ph\":\"i\",\"s\":\"g\",\"name\":{label},\"cat\":\"event\",\"pid\":{RUN},\"tid\":2,\"ts\":{}{}}}",
            Micros(table.value(events::time, row)),
            Args(&args)
        ));
    }
}

fn chosen(out: &mut Events, recording: &Recording, choice: &Choice) {
    let mut calls: BTreeMap<u64, Vec<usize>> = choice
        .rows
        .iter()
        .map(|&row| (row as u64, vec![]))
        .collect();
    let table = &recording.attempts;
    if let Some(column) = table.column(attempts::request) {
        for call in 0..table.len() {
            if let Some(calls) = calls.get_mut(&column.get(call)) {
                calls.push(call);
            }
        }
    }
    let mut tid = 0;
    for &row in &choice.rows {
        let calls = calls.get(&(row as u64)).map_or(&[][..], |calls| calls);
        for (i, track) in journey::tracks(recording, row, calls).iter().enumerate() {
            tid += 1;
            out.thread(REQUESTS, tid, &titled(recording, row, i, track));
            track
                .spans
                .iter()
                .for_each(|s| out.stretch(REQUESTS, tid, s));
        }
    }
}

/// The name of a track, with how long the request took.
fn titled(recording: &Recording, row: usize, i: usize, track: &Track) -> String {
    let took = recording.requests.value(requests::latency, row);
    match i {
        0 if recording.requests.has(requests::latency) => {
            format!("{} {}", track.name, show_nanos(took))
        }
        _ => track.name.clone(),
    }
}

/// Gauges as counters: where they change, which is how they are drawn.
fn readings(out: &mut Events, recording: &Recording) {
    let mut last = BTreeMap::<(u16, u16), u64>::new();
    let mut replicas = BTreeSet::new();
    for row in recording.gauges.rows() {
        let value = row.value;
        let before = last.insert((row.gauge, row.replica), value.to_bits());
        if before == Some(value.to_bits()) || !value.is_finite() {
            continue;
        }
        let pid = match row.replica {
            0 => RUN,
            n => REPLICAS + u64::from(n),
        };
        if row.replica > 0 && replicas.insert(row.replica) {
            out.process(pid, &format!("replica {}", row.replica), pid);
        }
        let gauge = json!(name(&recording.names, "gauge", row.gauge.into()));
        let value = json!(value);
        out.line(format_args!(
            "{{\"ph\":\"C\",\"name\":{gauge},\"pid\":{pid},\"tid\":0,\"ts\":{},\"args\":{{\"value\":{value}}}}}",
            Micros(row.time)
        ));
    }
}

/// What spans would be made of, and is not recorded.
fn lacking(recording: &Recording) -> Vec<String> {
    let lacks = |column: &usize| !recording.requests.has(*column);
    let columns = journey::stages().filter(lacks);
    let mut lacking: Vec<String> = columns
        .map(|c| format!("requests.{}", RequestRow::COLUMNS[c].name))
        .collect();
    if !journey::has_calls(recording) {
        lacking.push("attempts".into());
    }
    lacking
}
