//! `diagnose` on somebody's own export: a baseline and an incident, a file with an onset, few columns, and what is refused.

use assert_cmd::Command;
use gameday::recording::{
    AttemptRow, Column, EventRow, GaugeRow, Recording, RequestRow, Row, Table, WriteRow, attempts,
    files, join, requests,
};
use predicates::str::contains;
use proptest::prelude::*;
use std::{fs, path::Path};

const SECOND: u64 = 1_000_000_000;

fn gameday(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("gameday").unwrap();
    command.current_dir(folder).env("NO_COLOR", "1");
    command
}

fn saved(folder: &Path, incident: &str, more: &[&str]) {
    gameday(folder)
        .args(["replay", incident, "--no-report", "--save-format", "csv"])
        .args(["--save", "whole"])
        .args(more)
        .assert()
        .success();
}

fn answer(folder: &Path, args: &[&str]) -> serde_json::Value {
    let run = gameday(folder)
        .args(["diagnose", "--print", "json"])
        .args(args)
        .assert()
        .success();
    serde_json::from_slice(&run.get_output().stdout).unwrap()
}

/// The part of a recording that came from an instant on, as a second export would have it: on the same clock, with rows
/// counted anew.
fn rest(recording: &Recording, start: u64) -> Recording {
    fn from<R: Row>(table: &Table<R>, keep: impl Fn(&R) -> bool) -> Table<R> {
        let mut new = Table::with_columns(table.recorded());
        table.rows().filter(|r| keep(r)).for_each(|r| {
            new.push(&r);
        });
        new
    }
    let early = recording.requests.rows();
    let early = early.filter(|r| r.arrived < start).count() as u64;
    let mut calls = from(&recording.attempts, |a: &AttemptRow| {
        a.started >= start && a.request >= early
    });
    if calls.has(attempts::request) {
        let rows = 0..calls.len();
        let column: Column = rows
            .map(|row| calls.value(attempts::request, row) - early)
            .collect();
        calls.put_column(attempts::request, column);
    }
    Recording {
        origin: None,
        span: recording.span,
        requests: from(&recording.requests, |r: &RequestRow| r.arrived >= start),
        attempts: calls,
        gauges: from(&recording.gauges, |r: &GaugeRow| r.time >= start),
        events: from(&recording.events, |r: &EventRow| r.time >= start),
        writes: from(&recording.writes, |r: &WriteRow| r.started >= start),
        names: recording.names.clone(),
    }
}

/// Whether a recording that is cut in two, at a healthy time before its onset, says what it says as a whole.
fn same_in_two_parts(incident: &str, more: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    saved(folder, incident, more);
    let whole = answer(folder, &["whole"]);
    let first = |d: &serde_json::Value| d["causes"][0]["cause"].as_str().unwrap_or("").to_string();
    let onset = whole["onset"]["at"].as_u64().unwrap();
    let recording = files::load(&folder.join("whole")).unwrap();
    for start in [onset / 10 * 7, onset - 4 * SECOND] {
        let _ = fs::remove_dir_all(folder.join("before"));
        let _ = fs::remove_dir_all(folder.join("after"));
        let parts = [
            ("before", join::until(&recording, start)),
            ("after", rest(&recording, start)),
        ];
        for (name, part) in parts {
            files::save(&part, &folder.join(name), files::SaveFormat::Csv).unwrap();
        }
        let pair = answer(folder, &["after", "--baseline", "before"]);
        assert_eq!(first(&pair), first(&whole), "{incident}: {pair}");
        // The parts are joined without the gap between them, which is less than a second.
        let found = pair["onset"]["at"].as_u64().unwrap();
        assert!(found.abs_diff(onset) < 5 * SECOND, "{found} {onset}");
        let told = answer(
            folder,
            &["whole", "--onset", &format!("{}ms", start / 1_000_000)],
        );
        assert_eq!(first(&told), first(&whole), "{incident}: {told}");
    }
}

#[test]
fn incident_24_in_two_files_has_the_cause_that_it_has_in_one() {
    same_in_two_parts("incident-24", &["--set", "trace.duration=20m"]);
}

#[test]
fn incident_23_in_two_files_has_the_cause_that_it_has_in_one() {
    same_in_two_parts("incident-23", &[]);
}

#[test]
fn incident_29_in_two_files_has_the_cause_that_it_has_in_one() {
    same_in_two_parts("incident-29", &[]);
}

/// Two runs, of other seeds, with the same numbers for operations, processes and rows; the second is cold at first.
#[test]
fn a_baseline_of_another_day_serves_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    saved(folder, "incident-24", &["--set", "trace.duration=20m"]);
    gameday(folder)
        .args(["replay", "incident-24", "--healthy", "--seed", "77"])
        .args(["--set", "trace.duration=20m", "--no-report"])
        .args(["--save-format", "jsonl", "--save", "well"])
        .assert()
        .success();
    gameday(folder)
        .args(["diagnose", "whole", "--baseline", "well"])
        .assert()
        .success()
        .stdout(contains("1. key-field-added"))
        .stdout(contains("taken as given"))
        .stdout(contains("on the clock of whole it began at 00:06:3"));
}

/// Requests a tenth of a second apart; from `broken` on one in five fails and all are slow.
fn few_columns(n: u64, broken: u64) -> String {
    let mut text = String::from("arrived_s,latency_ms,outcome\n");
    for i in 0..n {
        let bad = i >= broken;
        let (took, how) = match (bad, i % 5) {
            (true, 0) => (900 + i % 7, "error"),
            (true, _) => (300 + i % 13, "ok"),
            (false, _) => (20 + i % 13, "ok"),
        };
        text += &format!("{}.{},{took},{how}\n", 1_700_000_000 + i / 10, i % 10);
    }
    text
}

#[test]
fn three_columns_are_enough_to_say_since_when_and_what_is_not_known_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("day.csv"), few_columns(12_000, 6_000)).unwrap();
    let alone = answer(folder, &["day.csv"]);
    let onset = alone["onset"]["at"]
        .as_u64()
        .unwrap_or_else(|| panic!("{alone}"));
    assert!(onset.abs_diff(600 * SECOND) < 3 * SECOND, "{onset}");
    let limits = alone["limits"].to_string();
    for said in ["no call", "no tenant", "no events", "queue_wait"] {
        assert!(limits.contains(said), "{said}: {limits}");
    }
    // None of what is not recorded is guessed at.
    let first = &alone["causes"][0];
    assert!(first["probability"].as_f64().unwrap() < 0.9, "{first}");

    // In two files, packed, as JSON lines: the same.
    let lines: Vec<&str> = few_columns(12_000, 6_000).leak().lines().collect();
    let json = |rows: &[&str]| -> String {
        let object = |row: &&str| {
            let [at, took, how] = row.split(',').collect::<Vec<_>>()[..] else {
                panic!("{row}")
            };
            format!("{{\"arrived_s\":{at},\"latency_ms\":{took},\"outcome\":\"{how}\"}}\n")
        };
        rows.iter().map(object).collect()
    };
    let packed = |name: &str, text: &str| {
        let mut out = flate2::write::GzEncoder::new(
            fs::File::create(folder.join(name)).unwrap(),
            flate2::Compression::fast(),
        );
        std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
        out.finish().unwrap();
    };
    packed("well.jsonl.gz", &json(&lines[1..5_001]));
    fs::write(folder.join("bad.jsonl"), json(&lines[5_001..])).unwrap();
    let pair = answer(folder, &["bad.jsonl", "--baseline", "well.jsonl.gz"]);
    let onset = pair["onset"]["at"]
        .as_u64()
        .unwrap_or_else(|| panic!("{pair}"));
    assert!(onset.abs_diff(600 * SECOND) < 3 * SECOND, "{onset}");
}

/// Where only latencies are known, a typical request that takes many times as long is an incident, though the p95 only doubles.
#[test]
fn latencies_alone_show_what_nothing_else_could() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut text = String::from("arrived_ms,latency_ms\n");
    for i in 0..12_000u64 {
        // One in eight takes half a second at any time, as misses do; from the middle on nearly all of them.
        let slow = i % 8 == 0 || i >= 6_000 && i % 10 != 1;
        text += &format!(
            "{},{}\n",
            i * 100,
            if i >= 6_000 && slow {
                800 + i % 97
            } else if slow {
                400 + i % 97
            } else {
                1 + i % 3
            }
        );
    }
    fs::write(folder.join("day.csv"), text).unwrap();
    for args in [&["day.csv"][..], &["day.csv", "--onset", "8m"]] {
        let found = answer(folder, args);
        let onset = found["onset"]["at"]
            .as_u64()
            .unwrap_or_else(|| panic!("{found}"));
        assert!(onset.abs_diff(600 * SECOND) < 3 * SECOND, "{onset}");
    }
}

#[test]
fn what_cannot_be_compared_is_refused_with_what_would_be_right() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let day = few_columns(3_000, 2_000);
    fs::write(folder.join("day.csv"), &day).unwrap();
    fs::write(folder.join("copy.csv"), &day).unwrap();
    fs::write(folder.join("tags.csv"), "arrived_s,tenant\n1,a\n2,b\n").unwrap();
    fs::write(folder.join("empty.csv"), "").unwrap();
    fs::write(folder.join("header.csv"), "arrived_ns,latency_ns\n").unwrap();
    fs::write(folder.join("names.csv"), "arrival,took,status\n1,2,200\n").unwrap();
    fs::write(folder.join("unit.csv"), "arrived_s,latency\n1,2\n").unwrap();
    fs::write(folder.join("word.csv"), "arrived_s,outcome\n1,200\n").unwrap();
    fs::write(folder.join("day.xls"), "x").unwrap();
    for (args, told) in [
        (
            &["day.csv", "--baseline", "day.csv"][..],
            "is the recording itself",
        ),
        (
            &["day.csv", "--baseline", "copy.csv"],
            "holds the same as the recording",
        ),
        (
            &["day.csv", "--baseline", "tags.csv"],
            "no column in common with day.csv",
        ),
        (
            &["day.csv", "--baseline", "nowhere"],
            "a recording is a folder with",
        ),
        (
            &["day.csv", "--baseline", "header.csv"],
            "header.csv: has no requests",
        ),
        (
            &["empty.csv"],
            "empty.csv: its requests have no column arrived_ns",
        ),
        (&["names.csv"], "found arrival, took, status"),
        (
            &["unit.csv"],
            "unit.csv:1:11: requests have no column \"latency\"",
        ),
        (&["unit.csv"], "a time's column says its unit: latency_ns"),
        (&["word.csv"], "word.csv:2:3: outcome: found \"200\""),
        (&["day.xls"], "name it requests.csv"),
        (
            &["day.csv", "--onset", "2h"],
            "lies not within the recording",
        ),
        (
            &["day.csv", "--onset", "0"],
            "lies not within the recording",
        ),
        (&["day.csv", "--onset", "noon"], "is no time"),
        (
            &["day.csv", "--onset", "3m", "--until", "2m"],
            "--until is not after --onset",
        ),
    ] {
        gameday(folder)
            .arg("diagnose")
            .args(args)
            .assert()
            .code(2)
            .stderr(contains(told));
    }
    // Too little is no mistake of who asks: it is said.
    for (args, told) in [
        (&["day.csv", "--onset", "9s"][..], "too short a baseline"),
        (&["day.csv", "--onset", "4m59s"], "too short to be compared"),
    ] {
        gameday(folder)
            .arg("diagnose")
            .args(args)
            .assert()
            .success()
            .stdout(contains("undecided"))
            .stdout(contains(told));
    }
}

/// The script as it stands in examples/export, on a log of nginx.
#[test]
fn an_access_log_becomes_a_recording() {
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/export/access_log_to_requests.py");
    let there = std::process::Command::new("python3")
        .arg("--version")
        .output();
    if !there.is_ok_and(|o| o.status.success()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut log = String::from("a line of something else\n");
    for i in 0..12_000u64 {
        // From 12:10:00 on one in three calls of /api/pay fails.
        let (route, bad) = (
            if i % 4 == 0 { "/api/pay" } else { "/api/cart" },
            i >= 6_000,
        );
        // One in 89 always did.
        let fails = bad && i % 4 == 0 && i % 3 == 0 || i % 89 == 0;
        let status = if fails { 502 } else { 200 };
        let (s, took) = (i / 10, 0.020 + (i % 13) as f64 / 1000.0);
        log += &format!(
            "10.0.0.{} - - [27/Nov/2026:12:{:02}:{:02} +0100] \"GET {route}/{i}?x=1 HTTP/1.1\" {status} 512 \"-\" \"curl/8\" {took:.3}\n",
            i % 200,
            s / 60,
            s % 60
        );
    }
    fs::write(folder.join("access.log"), log).unwrap();
    let made = Command::new("python3")
        .arg(&script)
        .arg(folder.join("access.log"))
        .assert()
        .success()
        .stderr(contains("line 1 was left out"));
    fs::write(folder.join("requests.csv"), &made.get_output().stdout).unwrap();
    gameday(folder)
        .args(["diagnose", "requests.csv"])
        .assert()
        .success()
        .stdout(contains("Since 00:10:0"))
        .stdout(contains("error_rate"))
        .stdout(contains("route /api/pay"));
}

fn recording(gaps: &[u64], start: u64, tenant: &str) -> Recording {
    let mut recording = Recording::default();
    let name = tenant;
    let tenant = recording.names.entry("tenant").or_default().number(name);
    let dependency = recording
        .names
        .entry("dependency")
        .or_default()
        .number("db");
    // The names of one have other numbers than those of the other.
    if name == "bolt" {
        recording.names.entry("region").or_default().number("north");
    }
    let region = recording.names.entry("region").or_default().number("south");
    let gauge = recording.names.entry("gauge").or_default();
    let gauge = gauge.number("replica.region");
    recording.gauges.push(&GaugeRow {
        time: 0,
        gauge: gauge as u16,
        replica: 1,
        value: f64::from(region),
    });
    recording.events.push(&EventRow {
        time: start,
        version: 2,
        ..EventRow::default()
    });
    let mut at = start;
    for (op, gap) in gaps.iter().enumerate() {
        let row = RequestRow {
            op: op as u64,
            arrived: at,
            latency: 5,
            tenant,
            ..RequestRow::default()
        };
        let request = recording.requests.push(&row) as u64;
        recording.attempts.push(&AttemptRow {
            request,
            started: at + 1,
            time: 3,
            dependency: dependency as u16,
            ..AttemptRow::default()
        });
        recording.writes.push(&WriteRow {
            op: op as u64,
            started: at + 2,
            landed: if op % 2 == 0 { 0 } else { at + 3 },
            ..WriteRow::default()
        });
        recording.span = at + 5;
        at += gap;
    }
    recording
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn joined_rows_are_apart_in_order_and_say_what_they_said(
        first in prop::collection::vec(0u64..1_000, 1..60),
        second in prop::collection::vec(0u64..1_000, 1..60),
        starts in (0u64..5_000, 0u64..2_000_000_000_000_000_000),
    ) {
        let (a, b) = (recording(&first, starts.0, "acme"), recording(&second, starts.1, "bolt"));
        let joined = join::join(&a, &b).unwrap();
        let both = &joined.recording;
        prop_assert!(joined.left_out.is_empty());
        prop_assert_eq!(both.requests.len(), a.requests.len() + b.requests.len());
        let rows: Vec<RequestRow> = both.requests.rows().collect();
        prop_assert!(rows.is_sorted_by_key(|r| r.arrived));
        let seam = a.requests.len();
        prop_assert!(rows[seam - 1].arrived < joined.at && rows[seam].arrived == joined.at);
        for (i, old) in a.requests.rows().enumerate() {
            prop_assert_eq!(&rows[i], &old);
        }
        for (i, old) in b.requests.rows().enumerate() {
            let new = &rows[seam + i];
            prop_assert_eq!(new.arrived - joined.at, old.arrived - starts.1);
            prop_assert_eq!(both.name("tenant", new.tenant), b.name("tenant", old.tenant));
        }
        let mut ops: Vec<u64> = rows.iter().map(|r| r.op).collect();
        ops.sort_unstable();
        ops.dedup();
        prop_assert_eq!(ops.len(), rows.len());
        // Each call is its own request's, and each write its own operation's.
        for call in both.attempts.rows() {
            prop_assert_eq!(both.requests.value(requests::arrived, call.request as usize) + 1, call.started);
        }
        for write in both.writes.rows() {
            let of = rows.iter().find(|r| r.op == write.op).unwrap();
            prop_assert_eq!(of.arrived + 2, write.started);
            prop_assert!(write.landed == 0 || write.landed == of.arrived + 3);
        }
        prop_assert!(both.gauges.rows().all(|g| both.name("region", g.value as u32) == "south"));
        prop_assert!(both.gauges.rows().last().is_some_and(|g| g.time == joined.at));
        prop_assert!(both.events.rows().last().is_some_and(|e| e.time == joined.at));
        prop_assert_eq!(both.span, joined.at + (b.span - starts.1));
        // What is cut off at the seam is the first again.
        prop_assert!(join::until(both, joined.at).requests.rows().eq(a.requests.rows()));
    }
}

/// A column of one alone is left out, and said: its emptiness on the other side would be news.
#[test]
fn what_one_alone_records_is_left_out() {
    let a = recording(&[10; 30], 0, "acme");
    let mut b = recording(&[10; 30], 0, "acme");
    let columns = b.requests.recorded().filter(|&c| c != requests::tenant);
    let mut narrow = Table::with_columns(columns);
    b.requests.rows().for_each(|r| {
        narrow.push(&r);
    });
    b.requests = narrow;
    b.attempts = Table::with_columns([]);
    let joined = join::join(&a, &b).unwrap();
    assert_eq!(joined.left_out, ["requests.tenant", "attempts"]);
    assert!(!joined.recording.requests.has(requests::tenant));
    assert!(joined.recording.attempts.is_empty());
}
