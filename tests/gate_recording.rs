//! Gates on a recording: one that was saved, and one that somebody else exported.

use assert_cmd::Command;
use predicates::{prelude::PredicateBooleanExt, str::contains};
use std::{fmt::Write, fs, path::Path};

/// Ten minutes of four requests a second; from `slow_from` on, in seconds, one in five takes 900 ms instead of 40.
fn export(folder: &Path, slow_from: u64) {
    fs::create_dir_all(folder).unwrap();
    let mut text = String::from("arrived_ms,latency_ms,outcome,tenant\n");
    for i in 0..2_400u64 {
        let slow = i / 4 >= slow_from && i % 5 == 0;
        let latency = if slow { 900 } else { 40 + i % 7 };
        let tenant = ["acme", "zoo"][(i % 2) as usize];
        let _ = writeln!(text, "{},{latency},ok,{tenant}", i * 250);
    }
    fs::write(folder.join("requests.csv"), text).unwrap();
}

/// A number that looks like chance (Steele, Lea & Flood 2014, the finalizer of SplitMix64).
fn scattered(i: usize) -> usize {
    let mut z = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 16) as usize
}

/// The same as chance would have it: `salt` makes another recording of the same service.
fn noisy(folder: &Path, slow_from: u64, salt: usize) {
    fs::create_dir_all(folder).unwrap();
    let mut text = String::from("arrived_ms,latency_ms,outcome,tenant\n");
    for i in 0..2_400u64 {
        let dice = scattered(i as usize + 10_000 * salt);
        let slow = i / 4 >= slow_from && dice.is_multiple_of(5);
        let latency = if slow { 900 } else { 40 + dice / 7 % 7 };
        let tenant = ["acme", "zoo"][dice / 50 % 2];
        let _ = writeln!(text, "{},{latency},ok,{tenant}", i * 250 + salt as u64);
    }
    fs::write(folder.join("requests.csv"), text).unwrap();
}

fn gate(at: &Path, args: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("gameday")
        .unwrap()
        .current_dir(at)
        .arg("gate")
        .args(args)
        .assert()
}

#[test]
fn an_export_is_held_to_gates_as_a_whole_and_by_phase() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    export(&at.join("mine"), 300);
    let p95 = "latency p(95) < 250ms";
    gate(at, &["mine", "--require", p95])
        .code(1)
        .stdout(contains("900ms, allowed 250ms"));
    gate(at, &["mine", "--require", "latency p(80) < 250ms"]).success();
    // Before the onset is the baseline, and only what came after is judged.
    let phases = ["--onset", "5m"];
    gate(
        at,
        &[
            &["mine", "--require", "latency p(95) < 1.5x baseline"][..],
            &phases,
        ]
        .concat(),
    )
    .code(1)
    .stdout(contains("incident").and(contains("(1.5x baseline 4")));
    gate(
        at,
        &[
            &["mine", "--require", "latency p(95) < 100ms during baseline"][..],
            &phases,
        ]
        .concat(),
    )
    .success();
    // As a whole it has nothing before it.
    gate(at, &["mine", "--require", "latency p(95) < 1.5x baseline"])
        .code(1)
        .stdout(contains("there is no baseline phase before it"));
    // A column that nobody recorded is no data, which fails.
    gate(at, &["mine", "--require", "queue.wait p(95) < 1h"])
        .code(1)
        .stdout(contains("without data"));
    gate(at, &["mine", "--require", "latency by tenant p(95) < 1h"]).code(2);
    gate(
        at,
        &[
            "mine",
            "--require",
            "success_rate by tenant (min 500 requests) > 99%",
        ],
    )
    .success();
}

#[test]
fn it_is_reported_on_like_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    export(&at.join("mine"), 300);
    let args = [
        "mine",
        "--require",
        "p95 = latency p(95) < 250ms",
        "--out",
        "reports",
        "--onset",
        "5m",
        "--until",
        "8m",
    ];
    gate(at, &args).code(1);
    let report = at.join("reports/mine");
    let summary = fs::read_to_string(report.join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(summary["seed"], serde_json::Value::Null);
    assert_eq!(summary["requests_replayed"], 2_400);
    let phases: Vec<&str> = summary["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect();
    assert_eq!(phases, ["baseline", "incident", "recovered"]);
    assert_eq!(summary["gates"].as_array().unwrap().len(), 2);
    let page = fs::read_to_string(report.join("report.html")).unwrap();
    assert!(page.contains("Recording mine"));
    assert!(report.join("junit.xml").is_file());
    // The same again, to the byte.
    let first = fs::read(report.join("summary.json")).unwrap();
    gate(at, &args).code(1);
    assert_eq!(fs::read(report.join("summary.json")).unwrap(), first);
}

#[test]
fn what_a_recording_cannot_be_asked_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    export(&at.join("mine"), 300);
    gate(at, &["mine"])
        .code(2)
        .stderr(contains("nothing to hold this recording to"));
    let p95 = ["mine", "--require", "latency p(95) < 1s"];
    for (more, why) in [
        (&["--set", "a=1"][..], "--set is for a run"),
        (&["--expect"], "--expect is for a run"),
        (&["--seed", "3"], "--seed is for a run"),
        (&["--no-fix"], "--no-fix is for a run"),
        (&["--loop", "2"], "--loop is for a run"),
        (&["--lenient"], "--lenient is for a run"),
        (&["--tolerance", "3%"], "--tolerance is of a baseline"),
        (&["--baseline", "mine", "--tolerance", "0%"], "--tolerance"),
        (&["--onset", "11m"], "lies not within the recording"),
        (&["--onset", "soon"], "is no time"),
        (
            &["--onset", "5m", "--until", "4m"],
            "--until is not after --onset",
        ),
    ] {
        gate(at, &[&p95[..], more].concat())
            .code(2)
            .stderr(contains(why));
    }
    gate(at, &["incident-24", "--onset", "5m"])
        .code(2)
        .stderr(contains("--onset is of a recording"));
}

#[test]
fn a_newer_recording_is_held_against_an_older_one_beyond_chance() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    // Two of the same service, with other requests, and one that is slower from the start.
    noisy(&at.join("older"), 9_999, 0);
    noisy(&at.join("same"), 9_999, 3);
    noisy(&at.join("slower"), 0, 1);
    gate(at, &["older", "--update-baseline"])
        .success()
        .stderr(contains("baselines/older"));
    let kept = fs::read_dir(at.join("baselines/older")).unwrap().count();
    assert!(kept >= 2, "{kept}");
    let held =
        |name: &str, code: i32| gate(at, &[name, "--baseline", "baselines/older"]).code(code);
    held("older", 0);
    held("same", 0).stdout(contains("none is worse"));
    held("slower", 1).stdout(contains("latency.p95").and(contains("breached")));
    // `baseline` in a gate is the older recording.
    gate(
        at,
        &[
            "slower",
            "--baseline",
            "baselines/older",
            "--require",
            "p99 = latency p(99) < 1.1x baseline",
        ],
    )
    .code(1)
    .stdout(contains("(1.1x baseline 4"));
    gate(
        at,
        &[
            "same",
            "--baseline",
            "baselines/older",
            "--require",
            "p99 = latency p(99) < 1.1x baseline",
        ],
    )
    .success();
    gate(at, &["same", "--baseline", "nowhere"])
        .code(2)
        .stderr(contains("no such recording"));
    gate(at, &["incident-24", "--baseline", "older"])
        .code(2)
        .stderr(contains("is a recording"));
}

#[test]
fn what_cannot_be_told_does_not_pass() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    noisy(&at.join("older"), 9_999, 0);
    // It got worse in its middle.
    noisy(&at.join("newer"), 300, 1);
    gate(at, &["newer", "--baseline", "older"])
        .code(1)
        .stdout(contains("breached").and(contains("latency.p95")));
    // Said when, what came after is held against the older one.
    gate(at, &["newer", "--baseline", "older", "--onset", "5m"])
        .code(1)
        .stdout(contains("breached").and(contains("latency.p95")));
    // A recording of a minute says nothing.
    let text = fs::read_to_string(at.join("older/requests.csv")).unwrap();
    fs::create_dir(at.join("short")).unwrap();
    let lines: Vec<&str> = text.lines().take(40).collect();
    fs::write(at.join("short/requests.csv"), lines.join("\n") + "\n").unwrap();
    gate(at, &["short", "--baseline", "older"]).code(1).stdout(
        contains("without data")
            .and(contains("too few requests"))
            .and(contains("--onset")),
    );
}

#[cfg(unix)]
#[test]
fn the_command_that_does_it_again_can_be_pasted_into_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    export(&at.join("it's mine"), 300);
    let condition = "p95 = latency{tenant=\"acme\"} p(95) < 250ms";
    let print = ["--print", "json"];
    let said = gate(
        at,
        &[&["it's mine", "--require", condition][..], &print].concat(),
    )
    .code(1);
    let said: serde_json::Value = serde_json::from_slice(&said.get_output().stdout).unwrap();
    let again = said["reproduce"].as_str().unwrap();
    let gameday = Path::new(env!("CARGO_BIN_EXE_gameday")).parent().unwrap();
    let path = format!("{}:{}", gameday.display(), std::env::var("PATH").unwrap());
    let pasted = std::process::Command::new("sh")
        .args(["-c", again])
        .current_dir(at)
        .env("PATH", path)
        .output()
        .unwrap();
    assert_eq!(pasted.status.code(), Some(1), "{again}");
    let pasted: serde_json::Value = serde_json::from_slice(&pasted.stdout).unwrap();
    assert_eq!(pasted, said);
}
