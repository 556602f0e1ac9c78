//! Committed baselines: exactly the same on an unchanged tree, red with the right quantity named on a changed one.

mod replay_support;

use assert_cmd::Command;
use gameday::{
    baseline::{Baseline, Of, TOLERANCE, Taken, Way, read, write},
    gates::Verdict,
    incident::{Incident, Run, judge_against, stretches},
};
use predicates::{prelude::PredicateBooleanExt, str::contains};
use replay_support::rerun;
use std::{fs, path::Path};

/// A cache in front of a dependency, six minutes; `more` stands under [service].
fn text(cache: &str, gates: &str) -> String {
    format!(
        r#"
schema = 1
title = "t"
seed = 5
warm_up = "10%"
[trace]
arrivals = {{ kind = "poisson", rate = "30/s" }}
duration = "6m"
contents = {{ count = 1000, exponent = 0.8 }}
[service]
compute = "2ms"
parse = {{ kind = "json", required = ["prompt"] }}
key = {{ fields = ["prompt"] }}
cache = {cache}
call = {{ dependency = "llm" }}
[dependency.llm]
latency = {{ kind = "lognormal", p50 = "100ms", p99 = "300ms" }}
[[timeline]]
at = "3m"
for = "1m"
fault = {{ kind = "error", percentage = 20, target = "llm" }}
[gates]
{gates}
"#
    )
}

const CACHE: &str = "{ kind = \"lru\", capacity = 400 }";
const GATES: &str = "tail = \"latency p(97) < 1s\"\nhits = \"cache.hit_rate > 10%\"";

fn go(text: &str) -> (Incident, Run) {
    let incident = replay_support::read(text).unwrap_or_else(|e| panic!("{e}"));
    let run = rerun(&incident);
    (incident, run)
}

fn take((incident, run): &(Incident, Run)) -> Baseline {
    Baseline::take(Taken {
        of: Of {
            incident: incident.name.clone(),
            variant: None,
            seed: incident.seed,
            trace: "generated".into(),
            length: run.watched.windows.all().end,
        },
        digest: run.digest.to_string(),
        phases: &stretches(&run.truth),
        watched: &run.watched,
        scalars: &run.scalars,
        gates: &incident.gates,
    })
}

#[test]
fn an_unchanged_run_is_its_baseline_and_so_it_is_when_read_back() {
    let one = go(&text(CACHE, GATES));
    let baseline = take(&one);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/b.json");
    write(&baseline, &path).unwrap();
    let back = read(&path).unwrap();
    assert_eq!(back, baseline);
    let again = take(&go(&text(CACHE, GATES)));
    let moved = back.moved(&again, &one.0.gates, 0.0, "b").unwrap();
    assert!(
        moved.identical && moved.moved.is_empty(),
        "{:?}",
        moved.moved
    );
    for judgement in moved.judgements() {
        assert_eq!(judgement.verdict, Verdict::Pass);
        assert_eq!(judgement.detail, "exactly as it was");
    }
    let size = fs::metadata(&path).unwrap().len();
    assert!(size < 200_000, "{size} bytes are not small");
    // Written again, it is the same to the byte.
    let first = fs::read(&path).unwrap();
    write(&again, &path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), first);
}

#[test]
fn a_regressed_cache_is_named_first_and_going_back_is_green() {
    let sound = go(&text(CACHE, GATES));
    let worse = go(&text("{ kind = \"lru\", capacity = 20 }", GATES));
    let moved = take(&sound)
        .moved(&take(&worse), &sound.0.gates, TOLERANCE, "b")
        .unwrap();
    assert!(moved.breached() && !moved.identical);
    // Quantities of gates come first.
    let first: Vec<&str> = moved
        .moved
        .iter()
        .take(2)
        .map(|m| m.quantity.as_str())
        .collect();
    assert!(first.contains(&"cache.hit_rate"), "{first:?}");
    assert!(moved.moved[0].gate && moved.moved[0].way == Way::Breach);
    let back = take(&worse)
        .moved(&take(&sound), &sound.0.gates, TOLERANCE, "b")
        .unwrap();
    let hit = back
        .moved
        .iter()
        .find(|m| m.quantity == "cache.hit_rate")
        .unwrap();
    assert_eq!(hit.way, Way::Better);
    // What is worse one way is better the other: of each quantity in each phase.
    for m in &moved.moved {
        let other = back
            .moved
            .iter()
            .find(|b| b.phase == m.phase && b.quantity == m.quantity)
            .unwrap();
        assert_eq!((m.was, m.is), (other.is, other.was));
        let worse = |way: Way| way != Way::Better;
        if m.was.is_some() && m.is.is_some() {
            assert_ne!(worse(m.way), worse(other.way), "{}", m.quantity);
        }
    }
}

#[test]
fn a_change_within_the_tolerance_is_told_and_does_not_break_it() {
    let a = go(&text(CACHE, GATES));
    let mut changed = take(&a);
    let value = changed.phases[1].indicators.get_mut("latency.p95").unwrap();
    *value *= 1.005;
    let within = take(&a)
        .moved(&changed, &a.0.gates, TOLERANCE, "b")
        .unwrap();
    assert_eq!(within.moved.len(), 1);
    assert_eq!(within.moved[0].way, Way::Worse);
    assert!(!within.breached());
    let strict = take(&a).moved(&changed, &a.0.gates, 0.0, "b").unwrap();
    assert!(strict.breached());
    let said = strict
        .judgements()
        .into_iter()
        .find(|j| j.verdict == Verdict::Breach)
        .unwrap();
    assert!(
        said.detail.contains("latency.p95") && said.detail.contains("+0.50%"),
        "{}",
        said.detail
    );
}

#[test]
fn a_phase_that_is_gone_and_data_that_is_gone_break_it() {
    let a = go(&text(CACHE, GATES));
    let mut gone = take(&a);
    gone.phases.truncate(2);
    gone.phases[1].indicators.shift_remove("error_rate");
    gone.scalars.insert("truth.hits".into(), 1e9);
    let moved = take(&a).moved(&gone, &a.0.gates, TOLERANCE, "b").unwrap();
    let breached: Vec<String> = moved
        .moved
        .iter()
        .filter(|m| m.way == Way::Breach)
        .map(|m| format!("{} {}", m.phase, m.quantity))
        .collect();
    assert!(
        breached.contains(&format!("{} error_rate", gone.phases[1].name)),
        "{breached:?}"
    );
    assert!(
        breached.iter().any(|b| b == "incident length of the phase"),
        "{breached:?}"
    );
    // Hits of faults are no quality.
    assert!(moved.moved.iter().all(|m| m.quantity != "truth.hits"));
}

#[test]
fn reference_is_the_same_quantity_in_the_same_phase_of_the_file() {
    let sound = go(&text(CACHE, GATES));
    let file = take(&sound);
    let gates = "tail = \"latency p(97) <= 1.0x reference\"\nnew = \"latency p(93.7) <= 1.001x reference\"\n\
                 hits = \"cache.hit_rate >= 1x reference during baseline\"\nwrites = \"truth.writes == 1x reference + 1\"";
    let same = go(&text(CACHE, gates));
    let reference = |phase: &str| Some(file.reference(&same.0.gates, phase));
    let judged = judge_against(&same.0, &same.1, &reference);
    let of = |gate: &str| judged.iter().find(|j| j.gate == gate).unwrap();
    assert_eq!(of("tail").verdict, Verdict::Pass, "{}", of("tail").detail);
    assert_eq!(of("hits").verdict, Verdict::Pass, "{}", of("hits").detail);
    // Nobody asked for it then: it is read off the histogram.
    assert_eq!(of("new").verdict, Verdict::Pass, "{}", of("new").detail);
    assert!(of("new").detail.contains("reference"));
    // 0 + 1 is not 0.
    assert_eq!(
        of("writes").verdict,
        Verdict::Breach,
        "{}",
        of("writes").detail
    );
    let worse = go(&text("{ kind = \"lru\", capacity = 20 }", gates));
    let reference = |phase: &str| Some(file.reference(&worse.0.gates, phase));
    let judged = judge_against(&worse.0, &worse.1, &reference);
    assert!(
        judged
            .iter()
            .any(|j| j.gate == "hits" && j.verdict == Verdict::Breach)
    );
    // Without a file there is no data, which fails.
    let judged = judge_against(&same.0, &same.1, &|_| None);
    assert!(
        judged.iter().all(|j| j.verdict == Verdict::NoData),
        "{judged:?}"
    );
}

fn gameday(folder: &Path, args: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("gameday")
        .unwrap()
        .current_dir(folder)
        .args(args)
        .assert()
}

#[test]
fn the_command_writes_holds_and_refuses_baselines() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("mine.toml"), text(CACHE, GATES)).unwrap();
    gameday(at, &["gate", "mine.toml"]).success();
    gameday(at, &["gate", "mine.toml", "--baseline", "b.json"])
        .code(2)
        .stderr(contains("b.json: there is no such baseline").and(contains("--update-baseline")));
    gameday(at, &["gate", "mine.toml", "--update-baseline"])
        .success()
        .stderr(contains("baselines/mine.json"));
    let held = ["gate", "mine.toml", "--baseline", "baselines"];
    gameday(at, &held)
        .success()
        .stdout(contains("the same to the byte"));
    let set = ["--set", "service.cache.capacity=20"];
    gameday(at, &[&held[..], &set].concat())
        .code(1)
        .stdout(contains("baseline").and(contains("cache.hit_rate")));
    gameday(at, &[&held[..], &set, &["--tolerance", "99.9%"]].concat()).code(1);
    gameday(at, &[&held[..], &["--tolerance", "120%"]].concat())
        .code(2)
        .stderr(contains("--tolerance"));
    gameday(at, &[&held[..], &["--seed", "6"]].concat())
        .code(2)
        .stderr(contains("seed 5, and this run is of 6"));
    // Taken over knowingly, it is green again.
    gameday(at, &[&held[..], &set, &["--update-baseline"]].concat()).success();
    gameday(at, &[&held[..], &set].concat()).success();
    gameday(at, &held)
        .success()
        .stdout(contains("moved, none that is held for the worse"));
    // Other files are not replaced, and broken ones are told of.
    fs::write(at.join("notes.json"), "{}\n").unwrap();
    gameday(
        at,
        &[
            "gate",
            "mine.toml",
            "--update-baseline",
            "--baseline",
            "notes.json",
        ],
    )
    .code(2)
    .stderr(contains("no baseline"));
    assert_eq!(fs::read_to_string(at.join("notes.json")).unwrap(), "{}\n");
    let whole = fs::read_to_string(at.join("baselines/mine.json")).unwrap();
    fs::write(at.join("half.json"), &whole[..whole.len() / 2]).unwrap();
    gameday(at, &["gate", "mine.toml", "--baseline", "half.json"])
        .code(2)
        .stderr(contains("half.json:").and(contains("this is not JSON")));
    fs::write(
        at.join("next.json"),
        whole.replace("\"schema\": 1", "\"schema\": 9"),
    )
    .unwrap();
    gameday(at, &["gate", "mine.toml", "--baseline", "next.json"])
        .code(2)
        .stderr(contains("schema 9"));
    assert!(
        !fs::read_dir(at.join("baselines")).unwrap().any(|f| f
            .unwrap()
            .path()
            .extension()
            .is_some_and(|e| e == "new"))
    );
}

#[test]
fn gates_of_the_command_line_are_held_too() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("mine.toml"), text(CACHE, GATES)).unwrap();
    fs::write(
        at.join("slo.toml"),
        "[gates]\nslo = \"latency p(95) < 10s\"\n",
    )
    .unwrap();
    let require = |condition: &str, code: i32| {
        gameday(
            at,
            &[
                "gate",
                "mine.toml",
                "--gates",
                "slo.toml",
                "--require",
                condition,
            ],
        )
        .code(code)
    };
    require("latency p(50) < 10s", 0).stdout(contains("slo").and(contains("required-1")));
    require("median = latency p(95) < 1us", 1).stdout(contains("median"));
    require("latency.p95 == 1us", 1);
    require("latency p(50) < 10", 2)
        .stderr(contains("--require:1:").and(contains("cannot be compared with 10")));
    require("slo = latency p(95) < 1us", 1);
    fs::write(at.join("none.toml"), "gates = 1\n").unwrap();
    gameday(at, &["gate", "mine.toml", "--gates", "none.toml"])
        .code(2)
        .stderr(contains("none.toml"));
}
