//! The samples in `traces/`: each format has one, and each is replayed to the last row.

use assert_cmd::Command;
use gameday::trace::{
    Requests,
    formats::{FORMATS, named},
};
use std::{collections::BTreeSet, path::PathBuf};

/// Samples that are read by a map.
const MAPPED: &[(&str, &str)] = &[(
    "events.jsonl",
    "arrived=ts:ms,tenant=account.id,user=account.user,route=http.path,service_time=http.took_ms:ms",
)];

fn map_of(file: &std::path::Path) -> Option<&'static str> {
    let named = |(name, _): &&(&str, &str)| file.ends_with(name);
    MAPPED.iter().find(named).map(|(_, map)| *map)
}

#[test]
fn samples_with_a_map_are_replayed_to_the_last_row() {
    for (name, map) in MAPPED {
        let file = format!("traces/{name}");
        let rows = std::fs::read_to_string(&file).unwrap().lines().count();
        let out = Command::cargo_bin("gameday")
            .unwrap()
            .args(["replay", "incident-24", "--no-report", "--print", "json"])
            .args(["--trace", &file, "--map", map])
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{file}: {err}");
        let summary: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!(summary["requests_replayed"], rows, "{file}");
    }
}

fn samples() -> Vec<PathBuf> {
    let files = std::fs::read_dir("traces").unwrap();
    let mut files: Vec<_> = files.map(|f| f.unwrap().path()).collect();
    files.retain(|f| f.extension().is_none_or(|e| e != "md") && map_of(f).is_none());
    files.sort();
    files
}

#[test]
fn every_format_has_a_sample() {
    let sampled: BTreeSet<String> = samples()
        .iter()
        .map(|f| Requests::open(f).unwrap().facts().format.clone())
        .collect();
    let known: BTreeSet<String> = FORMATS.iter().map(|f| f.name.to_string()).collect();
    assert_eq!(sampled, known);
}

#[test]
fn every_sample_is_replayed_to_the_last_row() {
    for file in samples() {
        let requests = Requests::open(&file).unwrap();
        let format = named(&requests.facts().format).unwrap();
        let rows = requests.map(Result::unwrap).count();
        let rate: &[&str] = if format.clock {
            &[]
        } else {
            &["--rate", "5/s"]
        };
        let out = Command::cargo_bin("gameday")
            .unwrap()
            .args([
                "replay",
                "incident-24",
                "--no-report",
                "--print",
                "json",
                "--trace",
            ])
            .arg(&file)
            .args(rate)
            .output()
            .unwrap();
        assert!(
            out.status.success(),
            "{file:?}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        let summary: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!(summary["requests_replayed"], rows, "{file:?}");
    }
}
