//! What other tools are given, held to what was recorded, and read by readers of others.

mod provided;
mod replay_support;

use gameday::trace::Overrides;
use gameday::{
    incident::{Incident, Overlay, Registries, Run},
    recording::{
        AttemptRow, EventRow, GaugeRow, Recording, RequestRow, attempts, outcome, requests, result,
    },
    report::export::{
        choice::{self, Choice},
        journey::{self, Span, Track},
        openmetrics::{self, Cut},
        trace_events::{self, About},
    },
};
use proptest::prelude::*;
use replay_support::replay;
use std::{fs, path::PathBuf, process::Command};

const MS: u64 = 1_000_000;
const S: u64 = 1_000_000_000;

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

/// A service with a queue, a pool, retries, calls side by side, and clients that leave.
const BUSY: &str = r#"
schema = 1
title = "a \"busy\" service"
seed = 5
[trace]
arrivals = { kind = "poisson", rate = "60/s" }
duration = "60s"
tenants = { "a\\b" = 3, acme = 1 }
[clients]
patience = "900ms"
retry = { max = 2, after = "100ms" }
[service]
replicas = 2
compute = "2ms"
queue = { kind = "fifo", workers = 6, limit = 40 }
fan_out = { parallel = 3, need = "2 of 3" }
call = [
    { dependency = "llm", timeout = "700ms", retry = { max = 2, backoff = "20ms" } },
    { name = "again", dependency = "llm" },
    { dependency = "db", after = ["llm"] },
]
[dependency.llm]
latency = { kind = "lognormal", p50 = "80ms", p99 = "600ms" }
error_rate = "5%"
pool = 5
[dependency.db]
latency = "5ms"
connect = "3ms"
[[timeline]]
at = "40%"
deploy = "v2"
set = { "service.compute" = "9ms" }
"#;

fn busy() -> Run {
    replay(BUSY)
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

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name)
}

/// Runs Python on a file, and gives what it printed.
fn python(mut python: Command, name: &str, text: &str, rest: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, text).unwrap();
    let output = python
        .arg(script(name))
        .arg(&file)
        .args(rest)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
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

/// A run whose metrics can be worked out by hand.
fn by_hand() -> Recording {
    let mut recording = Recording {
        span: 60 * S,
        origin: Some(1_700_000_000_500_000_000),
        ..Recording::default()
    };
    let names = |words: &[&str]| {
        let mut names = gameday::config::Names::default();
        words.iter().for_each(|word| {
            names.number(word);
        });
        names
    };
    recording
        .names
        .insert("route", names(&["/a\"b\\c\nd", "/b"]));
    recording.names.insert("dependency", names(&["db"]));
    recording
        .names
        .insert("gauge", names(&["queue.depth", "requests", "queue-depth"]));
    recording.names.insert("event", names(&["deploy"]));
    let request = |arrived, latency, route, outcome| RequestRow {
        tries: 1,
        arrived,
        latency,
        route,
        outcome,
        compute: 3 * MS,
        ..RequestRow::default()
    };
    for row in [
        request(0, MS, 1, outcome::OK),
        request(29 * S, S, 1, outcome::OK),
        request(29 * S, S + 1, 1, outcome::TIMEOUT),
        request(31 * S, 90 * S, 2, outcome::HUNG_UP),
        RequestRow {
            background: 1,
            ..request(5 * S, MS, 1, outcome::OK)
        },
    ] {
        recording.requests.push(&row);
    }
    recording.attempts.push(&AttemptRow {
        dependency: 1,
        started: S,
        time: 2 * MS + 1,
        result: result::OK,
        ..AttemptRow::default()
    });
    for (time, gauge, replica, value) in [
        (S, 1, 0, 2.0),
        (2 * S, 1, 0, 3.5),
        (40 * S, 1, 2, f64::NAN),
        (S, 2, 0, 1.0),
        (S, 3, 1, -1.0),
    ] {
        recording.gauges.push(&GaugeRow {
            time,
            gauge,
            replica,
            value,
        });
    }
    recording.events.push(&EventRow {
        time: 30 * S,
        event: 1,
        version: 2,
        ..EventRow::default()
    });
    recording
}

fn metrics(recording: &Recording, every: u64, by: &str) -> String {
    openmetrics::render(
        recording,
        &Cut {
            every,
            by,
            title: "by hand",
        },
    )
    .unwrap()
}

#[test]
fn metrics_count_what_ended_by_each_sample() {
    let text = metrics(&by_hand(), 30 * S, "route");
    // Two of the buckets are enough to read.
    let shown = |l: &&str| !l.contains("le=") || l.contains("\"1.0\"") || l.contains("+Inf");
    let lines: Vec<&str> = text.lines().filter(shown).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn metrics_of_a_run_end_with_its_totals() {
    let run = busy();
    let text = metrics(&run.recording, 15 * S, "tenant");
    let last = |name: &str| -> f64 {
        let mut series = std::collections::BTreeMap::new();
        for line in text.lines().filter(|l| l.starts_with(name)) {
            let words: Vec<&str> = line.rsplitn(3, ' ').collect();
            series.insert(words[2], words[1].parse::<f64>().unwrap());
        }
        series.values().sum()
    };
    let rows: Vec<RequestRow> = run.recording.requests.rows().collect();
    assert_eq!(last("gameday_requests_total"), rows.len() as f64);
    assert_eq!(
        last("gameday_request_duration_seconds_count"),
        rows.len() as f64
    );
    let sum: u64 = rows.iter().map(|r| r.latency).sum();
    assert!((last("gameday_request_duration_seconds_sum") * 1e9 / sum as f64 - 1.0).abs() < 1e-9);
    assert_eq!(
        last("gameday_calls_total"),
        run.recording.attempts.len() as f64
    );
    let retries = rows.iter().filter(|r| r.tries > 1).count();
    assert!(retries > 0);
    assert_eq!(last("gameday_retries_total"), retries as f64);
    assert_eq!(
        last("gameday_events_total"),
        run.recording.events.len() as f64
    );
}

#[test]
fn a_label_has_bounds() {
    let mut recording = Recording {
        span: S,
        ..Recording::default()
    };
    let mut names = gameday::config::Names::default();
    for n in 1..=500u32 {
        let user = names.number(&format!("u{n:03}"));
        for _ in 0..n {
            recording.requests.push(&RequestRow {
                user,
                latency: 1,
                outcome: outcome::OK,
                ..RequestRow::default()
            });
        }
    }
    recording.names.insert("user", names);
    let text = metrics(&recording, S, "user");
    let series = text
        .lines()
        .filter(|l| l.starts_with("gameday_requests_total") && l.ends_with(" 1"));
    let series: Vec<&str> = series.collect();
    assert_eq!(series.len(), openmetrics::MOST_VALUES + 1, "{series:?}");
    assert!(
        series.iter().any(|l| l.contains("u500")) && !series.iter().any(|l| l.contains("u480\""))
    );
    let rest: u64 = (1..=480).sum();
    let other = format!("gameday_requests_total{{user=\"(other)\",outcome=\"ok\"}} {rest} 1");
    assert!(series.contains(&&*other), "{series:?}");
}

#[test]
fn metrics_that_nobody_could_load_and_columns_that_are_none_are_refused() {
    let recording = by_hand();
    let refused = |every, by| {
        let cut = Cut {
            every,
            by,
            title: "",
        };
        openmetrics::render(&recording, &cut)
            .unwrap_err()
            .to_string()
    };
    assert!(refused(1, "route").contains("wider windows"));
    let said = refused(S, "outcome");
    assert!(
        said.contains("\"outcome\"") && said.contains("tenant, user, route"),
        "{said}"
    );
}

#[test]
fn the_client_of_prometheus_reads_every_scrape() {
    let Some(reader) = provided::python("prometheus_client") else {
        return;
    };
    let said = python(
        reader,
        "read_openmetrics.py",
        &metrics(&by_hand(), 30 * S, "route"),
        &[],
    );
    insta::assert_snapshot!("metrics_as_read", said);
    let Some(reader) = provided::python("prometheus_client") else {
        return;
    };
    let run = busy();
    let said = python(
        reader,
        "read_openmetrics.py",
        &metrics(&run.recording, 5 * S, "tenant"),
        &[],
    );
    let rows = run.recording.requests.len();
    assert!(said.contains("scrapes "), "{said}");
    let total = |l: &str| {
        l.strip_prefix("gameday_requests_total ")
            .and_then(|n| n.parse::<f64>().ok())
    };
    assert_eq!(said.lines().find_map(total), Some(rows as f64), "{said}");
}

/// `promtool` is Prometheus's own.
#[test]
fn prometheus_takes_a_run_into_its_store() {
    let Some(promtool) = provided::tool("GAMEDAY_PROMTOOL", "promtool") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let run = busy();
    let text = metrics(&run.recording, 15 * S, "route");
    let (file, blocks) = (folder.path().join("run.om"), folder.path().join("blocks"));
    fs::write(&file, &text).unwrap();
    let mut load = Command::new(&promtool);
    load.args(["tsdb", "create-blocks-from", "openmetrics"])
        .arg(&file)
        .arg(&blocks);
    let output = load.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Its reader wants a log beside the blocks, where a server would have one.
    fs::create_dir(blocks.join("wal")).unwrap();
    let dump = Command::new(&promtool)
        .args(["tsdb", "dump"])
        .arg(&blocks)
        .output()
        .unwrap();
    let dump = String::from_utf8_lossy(&dump.stdout).into_owned();
    let samples = text.lines().filter(|l| !l.starts_with('#')).count();
    assert_eq!(
        dump.lines().count(),
        samples,
        "every sample is in the store"
    );
}
