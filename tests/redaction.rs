//! What is in payloads stays in payloads: no value of theirs is in a report, a recording, a contract or on the terminal.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// In every text of every payload, and in every number.
const SECRET: &str = "hunter2canary";
const NUMBER: &str = "918273645";

fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("redaction");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs the program; what it printed.
fn gameday(folder: &Path, args: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_gameday"))
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = [out.stdout, out.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(out.status.code().is_some_and(|c| c < 2), "{args:?}: {said}");
    said
}

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else {
            all.push(path);
        }
    }
}

/// Sound, refused, truncated, wrapped, of another type, with secrets for names.
fn trace() -> String {
    let body = |i: usize| {
        let whole = format!(
            "{{\"prompt\":\"say {SECRET} {i}\",\"temperature\":{NUMBER}.5,\"user_id\":\"{SECRET}\",\"items\":[{{\"kind\":\"{SECRET}\"}}]}}"
        );
        match i % 7 {
            0 => format!("{{\"user_id\":\"{SECRET}\"}}"),
            1 => whole[..whole.len() - 9].to_string(),
            2 => format!("I, {SECRET}, say:\n```json\n{whole}\n```"),
            3 => format!("{{\"prompt\":{NUMBER},\"user_id\":{NUMBER}}}"),
            4 => format!("{{\"prompt\":\"{SECRET}\",\"{SECRET}@{NUMBER}.example\":\"{SECRET}\"}}"),
            5 => format!("{SECRET}={NUMBER}"),
            _ => whole,
        }
    };
    let line = |i: usize| {
        let body = serde_json::Value::from(body(i));
        format!(
            "{{\"arrived\":{},\"client\":\"web\",\"body\":{body}}}\n",
            i as f64 * 0.1
        )
    };
    (0..3000).map(line).collect()
}

const INCIDENT: &str = r#"
schema = 1
title = "t"
warm_up = 0
[trace]
path = "trace.jsonl"
[service]
parse = { kind = "schema-json", shapes = true, fields = { prompt = "text", user_id = { type = "text", coerce = true } } }
key = { fields = ["prompt"] }
cache = { kind = "lru", capacity = 100 }
call = { dependency = "llm" }
[dependency.llm]
latency = "300ms"
[[timeline]]
at = "33%"
deploy = "strict"
set = { "service.parse.unknown" = "refuse", "service.parse.fields.user_id.coerce" = false }
[[fix]]
at = "67%"
rollback = "strict"
[gates]
parse = "parse.error_rate < 0.5%"
"#;

#[test]
fn no_value_of_a_payload_is_ever_shown_or_written() {
    let folder = folder();
    fs::write(folder.join("trace.jsonl"), trace()).unwrap();
    fs::write(folder.join("t.toml"), INCIDENT).unwrap();
    let mut said = vec![];
    for format in ["csv", "jsonl"] {
        let args = [
            "replay",
            "t.toml",
            "--save",
            format,
            "--save-format",
            format,
        ];
        said.push(gameday(
            &folder,
            &[&args[..], &["--out", "reports"]].concat(),
        ));
        said.push(gameday(&folder, &["diagnose", format]));
    }
    said.push(gameday(&folder, &["gate", "t.toml"]));
    let extracted = gameday(
        &folder,
        &["contract", "extract", "t.toml", "--out", "c.json"],
    );
    // There is something to tell: each way to be wrong, and its case.
    for word in [
        "missing_field prompt",
        "truncated",
        "repaired",
        "wrong_type",
        "unknown_field",
        "syntax",
    ] {
        assert!(extracted.contains(word), "{word}: {extracted}");
    }
    said.push(extracted);
    said.push(gameday(
        &folder,
        &["contract", "check", "c.json", "--parser", "t.toml"],
    ));
    for text in &said {
        assert!(!text.contains(SECRET) && !text.contains(NUMBER), "{text}");
    }
    let mut all = vec![];
    files(&folder, &mut all);
    all.retain(|path| !path.ends_with("trace.jsonl"));
    assert!(all.len() > 10, "{all:?}");
    for path in all {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(
            !text.contains(SECRET) && !text.contains(NUMBER),
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_contract_breaks_where_a_parser_refuses_what_another_read() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("contract");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("trace.jsonl"), trace()).unwrap();
    fs::write(folder.join("t.toml"), INCIDENT).unwrap();
    gameday(
        &folder,
        &["contract", "extract", "t.toml", "--out", "c.json"],
    );
    let code = |parser: &str| {
        let out = Command::new(env!("CARGO_BIN_EXE_gameday"))
            .args(["contract", "check", "c.json", "--parser", parser])
            .current_dir(&folder)
            .output()
            .unwrap();
        out.status.code()
    };
    assert_eq!(
        code("t.toml:1"),
        Some(0),
        "the reader of before reads what it read"
    );
    assert_eq!(code("t.toml:2"), Some(1), "the strict one does not");
    assert_eq!(code("t.toml:7"), Some(2));
}
