//! Incident files as a stranger writes them by the reference page: decoys, what comes again and again, fixes that do not help.

use assert_cmd::Command;

/// Replays a text: exit code, report, messages.
fn replay(text: &str) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stranger.toml");
    std::fs::write(&file, text).unwrap();
    let out = Command::cargo_bin("gameday")
        .unwrap()
        .env("NO_COLOR", "1")
        .args(["gate", "--expect", "--no-report"])
        .arg(&file)
        .output()
        .unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code(), said(&out.stdout), said(&out.stderr))
}

/// Pauses of every thirty seconds, and more workers against them.
const PAUSES: &str = r#"
schema = 1
title = "Pauses, and more workers"
[trace]
arrivals = { kind = "poisson", rate = "15/s" }
duration = "4m"
[service]
queue = { kind = "fifo", workers = 12 }
compute = "10ms"
[[timeline]]
at = "25%"
deploy = "copy-change"
[[timeline]]
at = "30%"
for = "2s"
every = "30s"
fault = { kind = "pause" }
[[fix]]
at = "50%"
deploy = "more-workers"
set = { "service.queue.workers" = 24 }
[gates]
tail = "latency p(99) < 300ms"
[expect]
breached = ["tail"]
recovery = "never"
"#;

#[test]
fn what_comes_again_is_not_recovered_from_between_two_times() {
    let (code, report, said) = replay(PAUSES);
    // The baseline, the incident and what should have been the recovery are judged as they are expected.
    assert_eq!(code, Some(0), "{said}{report}");
    assert!(
        report.contains("not recovered after the last step of the fix: the gates held at"),
        "{report}"
    );
    assert!(report.contains("and broke again"), "{report}");
    // Once it has ended by itself, the run has recovered, and that is not the fix's doing.
    let ends = PAUSES.replace("every = \"30s\"", "every = \"30s\"\nuntil = \"70%\"");
    let (code, report, said) = replay(&ends);
    assert_eq!(code, Some(1), "{report}");
    assert!(said.contains("expected never"), "{said}");
}

#[test]
fn a_decoy_is_not_where_the_trouble_begins() {
    let onset = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("stranger.toml");
        std::fs::write(&file, text).unwrap();
        let out = Command::cargo_bin("gameday")
            .unwrap()
            .args(["replay", "--out"])
            .arg(folder.path().join("report"))
            .arg(&file)
            .output()
            .unwrap();
        assert!(out.status.success());
        let summary = walkdir::WalkDir::new(folder.path())
            .into_iter()
            .filter_map(Result::ok)
            .find(|e| e.file_name() == "summary.json")
            .unwrap();
        let summary = std::fs::read_to_string(summary.path()).unwrap();
        let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
        summary["truth"]["onset"].as_u64()
    };
    const S: u64 = 1_000_000_000;
    // A deploy that changes nothing; one that restarts may; and what the file says of one that does.
    assert_eq!(onset(PAUSES), Some(72 * S));
    let restarts = PAUSES.replace("\"copy-change\"", "\"copy-change\"\nrestart = \"all\"");
    assert_eq!(onset(&restarts), None);
    let told = restarts.replace("recovery = \"never\"", "onset = \"30%\"");
    assert_eq!(onset(&told), Some(72 * S));
}

#[test]
fn a_bare_name_is_a_kind_that_leaves_everything_out() {
    let text = PAUSES.replace("{ kind = \"fifo\", workers = 12 }", "\"fifo\"");
    let (code, _, said) = replay(&text);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("write queue = { kind = \"fifo\", ... }"),
        "{said}"
    );
    let text = text.replace("set = { \"service.queue.workers\" = 24 }", "");
    let (code, report, said) = replay(&text);
    assert_ne!(code, Some(2), "{said}{report}");
}

#[test]
fn a_change_reaches_one_call_of_several() {
    let calls = "compute = \"10ms\"\ncall = [{ dependency = \"a\" }, { name = \"second\", dependency = \"b\" }]\n\
                 [dependency.a]\nlatency = \"1ms\"\n[dependency.b]\nlatency = \"1ms\"";
    let text = PAUSES.replace("compute = \"10ms\"", calls);
    for (path, code) in [("0", 0), ("second", 0), ("1", 0), ("2", 2), ("first", 2)] {
        let set = format!("\"service.call.{path}.timeout\" = \"1s\"");
        let text = text.replace("\"service.queue.workers\" = 24", &set);
        let (found, report, said) = replay(&text);
        assert_eq!(found, Some(code), "{path}: {said}{report}");
    }
}

#[test]
fn what_would_change_nothing_is_refused_where_it_stands() {
    for (right, wrong, message) in [
        (
            "fault = { kind = \"pause\" }",
            "fault = { kind = \"pause\" }\nrestart = \"all\"",
            "restart does nothing here",
        ),
        (
            "fault = { kind = \"pause\" }",
            "fault = { kind = \"pause\" }\ncanary = \"5%\"",
            "canary does nothing here",
        ),
        (
            "deploy = \"copy-change\"",
            "deploy = \"copy-change\"\ndown = \"5s\"",
            "down does nothing here",
        ),
        (
            "every = \"30s\"\n",
            "until = \"90%\"\n",
            "only what comes again and again has an until",
        ),
        (
            "every = \"30s\"\n",
            "every = \"30s\"\nuntil = \"10%\"\n",
            "this is over before it begins",
        ),
        (
            "latency p(99) < 300ms",
            "latency p(99){class=a} < 300ms",
            "which requests stands before the statistic",
        ),
        (
            "recovery = \"never\"",
            "onset = \"1h\"",
            "this is past the end of the trace",
        ),
    ] {
        let text = PAUSES.replacen(right, wrong, 1);
        assert_ne!(text, PAUSES, "{right}");
        let (code, _, said) = replay(&text);
        assert_eq!(code, Some(2), "{wrong}: {said}");
        assert!(said.contains(message), "{wrong}: {said}");
        assert!(said.contains("stranger.toml:"), "{said}");
    }
}

/// A cache of four shards that knows everything by the time that something is emptied.
const SHARDS: &str = r#"
schema = 1
title = "A node of the cache is replaced by an empty one"
[trace]
arrivals = { kind = "constant", rate = "50/s" }
duration = "2m"
contents = { count = 400, exponent = 0.0 }
[service]
key = { fields = ["prompt"] }
cache = { kind = "lru", scope = "shared", capacity = 10_000, shards = 4 }
call = { dependency = "db" }
[dependency.db]
latency = "1ms"
[[timeline]]
at = "50%"
flush = { shard = 1 }
[gates]
again = "cache.hit_rate > 80%"
"#;

/// Contents that are asked of the dependency again after a flush: those that had been kept, and are not.
fn asked_again(text: &str) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stranger.toml");
    std::fs::write(&file, text).unwrap();
    let out = Command::cargo_bin("gameday")
        .unwrap()
        .args(["replay", "--out"])
        .arg(folder.path().join("report"))
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{said}");
    let line = said
        .lines()
        .find(|l| l.trim_start().starts_with("hit rate"));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    let rate = line
        .split_whitespace()
        .last()
        .unwrap()
        .trim_end_matches('%');
    // Of the 3000 look-ups of the second minute.
    ((100.0 - rate.parse::<f64>().unwrap()) * 30.0).round() as u64
}

#[test]
fn a_flush_of_one_shard_of_four_takes_a_quarter_of_what_is_kept() {
    let none = asked_again(&SHARDS.replace("flush = { shard = 1 }", "deploy = \"nothing\""));
    let all = asked_again(&SHARDS.replace("{ shard = 1 }", "true"));
    let shards: Vec<u64> = (1..=4)
        .map(|n| asked_again(&SHARDS.replace("shard = 1", &format!("shard = {n}"))))
        .collect();
    let each: Vec<u64> = shards.iter().map(|n| n - none).collect();
    // 400 contents over four shards, give or take four standard errors of 8.7, and what the report rounds.
    assert!(each.iter().all(|n| (60..=140).contains(n)), "{each:?}");
    let sum: u64 = each.iter().sum();
    assert!(sum.abs_diff(all - none) <= 15, "{each:?} of {all}");
}

#[test]
fn a_shard_that_there_is_not_is_refused() {
    for (text, message) in [
        (SHARDS.replace("shard = 1", "shard = 5"), "1 to 4"),
        (SHARDS.replace("shard = 1", "shard = 0"), "1 to 4"),
        (
            SHARDS
                .replace(", shards = 4", "")
                .replace("shard = 1", "shard = 2"),
            "give it shards",
        ),
        (
            SHARDS.replace("{ shard = 1 }", "1"),
            "true, or a shard of the cache",
        ),
    ] {
        let (code, _, said) = replay(&text);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(message), "{said}");
    }
}

/// A share of twenty minutes, and minutes: which comes first depends on how long the trace is.
const MIXED: &str = r#"
schema = 1
title = "Shares and times"
[trace]
arrivals = { kind = "poisson", rate = "15/s" }
duration = "20m"
[service]
compute = "10ms"
[[timeline]]
at = "30%"
deploy = "v2"
set = { "service.compute" = "300ms" }
[[fix]]
at = "10m"
rollback = "v2"
[gates]
tail = "latency p(99) < 100ms"
[expect]
breached = ["tail"]
"#;

#[test]
fn shares_and_times_are_put_in_order_by_the_length_of_the_trace() {
    let (code, report, said) = replay(MIXED);
    assert_eq!(code, Some(0), "{said}{report}");
    // A trace that is taken in part, and one that is a file, are as long as what is replayed of them.
    let taken = MIXED.replace("\"20m\"", "\"1h\"\ntake = \"20m\"");
    let (code, report, said) = replay(&taken);
    assert_eq!(code, Some(0), "{said}{report}");
    let rows: String = (0..2400)
        .map(|i| format!("{},a,/x\n", f64::from(i) / 2.0))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.csv");
    std::fs::write(&file, format!("arrived,tenant,route\n{rows}")).unwrap();
    let of_file = MIXED.replace(
        "arrivals = { kind = \"poisson\", rate = \"15/s\" }\nduration = \"20m\"",
        &format!("path = {file:?}"),
    );
    let (code, report, said) = replay(&of_file);
    assert_eq!(code, Some(0), "{said}{report}");
    // Taken back before it came, whatever the length says.
    let (code, _, said) = replay(&MIXED.replace("\"10m\"", "\"5m\""));
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("no change before this is called \"v2\""),
        "{said}"
    );
}
