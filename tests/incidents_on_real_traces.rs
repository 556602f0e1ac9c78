//! Each family of incidents on a real trace, at 50 requests a second: what the file expects to breach is breached there too, and
//! passes once recovered. Without the trace this test says so and passes.

mod provided;

use assert_cmd::Command;
use serde_json::Value;

/// A family on a trace.
struct On {
    trace: &'static str,
    /// How many times over.
    times: &'static str,
    incident: &'static str,
    /// What fits the service to a load that its file does not have.
    set: &'static [&'static str],
}

/// Its bursts are a hundred times its mean: for services that have room for them.
const BURSTS: &str = "llm_azure2023_code.csv";
/// Arrivals in batches of three seconds, otherwise even, for services that run at most of what they can do.
const EVEN: &str = "llm_mooncake_conversation_part1.jsonl";

const ON_BURSTS: &[&str] = &[
    "incident-22",
    "incident-23",
    "incident-24",
    "incident-25",
    "incident-26",
    "incident-28",
    "incident-29",
];

const ON_EVEN: &[(&str, &str, &[&str])] = &[
    // The bursts of the other wait at the queue of this service, healthy or not.
    ("incident-21", "4", &[]),
    // Ten workers for 14.5 requests a second; here as much work of 50.
    (
        "incident-27",
        "8",
        &["service.compute.p50=116ms", "service.compute.p99=348ms"],
    ),
    ("incident-30", "6", &[]),
];

fn families() -> impl Iterator<Item = On> {
    let bursts = ON_BURSTS.iter().map(|&incident| On {
        trace: BURSTS,
        times: "2",
        incident,
        set: &[],
    });
    let even = ON_EVEN.iter().map(|&(incident, times, set)| On {
        trace: EVEN,
        times,
        incident,
        set,
    });
    bursts.chain(even)
}

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
    for on in families() {
        let incident = on.incident;
        let Some(trace) = provided::trace(on.trace) else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        Command::cargo_bin("gameday")
            .unwrap()
            .current_dir(folder.path())
            .args(["replay", incident, "--rate", "50/s", "--loop", on.times])
            .args(on.set.iter().flat_map(|set| ["--set", set]))
            .arg("--trace")
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
        right.sort();
        assert_eq!(breached(&summary, "incident"), right, "{incident}");
        let none: [&str; 0] = [];
        assert_eq!(breached(&summary, "recovered"), none, "{incident}");
        let gates = summary["gates"].as_array().unwrap();
        assert!(
            gates.iter().any(|g| g["phase"] == "recovered"),
            "{incident} never recovers"
        );
    }
}
