//! The binary from end to end.

use assert_cmd::Command;
use predicates::str::contains;

fn gameday(folder: &std::path::Path) -> Command {
    let mut command = Command::cargo_bin("gameday").unwrap();
    command.current_dir(folder).env("NO_COLOR", "1");
    command
}

const SHORT: &[&str] = &["--set", "trace.duration=4m", "--no-report"];

#[test]
fn incident_24_breaches_its_gates_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let run = gameday(folder.path())
        .args(["replay", "incident-24"])
        .args(SHORT)
        .assert()
        .success();
    run.stdout(contains("hit_rate"))
        .stdout(contains("incident"))
        .stdout(contains("seed"));
}

#[test]
fn a_run_is_the_same_to_the_byte_when_it_is_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let once = || {
        let run = gameday(folder.path())
            .args(["replay", "incident-24"])
            .args(SHORT)
            .assert()
            .success();
        run.get_output().stdout.clone()
    };
    assert_eq!(once(), once());
}

#[test]
fn gate_exits_with_one_on_a_breach_and_bad_input_with_two() {
    let folder = tempfile::tempdir().unwrap();
    gameday(folder.path())
        .args(["gate", "incident-24", "--set", "trace.duration=4m"])
        .assert()
        .code(1);
    for (args, message) in [
        (
            vec!["replay", "incident-42"],
            "there is no incident \"incident-42\"",
        ),
        (
            vec!["replay", "incident-24", "--variant", "ttl-shortend"],
            "did you mean \"ttl-shortened\"?",
        ),
        (
            vec!["replay", "incident-24", "--set", "service.cahce.ttl=1m"],
            "did you mean \"cache\"?",
        ),
        (
            vec!["replay", "incident-24", "--trace", "missing.csv"],
            "missing.csv",
        ),
        (
            vec![
                "replay",
                "incident-24",
                "--set",
                "gates.latency=latency p(95) <",
            ],
            "gates.latency",
        ),
    ] {
        gameday(folder.path())
            .args(&args)
            .assert()
            .code(2)
            .stderr(contains(message));
    }
    assert!(
        std::fs::read_dir(folder.path()).unwrap().next().is_none(),
        "a refusal leaves nothing behind"
    );
}

#[test]
fn a_healthy_run_is_no_incident() {
    let folder = tempfile::tempdir().unwrap();
    gameday(folder.path())
        .args(["replay", "incident-24", "--healthy", "--no-report"])
        .args(["--print", "json", "--set", "trace.duration=20m"])
        .assert()
        .success()
        .stdout(contains("\"summary\": \"no incident\""));
}

#[test]
fn a_bad_number_in_a_trace_is_refused_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("arrived,tenant\n");
    for i in 0..100 {
        text += &if i == 55 {
            "x5,acme\n".to_string()
        } else {
            format!("{i},acme\n")
        };
    }
    std::fs::write(folder.path().join("bad.csv"), text).unwrap();
    gameday(folder.path())
        .args(["replay", "incident-24", "--trace", "bad.csv"])
        .assert()
        .code(2)
        .stderr(contains("bad.csv:57:1"));
    assert!(!folder.path().join("reports").exists());
}

/// What is known from a folder is what was known from the run: in every format, and without what we add ourselves.
#[test]
fn a_saved_recording_is_diagnosed_as_the_run_was() {
    let folder = tempfile::tempdir().unwrap();
    let summary = |format: &str| {
        let saved = folder.path().join(format);
        let run = gameday(folder.path())
            .args(["replay", "incident-24"])
            .args(["--set", "trace.duration=20m", "--no-report"])
            .args(["--print", "json", "--save-format", format, "--save"])
            .arg(&saved)
            .assert()
            .success();
        let ran: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
        let read = gameday(folder.path())
            .args(["diagnose", "--print", "json"])
            .arg(&saved)
            .assert()
            .success();
        let read: serde_json::Value = serde_json::from_slice(&read.get_output().stdout).unwrap();
        assert_eq!(ran["diagnosis"], read, "{format}");
        assert!(read["onset"].is_object(), "{format}: {read}");
    };
    summary("csv");
    summary("jsonl");
    if cfg!(feature = "parquet") {
        summary("parquet");
    }
    // Somebody's own export: the rows alone.
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::copy(
        folder.path().join("csv/requests.csv"),
        own.join("requests.csv"),
    )
    .unwrap();
    gameday(folder.path())
        .args(["diagnose", "own"])
        .assert()
        .success()
        .stdout(contains("Since"));
}

#[test]
fn a_folder_that_is_no_recording_is_refused_with_what_would_be() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("own")).unwrap();
    for (name, text) in [
        ("own", "requests"),
        ("nowhere", "a recording is a folder with"),
    ] {
        gameday(folder.path())
            .args(["diagnose", name])
            .assert()
            .code(2)
            .stderr(contains(text));
    }
    std::fs::write(
        folder.path().join("own/requests.csv"),
        "arrived_ns,latency_ns\n1,2\n2,soon\n",
    )
    .unwrap();
    gameday(folder.path())
        .args(["diagnose", "own"])
        .assert()
        .code(2)
        .stderr(contains("requests.csv:3:3"))
        .stderr(contains("soon"));
}

/// What was written when the cache was cold expires together one lifetime later, with nothing wrong: more misses, more
/// calls and more computing, but no incident.
#[test]
fn entries_that_expire_together_are_no_incident() {
    let folder = tempfile::tempdir().unwrap();
    gameday(folder.path())
        .args(["replay", "incident-24", "--healthy", "--no-report"])
        .args(["--print", "json", "--set", "service.cache.jitter=10%"])
        .assert()
        .success()
        .stdout(contains("\"summary\": \"no incident\""));
}

/// A quantity that is said to be measured is; one that is not must not look as if it were.
#[test]
fn a_run_measures_the_scalars_that_say_so_and_no_others() {
    use gameday::gates::SCALARS;
    use gameday::incident::{Incident, Overlay, Registries, RunOptions, run};
    let registries = Registries::builtin();
    let overlay = Overlay {
        variant: Some("dependency-slow".into()),
        set: vec!["trace.duration=4m".into()],
        ..Overlay::default()
    };
    let incident = Incident::read(
        "incidents/incident-24.toml".as_ref(),
        include_str!("../incidents/incident-24.toml"),
        &overlay,
        &Default::default(),
        &registries,
    );
    let options = RunOptions {
        keep: gameday::recording::Keep::NoRows,
        progress: None,
    };
    let run = run(&incident.unwrap(), &registries, &options).unwrap();
    let mut said: Vec<&str> = SCALARS
        .iter()
        .map(|s| s.name)
        // Where a gate names it, and where something is promised: tests/aborts.rs.
        .filter(|name| !["blast_radius", "truth.good_rejects"].contains(name))
        .collect();
    let mut found: Vec<&str> = run.scalars.keys().map(String::as_str).collect();
    said.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, said);
    // The fault slows calls of a third of the run; each is counted once.
    let hits = run.truth.entries.iter().map(|e| e.hits).sum::<u64>();
    assert!(hits > 100, "{hits}");
    assert_eq!(run.scalars["truth.hits"], hits as f64);
}
