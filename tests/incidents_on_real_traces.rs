//! Each family of incidents on a real trace, at 50 requests a second: what the file expects to breach is breached there too, and
//! passes once recovered. Without the trace this test says so and passes.

mod provided;

use assert_cmd::Command;
use serde_json::Value;

/// Incident, gates that the trace's own bursts breach besides, with or without the incident.
const FAMILIES: &[(&str, &[&str])] = &[
    // The trace's bursts wait at the queue of this service, healthy or not.
    ("incident-21", &["queue"]),
    ("incident-22", &[]),
    ("incident-23", &[]),
    ("incident-24", &[]),
    ("incident-25", &[]),
    ("incident-26", &[]),
    ("incident-28", &[]),
    ("incident-29", &[]),
];

/// Gates by phase, from the summary of a run.
fn breached(summary: &Value, phase: &str) -> Vec<String> {
    let gates = summary["gates"].as_array().unwrap();
    let mut names: Vec<String> = gates
        .iter()
        .filter(|g| g["phase"] == phase && g["verdict"] == "breach")
        .map(|g| g["gate"].as_str().unwrap().to_string())
        .collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn what_each_family_breaches_is_breached_on_real_traffic_and_heals() {
    let Some(trace) = provided::trace("llm_azure2023_code.csv") else {
        return;
    };
    for (incident, besides) in FAMILIES {
        let folder = tempfile::tempdir().unwrap();
        Command::cargo_bin("gameday")
            .unwrap()
            .current_dir(folder.path())
            .args([
                "replay", incident, "--rate", "50/s", "--loop", "2", "--trace",
            ])
            .arg(&trace)
            .args(["--out", "here"])
            .assert()
            .success();
        let summary =
            std::fs::read_to_string(folder.path().join(format!("here/{incident}/summary.json")))
                .unwrap();
        let summary: Value = serde_json::from_str(&summary).unwrap();
        let file = format!("{}/incidents/{incident}.toml", env!("CARGO_MANIFEST_DIR"));
        let file: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
        let mut right: Vec<String> = file["expect"]["breached"]
            .as_array()
            .unwrap()
            .iter()
            .map(|gate| gate.as_str().unwrap().to_string())
            .collect();
        right.extend(besides.iter().map(|gate| gate.to_string()));
        right.sort();
        assert_eq!(breached(&summary, "incident"), right, "{incident}");
        assert_eq!(breached(&summary, "recovered"), *besides, "{incident}");
    }
}
