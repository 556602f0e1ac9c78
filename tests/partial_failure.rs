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
