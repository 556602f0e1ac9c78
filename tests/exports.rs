//! What other tools are given, held to what was recorded, and read by readers of others.

mod export_support;
mod provided;
mod replay_support;

use export_support::{busy, python};
use gameday::trace::Overrides;
use gameday::{
    incident::{Incident, Overlay, Registries},
    recording::{AttemptRow, Recording, RequestRow, attempts, outcome, requests, result},
    report::export::{
        choice::{self, Choice},
        journey::{self, Span, Track},
        trace_events::{self, About},
    },
};
use proptest::prelude::*;
use std::fs;

/// Every span within the one that encloses it, by a stack: on a track they nest or are apart.
fn nests(track: &Track) -> Result<(), String> {
    let mut open: Vec<u64> = vec![];
    let mut last = (0, u64::MAX);
    for span in &track.spans {
        let order = (span.from, u64::MAX - span.to);
        if order < last && last != (0, u64::MAX) {
            return Err(format!("out of order: {span:?}"));
        }
        last = order;
        while open.last().is_some_and(|&end| end <= span.from) {
            open.pop();
        }
        if span.to < span.from || open.last().is_some_and(|&end| span.to > end) {
            return Err(format!("{span:?} sticks out of {open:?}"));
        }
        open.push(span.to);
    }
    Ok(())
}

fn length(spans: &[Span], name: &str) -> u64 {
    let named = spans.iter().filter(|s| s.name == name);
    named.map(|s| s.to - s.from).sum()
}

/// A request and its calls, as they may come from anywhere: nothing need fit.
fn anything() -> impl Strategy<Value = (RequestRow, Vec<AttemptRow>)> {
    let time = || prop_oneof![Just(0u64), 0..50u64, 0..5_000u64, Just(u64::MAX / 2)];
    let request = (0..2_000u64, time(), prop::array::uniform8(time())).prop_map(
        |(arrived, latency, spent)| RequestRow {
            op: 7,
            tries: 1,
            arrived,
            latency,
            flight_wait: spent[0],
            queue_wait: spent[1],
            compute: spent[2],
            pool_wait: spent[3],
            backoff: spent[4],
            call: spent[5],
            core_wait: spent[6],
            lock_wait: spent[7],
            ..RequestRow::default()
        },
    );
    let call = (0..6_000u64, time(), time(), time(), time()).prop_map(
        |(started, pool_wait, backoff, time, connect)| AttemptRow {
            started,
            pool_wait,
            backoff,
            time,
            connect,
            result: result::OK,
            ..AttemptRow::default()
        },
    );
    (request, prop::collection::vec(call, 0..8))
}

fn recorded(request: &RequestRow, calls: &[AttemptRow]) -> Recording {
    let mut recording = Recording::default();
    recording.requests.push(request);
    for call in calls {
        recording.attempts.push(call);
    }
    recording
}

proptest! {
    /// Whatever was recorded: spans nest, the request is as long as it was, each call is there once and where it was, and
    /// nothing is drawn longer than it was.
    #[test]
    fn spans_nest_and_say_no_more_than_the_rows((request, calls) in anything()) {
        let recording = recorded(&request, &calls);
        let numbers: Vec<usize> = (0..calls.len()).collect();
        let tracks = journey::tracks(&recording, 0, &numbers);
        for track in &tracks {
            prop_assert_eq!(nests(track), Ok(()), "{:?}", track);
        }
        let root = &tracks[0].spans[0];
        prop_assert_eq!(
            (root.kind, root.from, root.to),
            ("request", request.arrived, request.arrived.saturating_add(request.latency))
        );
        prop_assert!(tracks[0].spans.iter().all(|s| s.from >= root.from && s.to <= root.to));
        let mut drawn: Vec<(u64, u64)> = tracks
            .iter()
            .flat_map(|t| &t.spans)
            .filter(|s| s.kind == "call" && s.name != "calls")
            .map(|s| (s.from, s.to))
            .collect();
        let mut made: Vec<(u64, u64)> = calls
            .iter()
            .map(|c| (c.started.saturating_sub(c.pool_wait), c.started.saturating_add(c.time)))
            .collect();
        drawn.sort_unstable();
        made.sort_unstable();
        prop_assert_eq!(drawn, made);
        let own = &tracks[0].spans;
        for (name, most) in [
            ("flight wait", request.flight_wait),
            ("queue wait", request.queue_wait),
            ("compute", request.compute),
            ("core wait", request.core_wait),
            ("lock wait", request.lock_wait),
        ] {
            prop_assert!(length(own, name) <= most, "{}", name);
        }
        if calls.is_empty() {
            prop_assert!(length(own, "calls") <= request.call);
        }
    }

    /// Of a request whose times fit into it, as those of a run do, nothing is left out: flight, queue, work, and then calls
    /// one after the other, with work behind them.
    #[test]
    fn times_that_fit_are_all_there(
        waits in prop::array::uniform2(0..500u64),
        work in prop::array::uniform2(0..500u64),
        calls in prop::collection::vec(prop::array::uniform3(0..300u64), 0..5),
    ) {
        let mut now = 1_000 + waits[0] + waits[1] + work[0];
        let mut rows = vec![];
        for [backoff, pool_wait, time] in calls {
            now += backoff + pool_wait;
            rows.push(AttemptRow { started: now, backoff, pool_wait, time, result: result::OK, ..AttemptRow::default() });
            now += time;
        }
        let request = RequestRow {
            arrived: 1_000,
            latency: now + work[1] - 1_000,
            flight_wait: waits[0],
            queue_wait: waits[1],
            compute: work[0] + work[1],
            ..RequestRow::default()
        };
        let recording = recorded(&request, &rows);
        let numbers: Vec<usize> = (0..rows.len()).collect();
        let tracks = journey::tracks(&recording, 0, &numbers);
        prop_assert_eq!(tracks.len(), 1);
        let own = &tracks[0].spans;
        prop_assert_eq!(nests(&tracks[0]), Ok(()));
        prop_assert_eq!(length(own, "flight wait"), waits[0]);
        prop_assert_eq!(length(own, "queue wait"), waits[1]);
        prop_assert_eq!(length(own, "compute"), work[0] + work[1]);
        prop_assert_eq!(length(own, "backoff"), rows.iter().map(|r| r.backoff).sum::<u64>());
        prop_assert_eq!(length(own, "pool wait"), rows.iter().map(|r| r.pool_wait).sum::<u64>());
        if let Some(flight) = own.iter().find(|s| s.name == "flight wait") {
            prop_assert_eq!(flight.from, 1_000);
        }
        if let Some(queue) = own.iter().find(|s| s.name == "queue wait") {
            prop_assert_eq!(queue.from, 1_000 + waits[0]);
        }
    }

    /// The slowest, as sorting all of them finds them.
    #[test]
    fn the_slowest_are_those_that_sorting_finds(latencies in prop::collection::vec((0..20u64, any::<bool>()), 0..60), most in 0..20usize) {
        let mut recording = Recording::default();
        for (latency, background) in &latencies {
            recording.requests.push(&RequestRow { latency: *latency, background: u8::from(*background), ..RequestRow::default() });
        }
        let mut users: Vec<usize> = (0..latencies.len()).filter(|&i| !latencies[i].1).collect();
        users.sort_by_key(|&i| std::cmp::Reverse(latencies[i].0));
        users.truncate(most);
        prop_assert_eq!(choice::slowest(&recording, most).rows, users);
    }
}

fn all(recording: &Recording) -> Choice {
    choice::slowest(recording, usize::MAX)
}

/// The calls of each request.
fn calls_of(recording: &Recording) -> Vec<Vec<usize>> {
    let mut calls = vec![vec![]; recording.requests.len()];
    for call in 0..recording.attempts.len() {
        calls[recording.attempts.value(attempts::request, call) as usize].push(call);
    }
    calls
}

#[test]
fn every_request_of_a_run_nests_and_has_all_its_calls() {
    let run = busy();
    let recording = &run.recording;
    let (mut lanes, mut left) = (0, 0);
    for (row, calls) in calls_of(recording).iter().enumerate() {
        let tracks = journey::tracks(recording, row, calls);
        for track in &tracks {
            nests(track).unwrap_or_else(|why| panic!("{row}: {why}"));
        }
        let drawn = tracks.iter().flat_map(|t| &t.spans);
        assert_eq!(drawn.filter(|s| s.kind == "call").count(), calls.len());
        // Work and waits that a run records have room in it: nothing is cut, but of clients that have left.
        let value = |column| recording.requests.value(column, row);
        if value(requests::outcome) == u64::from(outcome::OK) {
            let own = &tracks[0].spans;
            assert_eq!(
                length(own, "queue wait"),
                value(requests::queue_wait),
                "{row}"
            );
        } else {
            left += 1;
        }
        lanes += tracks.len() - 1;
    }
    assert!(
        lanes > 1000 && left > 100,
        "{lanes} {left}: side by side, and left"
    );
}

/// Of every incident that ships, cut short: writes, locks, engines, messages that come again, limits in a store.
#[test]
fn the_slowest_of_every_incident_nest_and_end_when_they_ended() {
    let mut seen = 0;
    for entry in fs::read_dir("incidents").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let cut = Overrides {
            take: Some("2000".into()),
            ..Overrides::default()
        };
        let text = fs::read_to_string(&path).unwrap();
        let registries = Registries::builtin();
        // Some need more of their trace for what they name in it.
        let Ok(incident) = Incident::read(&path, &text, &Overlay::default(), &cut, &registries)
        else {
            continue;
        };
        let recording = replay_support::rerun(&incident).recording;
        let calls = calls_of(&recording);
        for row in choice::slowest(&recording, 100).rows {
            let tracks = journey::tracks(&recording, row, &calls[row]);
            for track in &tracks {
                nests(track).unwrap_or_else(|why| panic!("{} {row}: {why}", path.display()));
            }
            let root = &tracks[0].spans[0];
            assert_eq!(
                root.to - root.from,
                recording.requests.value(requests::latency, row)
            );
            let drawn = tracks.iter().flat_map(|t| &t.spans);
            let drawn = drawn.filter(|s| s.kind == "call" && !s.args.contains_key("laid_out"));
            assert_eq!(drawn.count(), calls[row].len(), "{} {row}", path.display());
        }
        seen += 1;
    }
    assert!(seen >= 25, "{seen}");
}

#[test]
fn a_column_that_is_missing_is_a_span_less_and_is_said() {
    let run = busy();
    let whole = &run.recording;
    let mut bare = Recording {
        span: whole.span,
        ..Recording::default()
    };
    let columns = [requests::arrived, requests::latency, requests::call];
    bare.requests = gameday::recording::Table::with_columns(columns);
    for row in whole.requests.rows() {
        bare.requests.push(&row);
    }
    bare.attempts = gameday::recording::Table::with_columns([]);
    let called = |row: &usize| bare.requests.value(requests::call, *row) > 0;
    let row = all(&bare).rows.into_iter().find(called).unwrap();
    let tracks = journey::tracks(&bare, row, &[]);
    let names: Vec<&str> = tracks[0].spans.iter().map(|s| &*s.name).collect();
    assert_eq!(names, [format!("{row}.1"), "calls".into()]);
    let text = trace_events::render(&bare, &all(&bare), &About::default());
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let lacks = json["otherData"]["not_recorded"].to_string();
    for column in ["requests.queue_wait", "requests.compute", "attempts"] {
        assert!(lacks.contains(column), "{lacks}");
    }
    assert!(!lacks.contains("requests.call\""), "{lacks}");
}

#[test]
fn a_trace_is_read_by_the_rules_of_its_format() {
    let Some(reader) = provided::python("json") else {
        return;
    };
    let run = busy();
    let about = About::of("busy <&\" \u{1f600}".into(), &run.truth);
    let chosen = choice::slowest(&run.recording, 200);
    let text = trace_events::render(&run.recording, &chosen, &about);
    let calls = calls_of(&run.recording);
    let count: usize = chosen.rows.iter().map(|&row| calls[row].len()).sum();
    let longest = run
        .recording
        .requests
        .value(requests::latency, chosen.rows[0]);
    let said = python(reader, "read_trace_events.py", &text, &[]);
    assert!(
        said.contains(&format!("requests 200 calls {count} longest {longest}\n")),
        "{said}"
    );
    assert!(
        said.contains(&format!("instants {}\n", run.recording.events.len())),
        "{said}"
    );
}
