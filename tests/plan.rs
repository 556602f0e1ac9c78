//! `gameday plan`: what an incident teaches, each number from a replay.

use assert_cmd::Command;
use serde_json::Value;
use std::{path::Path, sync::OnceLock};

fn gameday(args: &[&str]) -> (Option<i32>, String, String) {
    let out = Command::cargo_bin("gameday")
        .unwrap()
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

/// A store that half of the traffic of two minutes of eight waits too long for: retries without a bound do the rest. Also a
/// harmless deploy, and somebody else's drift.
const FILE: &str = r#"
schema = 1
title = "A store slows down"
seed = 5
[trace]
arrivals = { kind = "poisson", rate = "40/s" }
duration = "6m"
tenants = { acme = 3, globex = 1 }
users = { count = 40 }
routes = { "/buy" = 1, "/look" = 2 }
[clients]
patience = "5s"
[service]
replicas = 2
call = { dependency = "store", timeout = "1s", retry = { max = 3, backoff = "50ms" } }
[dependency.store]
latency = { kind = "lognormal", p50 = "160ms", p99 = "400ms" }
workers = 10
[[timeline]]
at = "25%"
deploy = "harmless"
set = { "service.compute" = "1ms" }
[[timeline]]
at = "30%"
for = "1m"
fault = { kind = "latency", target = "store", latency = "400ms", jitter = "50ms" }
[[fix]]
at = "70%"
deploy = "calm"
set = { "service.call.retry.max" = 0 }
[owners]
call = "backend"
store = "storage"
[gates]
goodput = "success_rate > 50%"
storm = "retry.amplification < 2"
quiet = "error_rate.shed < 50%"
[expect]
true_causes = ["retry-storm"]
breached = ["goodput", "storm"]
"#;

const BUDGET: &str = r#"
[[action]]
name = "a budget of retries"
gap = "design"
cause = "retry-storm"
control = { set = { "service.call.retry.budget" = "10%" } }
owner = "backend"
due = 2026-12-15
gate = "storm"
"#;

const PAGE: &str = r#"
[[action]]
name = "a page"
gap = "detection"
control = { guard = { when = "error_rate > 20% for 20s", then = "alert" }, respond = "20s" }
owner = "backend"
due = "2026-12-20"
gate = "time_to_detect < 45s"
"#;

const REPLICAS: &str = r#"
[[action]]
name = "more replicas"
gap = "design"
control = { set = { "service.replicas" = 4 } }
owner = "storage"
due = "2026-12-20"
gate = "goodput"
"#;

struct File {
    folder: tempfile::TempDir,
    path: String,
}

fn file(more: &[&str]) -> File {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.toml");
    std::fs::write(&path, FILE.to_owned() + &more.concat()).unwrap();
    let path = path.to_str().unwrap().to_owned();
    File { folder, path }
}

fn plan(file: &File, more: &[&str]) -> (Option<i32>, Value) {
    let (code, out, err) = gameday(&[&["plan", &file.path, "--format", "json"], more].concat());
    let json = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    (code, json)
}

/// The plan with the budget alone, which several tests look at.
fn with_a_budget() -> &'static Value {
    static PLAN: OnceLock<Value> = OnceLock::new();
    PLAN.get_or_init(|| {
        let (code, json) = plan(&file(&[BUDGET]), &[]);
        assert_eq!(code, Some(0), "{json:#}");
        json
    })
}

#[test]
fn the_tree_names_what_it_takes_and_acquits_the_bystander() {
    let file = file(&[BUDGET]);
    let json = with_a_budget();
    let tree = &json["plan"]["tree"];
    let part = |i: usize| tree["factors"][i]["part"].as_str().unwrap();
    assert_eq!(
        (part(0), part(1), part(2)),
        ("bystander", "necessary", "necessary"),
        "{tree:#}"
    );
    assert_eq!(tree["sets"], serde_json::json!([["B", "C"]]));
    assert_eq!(tree["every_subset"], true);
    // Each subset once; the full one is the incident itself, the empty one harms nobody.
    let subsets = tree["subsets"].as_array().unwrap();
    assert_eq!(subsets.len(), 8);
    assert_eq!(
        subsets[0]["harmed"],
        json["plan"]["was"]["harmed"]["harmed"]
    );
    assert_eq!(subsets[7]["harmed"], 0);
    // By hand: the same file without the harmless deploy, or with the budget, by the gates of a plain replay.
    let with = ["gate", &file.path, "--set", "service.call.retry.budget=10%"];
    assert_eq!(gameday(&with).0, Some(0));
    assert_eq!(gameday(&["gate", &file.path]).0, Some(1));
}

#[test]
fn the_course_has_the_times_of_the_replay() {
    let file = file(&[BUDGET]);
    let json = with_a_budget();
    let course = &json["plan"]["course"];
    let seconds = |name: &str| course[name].as_f64().map(|ns| ns / 1e9);
    // The first entry comes at 25% of six minutes, the fault 18 s later, the fix at 70%.
    let kinds: Vec<&str> = course["moments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "trigger",
            "trigger",
            "onset",
            "trigger_over",
            "fix",
            "recovered"
        ]
    );
    assert_eq!(course["began"].as_f64(), Some(90e9));
    assert_eq!(seconds("mitigate"), Some(162.0));
    assert_eq!(seconds("detect"), Some(162.0));
    assert_eq!(course["by_guard"], false);
    assert!(
        (18.0..24.0).contains(&seconds("onset").unwrap()),
        "{course:#}"
    );
    let (_, replay, _) = gameday(&["replay", &file.path, "--no-report", "--print", "json"]);
    let replay: Value = serde_json::from_str(&replay).unwrap();
    assert_eq!(course["recovery"], replay["recovery_ns"]);
    let total = seconds("mitigate").unwrap() + seconds("recovery").unwrap();
    assert!((seconds("recover").unwrap() - total).abs() < 1e-6);
}

#[test]
fn reach_is_counted_against_the_healthy_run() {
    let file = file(&[BUDGET]);
    let json = with_a_budget();
    let blast = &json["plan"]["blast"];
    let harmed = &json["plan"]["was"]["harmed"];
    let sum = |rows: &str, of: &str| -> u64 {
        blast[rows]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r[of].as_u64().unwrap())
            .sum()
    };
    for rows in ["tenants", "routes"] {
        assert_eq!(sum(rows, "harmed"), harmed["harmed"].as_u64().unwrap());
        assert_eq!(sum(rows, "requests"), harmed["requests"].as_u64().unwrap());
    }
    assert_eq!(harmed["harmed"], harmed["failed"]);
    // By the recording itself: who failed in that time. Nobody fails in the healthy run.
    let saved = file.folder.path().join("saved");
    let saved = saved.to_str().unwrap();
    let save = [
        "replay",
        &file.path,
        "--no-report",
        "--save",
        saved,
        "--save-format",
        "csv",
    ];
    assert_eq!(gameday(&save).0, Some(0));
    let course = &json["plan"]["course"];
    let from = course["began"].as_u64().unwrap();
    let to = from + course["recover"].as_u64().unwrap();
    let mut reader = csv::Reader::from_path(Path::new(saved).join("requests.csv")).unwrap();
    let heads = reader.headers().unwrap().clone();
    let column = |name: &str| heads.iter().position(|h| h == name).unwrap();
    let (arrived, outcome) = (column("arrived_ns"), column("outcome"));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let inside = |r: &&csv::StringRecord| (from..to).contains(&r[arrived].parse().unwrap());
    let failed = rows
        .iter()
        .filter(inside)
        .filter(|r| &r[outcome] != "ok")
        .count();
    assert_eq!(failed as u64, harmed["failed"].as_u64().unwrap());
}

#[test]
fn the_first_to_pay_for_is_the_one_that_spares_most() {
    let file = file(&[REPLICAS, PAGE, BUDGET]);
    let (code, json) = plan(&file, &[]);
    let plan = &json["plan"];
    let harmed = |effect: &Value| effect["outcome"]["harmed"]["harmed"].as_u64().unwrap();
    let alone = plan["funding"]["alone"].as_array().unwrap();
    let least = alone.iter().min_by_key(|e| harmed(e)).unwrap();
    let together = plan["funding"]["together"].as_array().unwrap();
    assert_eq!(together[0], *least);
    let counts: Vec<u64> = together.iter().map(harmed).collect();
    assert!(counts.is_sorted_by(|a, b| a >= b), "{counts:?}");
    // A page answered after 20 s: noticed by the guard, and the fix is there long before 162 s.
    let paged = &alone[1]["outcome"];
    assert!(paged["detect"].as_u64() < Some(45_000_000_000), "{paged:#}");
    assert!(
        paged["mitigate"].as_u64() < Some(70_000_000_000),
        "{paged:#}"
    );
    assert!(harmed(&alone[1]) < plan["was"]["harmed"]["harmed"].as_u64().unwrap());
    // Replicas treat a symptom: with them the gate is breached as before. So the plan is not done.
    assert_eq!(plan["actions"][0]["proof"], "symptom");
    assert_eq!(plan["actions"][1]["proof"], "cures");
    assert_eq!(code, Some(1));
    assert!(
        json["open"][0].as_str().unwrap().contains("more replicas"),
        "{json:#}"
    );
}

#[test]
fn a_plan_is_the_same_on_one_core() {
    let file = file(&[BUDGET, PAGE]);
    let (_, many, _) = gameday(&["plan", &file.path]);
    let one = Command::cargo_bin("gameday")
        .unwrap()
        .env("RAYON_NUM_THREADS", "1")
        .args(["plan", &file.path])
        .output()
        .unwrap();
    assert_eq!(many, String::from_utf8_lossy(&one.stdout));
}

#[test]
fn what_is_emitted_breaches_without_its_control_and_holds_with_it() {
    let file = file(&[BUDGET, PAGE, REPLICAS]);
    let emitted = file.folder.path().join("gates");
    let (code, _, err) = gameday(&["plan", &file.path, "--emit", emitted.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    let mut names: Vec<String> = std::fs::read_dir(&emitted)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["store-a-budget-of-retries.toml", "store-a-page.toml"],
        "{err}"
    );
    assert!(err.contains("not written \"more replicas\""), "{err}");
    for name in &names {
        let path = emitted.join(name);
        let path = path.to_str().unwrap();
        let all = ["gate", path, "--variant", "all", "--expect"];
        let (code, out, err) = gameday(&all);
        assert_eq!(code, Some(0), "{name}: {out}{err}");
        assert_eq!(gameday(&["gate", path]).0, Some(1), "{name}");
        assert_eq!(
            gameday(&["gate", path, "--variant", "control"]).0,
            Some(0),
            "{name}"
        );
    }
    // The cause alone: the bystander is not in it.
    let text = std::fs::read_to_string(emitted.join(&names[0])).unwrap();
    assert!(
        !text.contains("harmless") && text.contains("latency"),
        "{text}"
    );
}

#[test]
fn a_lint_finds_wishes_symptoms_and_what_is_overdue() {
    let wish = "\n[[action]]\nname = \"be careful\"\ngap = \"operational\"\n";
    let idle = BUDGET
        .replace("a budget of retries", "another")
        .replace("gate = \"storm\"", "gate = \"quiet\"");
    let file = file(&[BUDGET, REPLICAS, wish, &idle]);
    let (code, out, err) = gameday(&["lint", &file.path]);
    assert_eq!(code, Some(1), "{err}");
    let found = |code: &str| out.lines().filter(|l| l.contains(code)).collect::<Vec<_>>();
    assert_eq!(found("action-unready").len(), 1, "{out}");
    let lacks = "\"be careful\" has no owner, no due date, no gate that measures it, no control that could be replayed";
    assert!(found("action-unready")[0].contains(lacks), "{out}");
    assert!(
        found("action-symptom")[0].contains("more replicas"),
        "{out}"
    );
    assert!(found("action-idle")[0].contains("another"), "{out}");
    assert!(found("action-overdue").is_empty(), "{out}");
    let late = |day: &str| gameday(&["lint", &file.path, "--today", day]).1;
    let overdue = |day: &str| late(day).matches("action-overdue").count();
    assert_eq!(
        (
            overdue("2026-12-15"),
            overdue("2026-12-16"),
            overdue("2027-01-01")
        ),
        (0, 1, 2)
    );
    let (_, out, _) = gameday(&["plan", &file.path, "--today", "2026-12-18"]);
    assert!(
        out.contains("\"a budget of retries\" is 3 days overdue, and storm is still breached"),
        "{out}"
    );
    let unanswered = self::file(&[&BUDGET.replace("cause = \"retry-storm\"\n", "")]);
    let (_, out, _) = gameday(&["lint", &unanswered.path]);
    assert!(
        out.contains("cause-unanswered: no action answers retry-storm"),
        "{out}"
    );
}

#[test]
fn what_no_action_can_say_is_refused_at_its_place() {
    for (from, to, said) in [
        (
            "owner = \"backend\"",
            "owner = \"nobody\"",
            "nobody in [owners] is called \"nobody\"",
        ),
        ("due = 2026-12-15", "due = \"2026-02-30\"", "a day such as"),
        (
            "due = 2026-12-15",
            "due = 2026-12-15T10:00:00",
            "times of day have no meaning",
        ),
        (
            "gate = \"storm\"",
            "gate = \"strom\"",
            "did you mean \"storm\"?",
        ),
        (
            "gate = \"storm\"",
            "gate = \"latency p(95 < 3s\"",
            "store.toml:",
        ),
        (
            "cause = \"retry-storm\"",
            "cause = \"retrystorm\"",
            "did you mean \"retry-storm\"?",
        ),
        (
            "gap = \"design\"",
            "gap = \"desing\"",
            "did you mean \"design\"?",
        ),
        (
            "\"service.call.retry.budget\" = \"10%\"",
            "\"service.call.retry.bugdet\" = \"10%\"",
            "bugdet",
        ),
        (
            "\"service.call.retry.budget\" = \"10%\"",
            "\"trace.load\" = 0.5",
            "cannot be set here",
        ),
        (
            "\"service.call.retry.budget\" = \"10%\"",
            "\"timeline.1.fault.latency\" = \"0s\"",
            "does not change what happened",
        ),
        (
            "\"service.call.retry.budget\" = \"10%\"",
            "\"timeline.1.canary\" = \"5%\"",
            "no change of the timeline",
        ),
        (
            "\"service.call.retry.budget\" = \"10%\"",
            "\"fix.3.at\" = \"40%\"",
            "no step of the fix",
        ),
        (
            "{ set = { \"service.call.retry.budget\" = \"10%\" } }",
            "{ set = {} }",
            "changes nothing",
        ),
        (
            "{ set = { \"service.call.retry.budget\" = \"10%\" } }",
            "{ respond = \"1m\" }",
            "nobody is told",
        ),
        (
            "gate = \"storm\"",
            "gate = \"storm\"\nseverity = 1",
            "no option \"severity\"",
        ),
    ] {
        assert!(BUDGET.contains(from), "{from}");
        let file = file(&[&BUDGET.replace(from, to)]);
        let (code, out, err) = gameday(&["plan", &file.path]);
        assert_eq!(code, Some(2), "{to}: {out}{err}");
        assert!(
            err.contains(said) && err.contains("store.toml:"),
            "{to}: {err}"
        );
    }
    let twice = file(&[BUDGET, BUDGET]);
    assert!(gameday(&["plan", &twice.path]).2.contains("already"));
    let file = file(&[BUDGET]);
    for wrong in [
        &["--healthy"][..],
        &["--variant", "all"],
        &["--today", "tomorrow"],
    ] {
        let (code, _, err) = gameday(&[&["plan", &file.path], wrong].concat());
        assert_eq!(code, Some(2), "{wrong:?}: {err}");
    }
}

#[test]
fn a_game_day_of_the_file_is_drawn_and_the_command_line_has_the_last_word() {
    let day = "[gameday]\ndraws = 3\nshift = \"5%\"\nobjective = \"1m\"\nvary = { \"timeline.1.fault.latency\" = [\"350ms\", \"450ms\"], \"trace.load\" = [0.95, 1.05] }\n";
    let file = file(&[BUDGET, day]);
    let drill = |more: &[&str]| {
        let (code, out, err) = gameday(&[&["drill", &file.path, "--json"], more].concat());
        (
            code,
            serde_json::from_str::<Value>(&out).unwrap_or_else(|_| panic!("{out}{err}")),
        )
    };
    let (code, json) = drill(&["--control", "a budget of retries"]);
    assert_eq!(code, Some(0), "{json:#}");
    assert_eq!(
        (json["before"]["draws"].as_u64(), json["objective"].as_u64()),
        (Some(3), Some(60_000_000_000))
    );
    assert!(json["before"]["breached"].as_u64() >= Some(2), "{json:#}");
    assert_eq!(json["after"]["breached"], 0, "{json:#}");
    // The name of the action, and its path, are one and the same control.
    let (_, by_path) = drill(&["--control", "service.call.retry.budget=10%"]);
    assert_eq!(json, by_path);
    let (_, mild) = drill(&[
        "--draws",
        "2",
        "--vary",
        "timeline.1.fault.latency=[\"1ms\",\"2ms\"]",
    ]);
    assert_eq!(
        (&mild["before"]["draws"], &mild["before"]["breached"]),
        (&2.into(), &0.into())
    );
    for (wrong, said) in [
        (
            &["--control", "a bugdet of retries"][..],
            "did you mean \"a budget of retries\"?",
        ),
        (&["--vary", "trace.load"], "write path=[from, to]"),
        (&["--vary", "trace.load=[1.0]x"], "--vary"),
    ] {
        let (code, out, err) = gameday(&[&["drill", &file.path], wrong].concat());
        assert_eq!(code, Some(2), "{out}");
        assert!(err.contains(said), "{wrong:?}: {err}");
    }
    for (from, to, said) in [
        (
            "\"trace.load\" = [0.95, 1.05]",
            "\"trace.laod\" = [0.95, 1.05]",
            "laod",
        ),
        ("draws = 3", "draws = 0", "no number of draws"),
        (
            "[\"350ms\", \"450ms\"]",
            "[\"350ms\", \"45%\"]",
            "two units",
        ),
        ("timeline.1", "timeline.7", "no item of a list of 2"),
    ] {
        let wrong = self::file(&[&day.replace(from, to)]);
        let (code, _, err) = gameday(&["replay", &wrong.path, "--no-report"]);
        assert_eq!(code, Some(2), "{to}");
        assert!(
            err.contains(said) && err.contains("store.toml:"),
            "{to}: {err}"
        );
    }
}

#[test]
fn the_plan_reads_for_the_person_on_call() {
    let (code, text, err) = gameday(&["plan", "incident-30"]);
    assert_eq!(code, Some(0), "{err}");
    insta::assert_snapshot!("incident_30", text);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let (code, said, _) = gameday(&["plan", "incident-30", "--print", "markdown", "--out", out]);
    assert_eq!(code, Some(0));
    let kept = std::fs::read_to_string(folder.path().join("incident-30-plan.md")).unwrap();
    assert_eq!(kept, said);
    insta::assert_snapshot!("incident_30_markdown", kept);
}
