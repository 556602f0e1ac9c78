//! The schema of `summary.json`, held to summaries of all kinds by a validator of others: it says every key, and no other.

#[path = "../examples/report_demo/data.rs"]
mod data;

use assert_cmd::Command;
use data::Demo;
use gameday::report::{json, summary_schema::schema};
use serde_json::{Value, json};
use std::{fs, path::Path};

/// The schema with no room for a key that it does not say: what is published leaves room for those to come.
fn closed(mut schema: Value) -> Value {
    fn close(value: &mut Value) {
        match value {
            Value::Object(object) => {
                object.values_mut().for_each(close);
                if object.contains_key("properties") && object.get("type") == Some(&json!("object"))
                {
                    object.insert("additionalProperties".into(), json!(false));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    close(&mut schema);
    schema
}

/// What a validator has against a summary.
fn against(schema: &Value, summary: &Value) -> Option<String> {
    let validator = jsonschema::draft202012::new(schema).unwrap();
    let mut errors = validator.iter_errors(summary);
    errors
        .next()
        .map(|e| format!("{}: {e:.300}", e.instance_path()))
}

#[track_caller]
fn holds(summary: &Value) {
    assert_eq!(against(&closed(schema()), summary), None);
    assert_eq!(against(&schema(), summary), None);
}

/// A minute of traffic, with a flaw that a deploy brings, a fix and a variant.
const SHORT: &str = r#"
schema = 1
title = "short"
question = "Q1"
seed = 3
[trace]
arrivals = { kind = "poisson", rate = "80/s" }
duration = "3m"
[service]
compute = "2ms"
call = { dependency = "db" }
[dependency.db]
latency = { kind = "lognormal", p50 = "20ms", p99 = "80ms" }
[[timeline]]
at = "33%"
fault = { kind = "latency", target = "db", percentage = 100, latency = "300ms" }
for = "30%"
[[fix]]
at = "66%"
set = { "service.compute" = "1ms" }
[gates]
latency = "latency p(95) < 2x baseline"
[expect]
causes = []
breached = ["latency"]
[variant.calm]
seed = 4
"#;

/// The summary that the program prints, whatever its verdict.
fn printed(args: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    printed_in(folder.path(), args)
}

fn printed_in(folder: &Path, args: &[&str]) -> Value {
    let file = folder.join("short.toml");
    fs::write(&file, SHORT).unwrap();
    let mut gameday = Command::cargo_bin("gameday").unwrap();
    gameday.current_dir(folder);
    gameday.args(["replay", "--no-report", "--format", "json"]);
    let output = gameday.arg(&file).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn what_the_program_prints_is_right_by_its_schema() {
    for args in [
        &[][..],
        &["--healthy"],
        &["--no-fix"],
        &["--no-records"],
        &["--variant", "calm"],
        &["--take", "1"],
    ] {
        let summary = printed(args);
        assert_eq!(against(&closed(schema()), &summary), None, "{args:?}");
    }
    let summary = printed(&[]);
    assert_eq!(summary["incident"], "short");
    assert_eq!(summary["verdict"], "breach");
    assert!(
        summary["truth"]["entries"]
            .as_array()
            .is_some_and(|e| e.len() == 2)
    );
}

/// What moved since a baseline; and a recording, which knows no seed.
#[test]
fn of_a_gate_against_a_baseline_and_of_a_recording_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let gameday = |args: &[&str]| {
        let mut gameday = Command::cargo_bin("gameday").unwrap();
        let output = gameday
            .current_dir(folder.path())
            .args(args)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (serde_json::from_slice::<Value>(&output.stdout), said)
    };
    printed_in(folder.path(), &["--save", "saved"]);
    let (_, said) = gameday(&["gate", "short.toml", "--update-baseline"]);
    assert!(folder.path().join("baselines").is_dir(), "{said}");
    let slower = [
        "gate",
        "short.toml",
        "--baseline",
        "baselines",
        "--set",
        "service.compute=5ms",
    ];
    let (summary, said) = gameday(&[&slower[..], &["--format", "json"]].concat());
    let summary = summary.unwrap_or_else(|e| panic!("{e}: {said}"));
    assert!(
        summary["moved"]["moved"]
            .as_array()
            .is_some_and(|m| !m.is_empty())
    );
    holds(&summary);
    let (summary, said) = gameday(&[
        "gate",
        "saved",
        "--require",
        "latency p(95) < 1h",
        "--format",
        "json",
    ]);
    let summary = summary.unwrap_or_else(|e| panic!("{e}: {said}"));
    assert!(summary["seed"].is_null());
    holds(&summary);
}

/// A full one, with causes, segments, facts and tail; and one of nothing.
#[test]
fn summaries_that_say_all_there_is_and_nothing_are_right_by_it() {
    let demo = Demo::incident(5.0);
    let full = json::summary(&demo.findings());
    for key in [
        "causes", "segments", "symptoms", "tail", "cleared", "also", "limits",
    ] {
        let said = full["diagnosis"][key].as_array();
        assert!(said.is_some_and(|all| !all.is_empty()), "{key}");
    }
    holds(&full);
    let mut empty = Demo::incident(5.0);
    empty.recording = Default::default();
    empty.truth = Default::default();
    empty.diagnosis = Default::default();
    empty.judgements = vec![];
    let mut findings = empty.findings();
    findings.recording = None;
    holds(&json::summary(&findings));
    let mut odd = Demo::incident(5.0);
    odd.truth.onset = Some(1);
    odd.truth.held_at = Some(2);
    odd.diagnosis.symptoms[0].before = f64::NAN;
    holds(&json::summary(&odd.findings()));
}

/// A schema that took everything would pass the tests above.
#[test]
fn it_refuses_what_is_no_summary() {
    let demo = Demo::incident(5.0);
    let right = json::summary(&demo.findings());
    let wrong: [(&str, Value); 9] = [
        ("/schema", json!(2)),
        ("/digest", json!("not hexadecimal")),
        ("/seed", json!(-1)),
        ("/verdict", json!("fine")),
        ("/phases/0/name", json!("lunch")),
        ("/phases/0/indicators/latency.p95", json!("41ms")),
        ("/units/latency.p95", json!("ms")),
        ("/gates/0/verdict", json!(null)),
        ("/diagnosis/onset/at", json!(1.5)),
    ];
    for (place, value) in wrong {
        let mut summary = right.clone();
        *summary.pointer_mut(place).unwrap() = value;
        assert!(against(&schema(), &summary).is_some(), "{place}");
    }
    for key in right.as_object().unwrap().keys() {
        let mut summary = right.clone();
        summary.as_object_mut().unwrap().shift_remove(key);
        assert!(against(&schema(), &summary).is_some(), "without {key}");
    }
    let mut summary = right.clone();
    summary["to_come"] = json!(1);
    assert_eq!(against(&schema(), &summary), None, "room for keys to come");
    assert!(against(&closed(schema()), &summary).is_some());
}

#[test]
fn the_published_file_is_what_the_program_prints() {
    let output = Command::cargo_bin("gameday")
        .unwrap()
        .args(["schema", "--of", "summary"])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed == fs::read_to_string("docs/summary.schema.json").unwrap(),
        "gameday schema --of summary > docs/summary.schema.json"
    );
    let parsed: Value = serde_json::from_str(&printed).unwrap();
    assert!(jsonschema::meta::is_valid(&parsed), "it is a schema itself");
}
