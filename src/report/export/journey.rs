//! Where the time of a request went, as spans: itself, its waits, its work, its calls.
//!
//! Arrival, end and calls are as recorded, to the nanosecond. Of waits and of work a recording has how long they were, and
//! not when: they are laid into the time that calls leave free, in the order of the journey (flight, queue, then cores,
//! locks and computing). Where calls are not recorded one by one, their sums are laid out after that in the same way.
//! Spans of one track nest or are apart, whatever a recording holds: calls side by side, and those that outlive their
//! client, have further tracks.

use super::cells::{name, told};
use crate::recording::{Recording, attempts, requests, result};
use serde_json::{Map, Value, json};

/// A stretch of time on a track.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// What it is called.
    pub name: String,
    /// What it is: `request`, `wait`, `work`, `call`.
    pub kind: &'static str,
    /// ns from the start of the recording.
    pub from: u64,
    /// ns, not before `from`.
    pub to: u64,
    /// What else is known of it.
    pub args: Map<String, Value>,
}

/// Spans of one request that nest or are apart, outer ones first.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// What it is called.
    pub name: String,
    /// Its spans, by time.
    pub spans: Vec<Span>,
}

/// A call with what was waited for it.
struct Call {
    row: usize,
    /// When waiting for it began: the back-off before it.
    from: u64,
    /// When a connection was asked for.
    asked: u64,
    /// When it was sent, or refused.
    started: u64,
    to: u64,
}

/// Columns of requests that the request's span itself says.
const SAID: &[usize] = &[requests::op, requests::tries, requests::arrived];

/// Columns of calls that their spans say.
const CALL_SAID: &[usize] = &[attempts::request, attempts::started, attempts::background];

/// Waits of a request that come before its calls: each in one piece.
const WAITS: [(usize, &str); 2] = [
    (requests::flight_wait, "flight wait"),
    (requests::queue_wait, "queue wait"),
];

/// What may come in pieces.
const WORK: [(usize, &str, &str); 3] = [
    (requests::core_wait, "core wait", "wait"),
    (requests::lock_wait, "lock wait", "wait"),
    (requests::compute, "compute", "work"),
];

/// Calls as the request's row sums them up.
const SUMS: [(usize, &str, &str); 3] = [
    (requests::backoff, "backoff", "wait"),
    (requests::pool_wait, "pool wait", "wait"),
    (requests::call, "calls", "call"),
];

/// Columns of requests that spans are made of, for saying which are not recorded.
pub fn stages() -> impl Iterator<Item = usize> {
    let waits = WAITS.iter().map(|w| w.0);
    let pieces = WORK.iter().chain(&SUMS).map(|w| w.0);
    [requests::latency].into_iter().chain(waits).chain(pieces)
}

/// Whether calls can be placed in time.
pub fn has_calls(recording: &Recording) -> bool {
    let table = &recording.attempts;
    let needed = [attempts::request, attempts::started, attempts::time];
    needed.iter().all(|&column| table.has(column))
}

/// The tracks of a request: its own first, which begins with the request itself. `calls` are its rows among the attempts.
pub fn tracks(recording: &Recording, row: usize, calls: &[usize]) -> Vec<Track> {
    let table = &recording.requests;
    let value = |column| table.value(column, row);
    let placeable = has_calls(recording);
    let mut calls: Vec<Call> = calls
        .iter()
        .filter(|_| placeable)
        .map(|&call| placed(recording, call))
        .collect();
    calls.sort_by_key(|call| (call.from, call.to, call.row));
    let from = value(requests::arrived);
    let to = match table.has(requests::latency) {
        true => from.saturating_add(value(requests::latency)),
        false => calls.iter().map(|call| call.to).max().unwrap_or(from),
    };
    let to = to.max(from);
    let title = title(recording, row);
    let mut own = vec![];
    let mut lanes: Vec<(u64, Vec<Span>)> = vec![];
    // What no call takes of the request's time.
    let (mut free, mut cursor) = (vec![], from);
    for call in &calls {
        if call.from >= cursor && call.to <= to {
            free.push((cursor, call.from));
            cursor = call.to;
            own.extend(spans(recording, call));
            continue;
        }
        let at = lanes.iter().position(|(until, _)| *until <= call.from);
        let at = at.unwrap_or_else(|| {
            lanes.push((0, vec![]));
            lanes.len() - 1
        });
        lanes[at].0 = call.to;
        lanes[at].1.extend(spans(recording, call));
    }
    free.push((cursor, to));
    lay(recording, row, &mut own, &mut free, calls.is_empty());
    let mut args = told(table, row, &recording.names, SAID);
    args.insert("row".into(), json!(row));
    let root = Span {
        name: title.clone(),
        kind: "request",
        from,
        to,
        args,
    };
    own.insert(0, root);
    let lanes = lanes.into_iter().map(|(_, spans)| spans);
    let mut tracks: Vec<Track> = std::iter::once(own)
        .chain(lanes)
        .enumerate()
        .map(|(i, spans)| Track {
            name: match i {
                0 => title.clone(),
                i => format!("{title} · calls {}", i + 1),
            },
            spans,
        })
        .collect();
    for track in &mut tracks {
        // Stable: what is written first of equal stretches is the outer one.
        track
            .spans
            .sort_by_key(|span| (span.from, std::cmp::Reverse(span.to)));
    }
    tracks
}

/// `4711.1 /chat timeout`.
fn title(recording: &Recording, row: usize) -> String {
    let table = &recording.requests;
    let value = |column| table.value(column, row);
    let op = match table.has(requests::op) {
        true => value(requests::op),
        false => row as u64,
    };
    let outcome = crate::recording::outcome::WORDS.get(value(requests::outcome) as usize);
    let words = [
        format!("{op}.{}", value(requests::tries).max(1)),
        name(&recording.names, "route", value(requests::route)),
        outcome.copied().unwrap_or_default().to_owned(),
    ];
    let words: Vec<&str> = words
        .iter()
        .map(|w| &**w)
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ")
}

fn placed(recording: &Recording, row: usize) -> Call {
    let value = |column| recording.attempts.value(column, row);
    let started = value(attempts::started);
    let asked = started.saturating_sub(value(attempts::pool_wait));
    Call {
        row,
        from: asked.saturating_sub(value(attempts::backoff)),
        asked,
        started,
        to: started.saturating_add(value(attempts::time)),
    }
}

/// The spans of a call: the back-off before it, then the call, and in it the waits for a connection.
fn spans(recording: &Recording, call: &Call) -> Vec<Span> {
    let table = &recording.attempts;
    let value = |column| table.value(column, call.row);
    let span = |name: &str, kind, from, to| Span {
        name: name.to_owned(),
        kind,
        from,
        to,
        args: Map::new(),
    };
    let mut spans = vec![];
    if call.asked > call.from {
        spans.push(span("backoff", "wait", call.from, call.asked));
    }
    let dependency = name(&recording.names, "dependency", value(attempts::dependency));
    let ended = result::WORDS.get(value(attempts::result) as usize);
    let words = [
        if dependency.is_empty() {
            "call"
        } else {
            &dependency
        },
        ended.copied().filter(|w| *w != "ok").unwrap_or_default(),
    ];
    let mut outer = span(words.join(" ").trim_end(), "call", call.asked, call.to);
    outer.args = told(table, call.row, &recording.names, CALL_SAID);
    spans.push(outer);
    if call.started > call.asked {
        spans.push(span("pool wait", "wait", call.asked, call.started));
    }
    let connected = call.started.saturating_add(value(attempts::connect));
    if connected > call.started {
        let to = connected.min(call.to);
        spans.push(span("connect", "work", call.started, to));
    }
    spans
}

/// Lays what has a length and no time into what is free, which is in order of time.
fn lay(
    recording: &Recording,
    row: usize,
    spans: &mut Vec<Span>,
    free: &mut [(u64, u64)],
    sums: bool,
) {
    let mut put = |name: &str, kind, from: u64, to: u64| {
        if to > from {
            spans.push(Span {
                name: name.to_owned(),
                kind,
                from,
                to,
                args: Map::from_iter([("laid_out".to_owned(), json!(true))]),
            });
        }
    };
    let value = |column| recording.requests.value(column, row);
    // A wait is in one piece: in the first gap that holds it, or else in as much as there is of the longest.
    let mut first = 0;
    for (column, name) in WAITS {
        let time = value(column);
        let room = |gap: &(u64, u64)| gap.1 - gap.0;
        let fits = (first..free.len()).find(|&i| room(&free[i]) >= time);
        let longest = || (first..free.len()).rev().max_by_key(|&i| room(&free[i]));
        let Some(at) = fits.or_else(longest).filter(|_| time > 0) else {
            continue;
        };
        let (from, to) = free[at];
        let to = from.saturating_add(time).min(to);
        put(name, "wait", from, to);
        free[at].0 = to;
        first = at;
    }
    let work = WORK.iter().chain(SUMS.iter().filter(|_| sums));
    for &(column, name, kind) in work {
        let mut time = value(column);
        for gap in free.iter_mut() {
            let to = gap.0.saturating_add(time).min(gap.1);
            put(name, kind, gap.0, to);
            time -= to - gap.0;
            gap.0 = to;
        }
    }
}
