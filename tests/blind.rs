//! `gameday blind`, end to end: what is drawn belongs to the seed alone, each case can be drawn again, and other people's
//! diagnosers are asked beside ours and see nothing but a recording.

use assert_cmd::Command;
use serde_json::Value;
use std::{fs, path::Path};

fn blind(folder: &Path, args: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("gameday").unwrap();
    command.current_dir(folder).arg("blind").args(args).assert()
}

fn said(folder: &Path, args: &[&str]) -> String {
    let out = blind(folder, args).success().get_output().stdout.clone();
    String::from_utf8(out).unwrap()
}

#[test]
fn cases_belong_to_the_seed_and_their_number_alone() {
    let folder = tempfile::tempdir().unwrap();
    let few = [
        "--family", "Q22,Q26", "--seed", "7", "--count", "4", "--json",
    ];
    let (first, again) = (said(folder.path(), &few), said(folder.path(), &few));
    assert_eq!(first, again);
    let json: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(json["incidents"], 4);
    assert_eq!(json["alarms"][0]["of"], 1);
    // The first case of one is the first case of many.
    let one = said(
        folder.path(),
        &["--family", "Q22,Q26", "--seed", "7", "--only", "0"],
    );
    assert!(one.contains("in truth "), "{one}");
    assert!(one.contains("[trace.arrivals]"), "{one}");
    let other = said(
        folder.path(),
        &["--family", "Q22,Q26", "--seed", "8", "--only", "0"],
    );
    assert_ne!(one, other);
}

#[test]
fn a_folder_gets_the_matrix_the_misses_and_the_numbers() {
    let folder = tempfile::tempdir().unwrap();
    said(
        folder.path(),
        &[
            "--family",
            "Q26",
            "--count",
            "2",
            "--baselines",
            "--out",
            "drawn",
        ],
    );
    let out = folder.path().join("drawn");
    let json: Value =
        serde_json::from_str(&fs::read_to_string(out.join("blind.json")).unwrap()).unwrap();
    let asked: Vec<&str> = json["diagnosers"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(asked, ["gameday", "z-score", "baro-like"]);
    assert!(
        fs::read_to_string(out.join("confusion.csv"))
            .unwrap()
            .starts_with("truth,said,times\n")
    );
    assert!(
        fs::read_to_string(out.join("misses.csv"))
            .unwrap()
            .starts_with("number,family,")
    );
    assert!(
        fs::read(out.join("confusion.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
}

/// Somebody's own traffic, shorter than most drawn runs and in bursts: it is stretched to what is drawn, and told apart in the table.
#[test]
fn captured_traffic_takes_the_place_of_a_generator_in_half_of_the_draws() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..4000u32)
        .map(|i| format!("{}.{:03},t{},/r{}\n", i / 7, i % 7 * 20, i % 5, i % 3))
        .collect();
    fs::write(
        folder.path().join("mine.csv"),
        format!("arrived,tenant,route\n{rows}"),
    )
    .unwrap();
    let args = [
        "--family", "Q26", "--seed", "3", "--count", "8", "--trace", "mine.csv", "--json",
    ];
    let json: Value = serde_json::from_str(&said(folder.path(), &args)).unwrap();
    let mine = json["by"]["traffic"]["mine.csv"][0]["first"]["of"]
        .as_u64()
        .unwrap();
    assert!((1..8).contains(&mine), "{mine} of 8");
}

/// A diagnoser that says the same of everything, and writes down what it was given.
#[cfg(unix)]
#[test]
fn a_diagnoser_of_somebody_else_gets_the_recording_and_nothing_of_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("agent.sh");
    let seen = folder.path().join("seen");
    let text = format!(
        "ls \"$1\" > {0}\necho \"$1\" >> {0}\nhead -1 \"$1/requests.csv\" >> {0}\necho '{{\"causes\": [{{\"cause\": \"idempotency-key-unstable\", \"probability\": 0.9}}], \"onset\": 12.5}}'\n",
        seen.display()
    );
    fs::write(&script, text).unwrap();
    let line = format!("sh {}", script.display());
    let args = [
        "--family",
        "idempotency-key-unstable",
        "--count",
        "2",
        "--diagnoser",
        &line,
        "--json",
    ];
    let json: Value = serde_json::from_str(&said(folder.path(), &args)).unwrap();
    assert_eq!(json["diagnosers"][1], line.as_str());
    // It is always right here about the cause, and late or early by minutes.
    assert_eq!(json["all"][1]["first"]["hits"], 2.0);
    assert_eq!(json["all"][1]["on_time"]["hits"], 0.0);
    let seen = fs::read_to_string(seen).unwrap();
    assert!(
        seen.contains("requests.csv") && seen.contains("arrived"),
        "{seen}"
    );
    assert!(
        !seen.contains("unstable") && !seen.contains(".toml"),
        "{seen}"
    );
    let left = seen.lines().find(|l| l.starts_with('/')).unwrap();
    assert!(!Path::new(left).exists(), "{left} is left behind");
}

#[test]
fn what_cannot_be_drawn_or_asked_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |args: &[&str], what: &str| {
        let out = blind(folder.path(), args).code(2).get_output().clone();
        let text = String::from_utf8(out.stderr).unwrap();
        assert!(text.contains(what), "{text}");
        assert!(out.stdout.is_empty());
    };
    refused(&["--family", "Q99"], "no incident of \"Q99\" is drawn here");
    refused(&["--diagnoser", "'"], "is no command");
    refused(&["--trace", "nowhere.csv"], "nowhere.csv");
    fs::write(folder.path().join("short.csv"), "arrived\n0.5\n1.5\n").unwrap();
    refused(&["--trace", "short.csv"], "has 2 requests");
    refused(&["--only", "3", "--json"], "cannot be used with");
    refused(&["--healthy", "3", "--count", "4"], "cannot be used with");
    refused(
        &["--count", "1", "--diagnoser", "/nowhere/at/all"],
        "cannot be run",
    );
    #[cfg(unix)]
    refused(
        &["--count", "1", "--diagnoser", "echo nothing"],
        "printed no JSON",
    );
}
