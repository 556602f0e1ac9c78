//! `gameday compare`, from its arguments to what it prints, its exit code, and what it refuses.

use assert_cmd::Command;
use std::path::Path;

const INCIDENT: &str = r#"
schema   = 1
title    = "A small service"
seed     = 5
[trace]
arrivals = { kind = "poisson", rate = "20/s" }
duration = "60s"
tenants  = { acme = 2, globex = 1 }
[service]
queue    = { kind = "fifo", workers = 8, limit = 100 }
call     = { dependency = "llm", timeout = "2s" }
[dependency.llm]
latency    = { kind = "lognormal", p50 = "100ms", p99 = "400ms" }
pool       = 16
[[timeline]]
at = "50%"
for = "25%"
fault = { kind = "latency", target = "llm", percentage = 100, latency = "200ms" }
[variant.tight]
service.queue.workers = 2
"#;

/// Exit code, standard output, standard error.
fn compare(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let done = Command::cargo_bin("gameday")
        .unwrap()
        .current_dir(folder)
        .arg("compare")
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        done.status.code().unwrap(),
        text(done.stdout),
        text(done.stderr),
    )
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.toml"), INCIDENT).unwrap();
    folder
}

#[test]
fn a_variant_beside_its_file_is_told_request_by_request() {
    let folder = folder();
    let args = ["small.toml:healthy", "small.toml:tight", "--most", "3"];
    let (code, text, _) = compare(folder.path(), &args);
    assert_eq!(code, 0);
    insta::assert_snapshot!("compare_paired", text);
    assert_eq!(
        compare(folder.path(), &args).1,
        text,
        "the same bytes again"
    );
    let gated = [&args[..], &["--gate"]].concat();
    assert_eq!(compare(folder.path(), &gated).0, 1);
    // The other way round nothing is worse but what more workers cost.
    let set = [
        "small.toml:healthy",
        "small.toml:healthy",
        "--set-b",
        "dependency.llm.pool=15",
        "--gate",
    ];
    let (code, text, _) = compare(folder.path(), &set);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn two_stretches_of_one_run_are_held_against_chance() {
    let folder = folder();
    let args = [
        "small.toml",
        "small.toml",
        "--a-to",
        "30s",
        "--b-from",
        "30s",
        "--b-to",
        "45s",
    ];
    let (code, text, _) = compare(folder.path(), &args);
    assert_eq!(code, 0);
    insta::assert_snapshot!("compare_unpaired", text);
}

#[test]
fn saved_recordings_are_compared_as_their_runs_are_and_json_says_the_same() {
    let folder = folder();
    for (name, variant) in [("a", "healthy"), ("b", "tight")] {
        let flag = if variant == "healthy" {
            vec!["--healthy"]
        } else {
            vec!["--variant", variant]
        };
        let replay = Command::cargo_bin("gameday")
            .unwrap()
            .current_dir(folder.path())
            .args([
                "replay",
                "small.toml",
                "--no-report",
                "--save-format",
                "csv",
                "--save",
                name,
            ])
            .args(flag)
            .output()
            .unwrap();
        assert!(replay.status.success());
    }
    let (code, saved, _) = compare(folder.path(), &["a", "b", "--print", "json"]);
    let runs = ["small.toml:healthy", "small.toml:tight", "--print", "json"];
    let (_, run, _) = compare(folder.path(), &runs);
    let [mut saved, mut run] =
        [saved, run].map(|t| serde_json::from_str::<serde_json::Value>(&t).unwrap());
    assert_eq!(
        (code, &saved["how"], &saved["worse"]),
        (0, &"paired".into(), &true.into())
    );
    for object in [&mut saved, &mut run] {
        object["a"] = "a".into();
        object["b"] = "b".into();
    }
    assert_eq!(saved, run);
    let fields: Vec<_> = run.as_object().unwrap().keys().cloned().collect();
    insta::assert_snapshot!("compare_json_fields", fields.join("\n"));
    let docs =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/compare.md"))
            .unwrap();
    let rows = run["rows"][0].as_object().unwrap().keys().cloned();
    for field in fields.into_iter().chain(rows) {
        assert!(
            docs.contains(&format!("`{field}`")),
            "docs/compare.md does not tell of {field}"
        );
    }
}

#[test]
fn what_cannot_be_compared_is_refused_with_what_would_be_right() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for (args, says) in [
        (
            &["small.toml", "nothing"][..],
            "there is no incident \"nothing\"",
        ),
        (&["small.toml:wrong", "small.toml"], "wrong"),
        (&["empty", "small.toml"], "empty"),
        (
            &["small.toml", "small.toml", "--a-from", "2h"],
            "the last request arrived at",
        ),
        (
            &["small.toml", "small.toml", "--a-from", "soon"],
            "such as 10m",
        ),
        (
            &["small.toml", "small.toml", "--b-from", "9s", "--b-to", "8s"],
            "begins before it ends",
        ),
        (
            &["small.toml", "small.toml", "--tolerance", "five"],
            "5%,1ms",
        ),
        (
            &[
                "small.toml",
                "small.toml",
                "--set-b",
                "service.queue.workers=many",
            ],
            "workers",
        ),
        (&["empty", "empty", "--seed", "4"], "--seed is for replays"),
        (
            &["small.toml", "empty", "--set-b", "a=1"],
            "--set-b is for an incident",
        ),
    ] {
        let (code, out, err) = compare(folder.path(), args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(err.contains(says), "{args:?}: {err}");
    }
}
