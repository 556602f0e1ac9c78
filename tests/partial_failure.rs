//! What answers are made of, against what they say: incident 29, and `gameday lint`.

use assert_cmd::Command;

fn gameday(args: &[&str]) -> (Option<i32>, String) {
    let out = Command::cargo_bin("gameday")
        .unwrap()
        .args(args)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    (out.status.code(), text)
}

const FILE: &str = "incidents/incident-29.toml";

/// Honest answers alone repair nothing: what is missing is still missing, until the tool's call is made again.
#[test]
fn the_first_step_of_the_fix_tells_the_truth_and_mends_nothing() {
    let (code, text) = gameday(&["gate", FILE, "--fix-steps", "1"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("not recovered after the fix"), "{text}");
    let (_, text) = gameday(&["gate", FILE]);
    assert!(
        text.contains("recovered at once with the last step"),
        "{text}"
    );
}

/// A fix that asks again for what failed, of one copy of a shard in ten, loses a tenth of a tenth.
#[test]
fn what_is_asked_for_again_is_what_failed_alone() {
    let (_, text) = gameday(&[
        "replay",
        FILE,
        "--variant",
        "one-copy-of-a-shard",
        "--no-report",
    ]);
    let line = text
        .lines()
        .find(|l| l.contains("recovered") && l.contains("partial_failure_rate "))
        .unwrap_or_else(|| panic!("{text}"));
    let share = line.split("partial_failure_rate ").nth(1).unwrap();
    let share: f64 = share.split('%').next().unwrap().trim().parse().unwrap();
    // Four standard errors of 1 % of some 6,300 requests.
    assert!((share - 1.0).abs() < 0.5, "{line}");
}

#[test]
fn a_lint_names_the_flag_at_its_place_and_an_honest_file_passes() {
    let (code, text) = gameday(&["lint", FILE, "--variant", "aggregate-boolean"]);
    assert_eq!(code, Some(1));
    assert!(
        text.contains("incident-29.toml:") && text.contains(": one-flag: "),
        "{text}"
    );
    let (code, text) = gameday(&["lint", FILE, "--variant", "sound"]);
    assert_eq!((code, text.as_str()), (Some(0), ""));
    let (_, text) = gameday(&["lint", FILE, "--format", "json"]);
    let list: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(list[0]["code"], "one-flag");
    let (_, text) = gameday(&["lint", FILE, "--format", "github"]);
    assert!(
        text.starts_with("::error file=incidents/incident-29.toml,line="),
        "{text}"
    );
}

#[test]
fn a_lint_of_a_recording_finds_success_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("saved");
    let saved = saved.to_str().unwrap();
    gameday(&[
        "replay",
        FILE,
        "--variant",
        "truncated-as-complete",
        "--no-report",
        "--save",
        saved,
    ]);
    let (code, text) = gameday(&["lint", saved]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("hidden-failure") && text.contains("streams without an end"),
        "{text}"
    );
}

/// What cannot be meant is refused at its place.
#[test]
fn parts_that_cannot_be_are_refused() {
    for (right, wrong, says) in [
        ("count = 8, hits = 5", "count = 0, hits = 5", "0 shards"),
        (
            "count = 8, hits = 5",
            "count = 8, need = 9, hits = 5",
            "9 of 8 shards",
        ),
        ("shard = 3 }", "shard = 0 }", "there is no shard 0"),
    ] {
        let text = std::fs::read_to_string(FILE).unwrap();
        assert!(text.contains(right));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wrong.toml");
        std::fs::write(&file, text.replace(right, wrong)).unwrap();
        let out = Command::cargo_bin("gameday")
            .unwrap()
            .args([
                "replay",
                "--no-report",
                "--variant",
                "partial-results-as-full",
            ])
            .arg(&file)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{told}");
        assert!(
            told.contains(says) && told.contains("wrong.toml:"),
            "{told}"
        );
    }
}

/// A file in which each rule finds something, and nothing else is wrong.
const CARELESS: &str = r#"
schema = 1
title = "careless"
[trace]
arrivals = { kind = "poisson", rate = "20/s" }
duration = "30s"
classes = { urgent = 1, later = 1 }
[clients]
patience = "1s"
retry = { max = 3 }
[service]
report = { kind = "always-ok" }
call = [
    { dependency = "tool", optional = true, timeout = "5s", retry = { max = 2, jitter = "none" } },
    { dependency = "llm" },
]
[dependency.tool]
latency = "5ms"
[dependency.llm]
latency = "5ms"
[[timeline]]
at = "15%"
fault = { kind = "error", target = "tool" }
[gates]
latency = "latency p(95) < 2x baseline"
errors = "error_rate < 1%"
[expect]
breached = ["errors"]
"#;

#[test]
fn each_rule_of_files_finds_what_it_is_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("careless.toml");
    let file = file.to_str().unwrap();
    let found = |text: &str| {
        std::fs::write(file, text).unwrap();
        gameday(&["lint", file]).1
    };
    let text = found(CARELESS);
    for code in [
        "one-flag",
        "status-only",
        "retries-in-two-layers",
        "retry-unbounded",
        "timeout-beyond-patience",
        "no-class-gate",
        "short-baseline",
        "no-owner",
        "no-fix",
    ] {
        assert!(text.contains(&format!(": {code}: ")), "{code}: {text}");
    }
    assert!(text.contains("12 attempts"), "{text}");
    let start = CARELESS.find("[gates]").unwrap();
    assert!(found(&CARELESS[..start]).contains(": no-gates: "));
    // Each is silent once it is put right.
    for (wrong, right, code) in [
        (
            "error_rate < 1%",
            "error_rate by class < 1%",
            "no-class-gate",
        ),
        ("at = \"15%\"", "at = \"25%\"", "short-baseline"),
        ("kind = \"always-ok\"", "kind = \"honest\"", "one-flag"),
        (
            "error_rate < 1%",
            "partial_failure_rate < 1%",
            "status-only",
        ),
        (
            "retry = { max = 3 }",
            "retry = { max = 3, budget = \"10%\" }",
            "retries-in-two-layers",
        ),
        ("jitter = \"none\"", "jitter = \"full\"", "retry-unbounded"),
        (
            "timeout = \"5s\"",
            "timeout = \"500ms\"",
            "timeout-beyond-patience",
        ),
        ("[gates]", "[owners]\ncall = \"us\"\n[gates]", "no-owner"),
        ("breached = [\"errors\"]", "breached = []", "no-fix"),
    ] {
        assert!(CARELESS.contains(wrong), "{wrong}");
        let text = found(&CARELESS.replace(wrong, right));
        assert!(!text.contains(&format!(": {code}: ")), "{code}: {text}");
    }
    let (_, list) = gameday(&["lint", "--list"]);
    assert!(list.lines().count() >= 10, "{list}");
}

/// Our own export need not have the log of sub-steps: the calls tell of what was swallowed.
#[test]
fn a_recording_without_the_log_of_sub_steps_is_told_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("careless.toml");
    let text = CARELESS.replace("report = { kind = \"always-ok\" }\n", "");
    std::fs::write(&file, text).unwrap();
    let saved = folder.path().join("saved");
    let saved = saved.to_str().unwrap();
    gameday(&[
        "replay",
        file.to_str().unwrap(),
        "--no-report",
        "--save",
        saved,
    ]);
    let (code, text) = gameday(&["lint", saved]);
    assert_eq!(code, Some(1));
    assert!(
        text.contains("missing-column: it is not recorded what their sub-steps"),
        "{text}"
    );
}
