//! `gameday lab` from end to end.

use assert_cmd::Command;
use predicates::str::contains;

fn lab(args: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("gameday").unwrap();
    command.arg("lab").args(args).assert()
}

#[test]
fn structures_are_measured_and_a_budget_that_none_holds_is_exit_code_one() {
    let small = ["structures", "--sizes", "100,1k", "--samples", "20"];
    let run = lab(&[
        &small[..],
        &["--budget", "lookup=1h,insert=1h,top-k=1h,expire=1h"],
    ]
    .concat());
    run.code(0)
        .stdout(contains("take it"))
        .stdout(contains("sorted vec"));
    let run = lab(&[&small[..], &["--budget", "lookup=0"]].concat());
    run.code(1).stdout(contains("none holds the budget"));
}

#[test]
fn what_cannot_be_measured_is_refused() {
    for (args, message) in [
        (["--sizes", "0"], "1 to 4000000"),
        (["--sizes", "1e99"], "--sizes"),
        (["--sizes", "\"\\"], "--sizes"),
        (["--samples", "1"], "20 to"),
        (["--exponent", "nan"], "0 (uniform)"),
        (["--budget", "lookups=1ms"], "no budget"),
    ] {
        let refused = lab(&["structures", args[0], args[1]]);
        refused.code(2).stderr(contains(message));
    }
}

#[test]
fn a_leak_is_exit_code_one_and_a_bounded_cache_is_none() {
    let hours = ["--set", "trace.duration=6h"];
    lab(&[&["leak", "incident-19", "--variant", "sound"], &hours[..]].concat())
        .code(0)
        .stdout(contains("memory.live.cache"));
    lab(&[&["leak", "incident-19", "--variant", "soak"], &hours[..]].concat())
        .code(1)
        .stdout(contains("LEAK"))
        .stdout(contains("Top growth"));
    lab(&["leak", "incident-0"]).code(2);
}

const V1: &str = r#"fields = { prompt = "text", temp = { type = "number", required = false } }"#;
const V2_BREAKING: &str = r#"fields = { prompt = "text", temperature = "number", locale = { type = "text", default = "en" } }"#;
const V2_ADDITIVE: &str = r#"
fields  = { prompt = "text", temperature = { type = "number", default = 0.2 }, locale = { type = "text", default = "en" } }
renamed = { temp = "temperature" }
"#;
const V3_JSON: &str = r#"{ "type": "object", "required": ["prompt"], "properties": { "prompt": { "type": "string" },
    "temperature": { "type": "number" }, "locale": { "type": "string", "enum": ["en", "de"] } } }"#;

/// Compares files of these contents.
fn schemas(texts: &[&str], mode: &str) -> assert_cmd::assert::Assert {
    let folder = tempfile::tempdir().unwrap();
    let mut args = vec!["schema".to_string()];
    for (i, text) in texts.iter().enumerate() {
        let path = folder.path().join(format!("v{}.toml", i + 1));
        std::fs::write(&path, text).unwrap();
        args.push(path.to_string_lossy().into());
    }
    args.extend(["--mode".to_string(), mode.to_string()]);
    lab(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn schemas_say_which_change_breaks_which_direction_and_why() {
    let strict = format!("unknown = \"refuse\"\n{V1}");
    schemas(&[&strict, V2_BREAKING], "full")
        .code(1)
        .stdout(contains("- temp           number; if it is temperature now: renamed = { temp = \"temperature\" }"))
        .stdout(contains("+ temperature    number, required"))
        .stdout(contains("backward  BREAKS"))
        .stdout(contains("temperature      missing_field: {\"prompt\":\"text~\"}"))
        .stdout(contains("forward   BREAKS"))
        .stdout(contains("unknown_field: "))
        .stdout(contains("not in one step"));
    // The same, expanded: new readers take old payloads, and old readers would not yet take new ones.
    let expanded = schemas(&[&strict, V2_ADDITIVE], "backward");
    expanded
        .code(0)
        .stdout(contains("backward  holds"))
        .stdout(contains("readers before writers"));
    schemas(&[&strict, V2_ADDITIVE], "full").code(1);
    schemas(&[V1, V2_ADDITIVE], "full")
        .code(0)
        .stdout(contains("~ temp           number, renamed to temperature"))
        .stdout(contains("in any order"));
    // Of three the last is held against each: what V2 may say of a locale, a V3 of two does not know.
    schemas(&[V1, V2_ADDITIVE, V3_JSON], "backward")
        .code(1)
        .stdout(contains("v1.toml -> "))
        .stdout(contains("locale           unknown_value: "));
}

#[test]
fn what_is_no_schema_is_refused() {
    for (text, message) in [
        ("x = 1", "there is no schema here"),
        ("kind = \"json\"\nrequired = []", "there is no schema here"),
        ("fields = 1", "the fields of a schema is a table"),
        ("{ \"type\": ", "this is no JSON"),
        (
            "{ \"anyOf\": [], \"properties\": {} }",
            "more than this check understands",
        ),
        (
            "[service]\nparse = { kind = \"schema-json\", fieds = {} }",
            "did you mean \"fields\"?",
        ),
    ] {
        schemas(&[V1, text], "full")
            .code(2)
            .stderr(contains(message));
    }
    schemas(&[V1, V1], "sideways")
        .code(2)
        .stderr(contains("sideways"));
    lab(&["schema", "incident-07"]).code(2);
    // An incident is one, as it is at its start.
    lab(&["schema", "incident-07", "incident-07"]).code(0);
}

#[test]
fn a_limit_is_proposed_from_a_trace_and_judged_by_it() {
    let limiter = |args: &[&str]| {
        let mut command = Command::cargo_bin("gameday").unwrap();
        let out = command
            .args(["lab", "limiter", "--trace"])
            .args(args)
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&out.stderr).into_owned();
        (
            out.status.success(),
            String::from_utf8_lossy(&out.stdout).into_owned(),
            err,
        )
    };
    let numbers = |args: &[&str]| -> serde_json::Value {
        let (good, out, err) = limiter(&[args, &["--format", "json"]].concat());
        assert!(good, "{err}");
        serde_json::from_str(&out).unwrap()
    };
    let log = ["traces/access.log", "--key", "address"];
    let proposed = numbers(&[&log[..], &["--allow", "0%"]].concat());
    assert_eq!(proposed["requests"], 240);
    assert_eq!(proposed["limit"]["refused"], 0);
    let (rate, burst) = (
        &proposed["limit"]["rate"],
        proposed["limit"]["burst"].as_u64().unwrap(),
    );
    let rate = format!("{rate}/s");
    // One less refuses somebody.
    let less = (burst - 1).max(1).to_string();
    let judged = numbers(&[&log[..], &["--limit", &rate, "--burst", &less]].concat());
    assert!(burst > 1 && judged["limit"]["refused"].as_u64().unwrap() > 0);
    let (good, out, _) = limiter(&log);
    assert!(
        good && out.contains("limiter = { kind = \"token-bucket\", key = [\"address\"]"),
        "{out}"
    );
    for (args, says) in [
        (["traces/access.log", "--key", "adress"], "address"),
        (["traces/access.log", "--limit", "0/s"], "above 0"),
        (["traces/access.log", "--kind", "gcar"], "gcra"),
    ] {
        let (good, _, err) = limiter(&args);
        assert!(!good && err.contains(says), "{args:?}: {err}");
    }
}

#[test]
fn work_is_measured_beside_what_the_library_states() {
    let run = lab(&["work", "--kind", "stream", "--samples", "1"]);
    run.code(0)
        .stdout(contains("flaw reread"))
        .stdout(contains("stated"));
    let refused = lab(&["work", "--kind", "strem"]);
    refused.code(2).stderr(contains("did you mean \"stream\"?"));
    let refused = lab(&["work", "--samples", "0"]);
    refused.code(2).stderr(contains("1 to 1000"));
}
