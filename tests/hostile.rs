//! Whatever a file says: a refusal with its place, what was found and what would be right, or a run in bounded memory.
//! Never a panic, never an endless run, and nothing half written.
//!
//! Two ways. Every setting that the schema knows, of every kind of component, is given every hostile value, at the start
//! and by a deploy in the middle of a run, in this process: a new kind, or a new option, is held to it without being told.
//! And the binary is run over a table of the worst, with its memory held by the system.

use assert_cmd::Command;
use gameday::{
    incident::{Incident, Overlay, Registries, RunOptions, run, schema},
    recording::Keep,
    trace::Source,
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, mpsc},
    time::Duration,
};

/// A second and a half of traffic with something for every stage to do.
const BASE: &str = r#"
schema = 1
title = "hostile"
warm_up = 0
[trace]
arrivals = { kind = "poisson", rate = "40/s" }
duration = "1500ms"
tenants = { a = 2, b = 1 }
users = { count = 5 }
routes = { "/x" = 1 }
classes = { urgent = 1, later = 1 }
contents = { count = 10 }
input_tokens = { kind = "lognormal", p50 = 60, p99 = 400 }
output_tokens = { kind = "lognormal", p50 = 10, p99 = 40 }
[clients]
patience = "1s"
[service]
key = { fields = ["tenant", "prompt"] }
call = { dependency = "llm" }
queue = { kind = "fifo", workers = 8 }
[dependency.llm]
latency = "20ms"
error_rate = "20%"
results = { count = 5 }
output = { fields = { prompt = "p" } }
"#;

/// Values that no setting expects, and some that a few do.
const VALUES: &[&str] = &[
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "4294967295",
    "1000000",
    "0.0",
    "-0.5",
    "nan",
    "inf",
    "-inf",
    "1e300",
    "1e-300",
    "true",
    "\"\"",
    "\"nan\"",
    "\"-1ms\"",
    "\"1ns\"",
    "\"1e300s\"",
    "\"500 years\"",
    "\"0/s\"",
    "\"-1/s\"",
    "\"nan/s\"",
    "\"1e300/s\"",
    "\"0%\"",
    "\"100%\"",
    "\"-1%\"",
    "\"1e300%\"",
    "\"9e18GB\"",
    "[]",
    "[nan]",
    "[\"\", \"\"]",
    "{}",
    "{ a = 0 }",
    "{ a = -1, b = nan }",
    "{ a = 1e300, b = 1e300 }",
    "{ count = 1_000_000 }",
    "{ kind = \"nobody\" }",
];

/// A place for a value: what is set before, and where it goes.
#[derive(Clone)]
struct Slot {
    before: Vec<String>,
    path: String,
}

/// Values that make a required setting right, by its name; the first that is read is taken.
fn right(name: &str) -> &'static [&'static str] {
    match name {
        "rate" | "low" | "quiet" => &["\"10/s\"", "\"1ms\"", "1"],
        "high" | "busy" | "crowd" => &["\"50/s\"", "\"9ms\"", "9"],
        "quiet_for" | "busy_for" | "at" | "rise" | "stay" | "fall" | "day" => &["\"500ms\""],
        "min" | "p50" | "mean" | "base" | "value" | "time" => &["\"1ms\"", "3"],
        "max" | "p99" | "cap" => &["\"9ms\"", "9"],
        "alpha" | "cv" | "factor" | "share" => &["1.5", "0.5"],
        "a" | "b" | "latency" | "after" | "think" => &["\"2ms\"", "\"2ms\"", "3"],
        "levels" => &[
            "[{ kind = \"token-bucket\", rate = \"10/s\" }]",
            "[{ rate = \"10/s\" }]",
        ],
        "fields" => &["{ prompt = { type = \"text\" } }", "[\"prompt\"]"],
        "type" => &["\"text\""],
        "users" | "turns" | "k" => &["3"],
        "of" => &["{ fields = [\"prompt\"] }"],
        "dependency" | "store" => &["\"llm\""],
        "fallback" => &["{ after = \"20ms\", rate = \"5/s\" }"],
        "required" => &["[\"prompt\"]"],
        "target" => &["\"60%\"", "\"50%\"", "3"],
        _ => &["\"1ms\"", "1", "\"50%\"", "\"a\"", "[]", "{}"],
    }
}

fn read(set: &[String]) -> Result<Incident, String> {
    let overlay = Overlay {
        set: set.to_vec(),
        ..Overlay::default()
    };
    Incident::read(
        Path::new("hostile.toml"),
        BASE,
        &overlay,
        &Default::default(),
        &Registries::builtin(),
    )
    .map_err(|refusal| refusal.to_string())
}

/// A table with its kind and what it requires, if some guess at that is right.
fn table(before: &[String], path: &str, alternative: &Value) -> Option<String> {
    let kind = alternative["properties"]["kind"]["const"].as_str();
    let kind = kind.map_or(String::new(), |kind| format!(", kind = \"{kind}\""));
    let required = alternative["required"].as_array();
    let names: Vec<&str> = required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|name| *name != "kind")
        .collect();
    let guess = |n: usize| {
        let each = names.iter().map(|name| {
            let all = right(name);
            format!(", {name} = {}", all[n.min(all.len() - 1)])
        });
        let all = format!("{}{kind}", each.collect::<String>());
        format!("{path}={{ {} }}", all.trim_start_matches(", "))
    };
    (0..3).map(guess).find(|table| {
        let set: Vec<String> = before.iter().cloned().chain([table.clone()]).collect();
        read(&set).is_ok()
    })
}

/// All settings below a schema.
fn walk(schema: &Value, slot: &Slot, out: &mut Vec<Slot>, lost: &mut BTreeSet<String>) {
    for word in ["anyOf", "oneOf"] {
        for alternative in schema[word].as_array().into_iter().flatten() {
            walk(alternative, slot, out, lost);
        }
    }
    let needs = schema["required"]
        .as_array()
        .is_some_and(|all| !all.is_empty());
    let mut slot = slot.clone();
    if needs && !slot.path.is_empty() && slot.path != "service" && slot.path != "trace" {
        match table(&slot.before, &slot.path, schema) {
            Some(table) => slot.before.push(table),
            None => {
                let kind = &schema["properties"]["kind"]["const"];
                lost.insert(format!("{} {kind}", slot.path));
                return;
            }
        }
    }
    let mut below = |name: &str, schema: &Value| {
        let path = match slot.path.as_str() {
            "" => name.to_string(),
            path => format!("{path}.{name}"),
        };
        let before = slot.before.clone();
        let slot = Slot { before, path };
        out.push(slot.clone());
        walk(schema, &slot, out, lost);
    };
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "variant" | "schema" | "kind") {
            below(name, schema);
        }
    }
    if schema["additionalProperties"].is_object() {
        let name = if slot.path == "dependency" {
            "llm"
        } else {
            "a"
        };
        below(name, &schema["additionalProperties"]);
    }
}

/// What came of one setting.
fn attempt(slot: &Slot, value: &str, by_deploy: bool) -> Result<bool, String> {
    let mut set = slot.before.clone();
    set.push(if by_deploy {
        format!(
            "timeline=[{{ at = \"50%\", deploy = \"d\", set = {{ \"{}\" = {value} }} }}]",
            slot.path
        )
    } else {
        format!("{}={value}", slot.path)
    });
    let what = format!("{set:?}");
    let outcome = catch_unwind(AssertUnwindSafe(|| match read(&set) {
        Err(refusal) => Err(refusal),
        Ok(incident) if slot.path.starts_with("trace") => {
            // As long as it likes to be; the first few requests have to come.
            match incident.trace.open(1) {
                Ok(Source::Open(stream)) => stream.take(20).for_each(drop),
                Ok(Source::Closed(_)) => {}
                Err(refusal) => return Err(refusal.to_string()),
            }
            Ok(())
        }
        Ok(incident) => {
            let options = RunOptions {
                keep: Keep::Rows,
                progress: None,
            };
            run(&incident, &Registries::builtin(), &options)
                .map(drop)
                .map_err(|refusal| refusal.to_string())
        }
    }));
    match outcome {
        Err(_) => Err(format!("panic: {what}")),
        Ok(Ok(())) => Ok(true),
        Ok(Err(refusal)) => {
            // A place or a thing, what is wrong with it.
            if refusal.len() < 12 || !refusal.contains(' ') {
                return Err(format!("says nothing: {refusal:?}: {what}"));
            }
            Ok(false)
        }
    }
}

/// Mebibytes that this process had at most.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}

/// Tries all cases from one on, in a thread of its own: one that never ends must not end the test.
#[allow(
    clippy::disallowed_methods,
    reason = "each run is in one thread still; this one watches from outside whether it ends"
)]
fn try_from(
    cases: &Arc<[(Slot, &'static str, bool)]>,
    from: usize,
) -> mpsc::Receiver<Result<bool, String>> {
    let (tell, told) = mpsc::channel();
    let cases = cases.clone();
    std::thread::spawn(move || {
        for (slot, value, by_deploy) in &cases[from..] {
            if tell.send(attempt(slot, value, *by_deploy)).is_err() {
                return;
            }
        }
    });
    told
}

#[test]
fn every_setting_takes_a_hostile_value_or_refuses_it() {
    let (mut slots, mut lost) = (vec![], BTreeSet::new());
    let start = Slot {
        before: vec![],
        path: String::new(),
    };
    walk(
        &schema(&Registries::builtin()),
        &start,
        &mut slots,
        &mut lost,
    );
    assert_eq!(lost, BTreeSet::new(), "kinds that no guess built");
    assert!(slots.len() > 400, "{}", slots.len());
    let cases: Vec<(Slot, &str, bool)> = slots
        .iter()
        .flat_map(|slot| VALUES.iter().map(move |value| (slot.clone(), *value)))
        .flat_map(|(slot, value)| {
            let by_deploy = slot.path.starts_with("service.");
            let again = by_deploy.then(|| (slot.clone(), value, true));
            [Some((slot, value, false)), again].into_iter().flatten()
        })
        .collect();
    // Without optimisation each setting is given a part of the values, the next one the next part.
    let part = if cfg!(debug_assertions) { 23 } else { 1 };
    let cases: Arc<[_]> = cases.into_iter().step_by(part).collect();
    let (mut wrong, mut taken, mut refused) = (vec![], 0, 0);
    let (mut next, mut endless) = (0, 0);
    let mut told = try_from(&cases, next);
    while next < cases.len() {
        match told.recv_timeout(Duration::from_secs(30)) {
            Ok(Ok(true)) => taken += 1,
            Ok(Ok(false)) => refused += 1,
            Ok(Err(why)) => {
                println!("{why}");
                wrong.push(why);
            }
            Err(_) => {
                let (slot, value, by_deploy) = &cases[next];
                wrong.push(format!(
                    "endless: {}={value}, by a deploy: {by_deploy}, after {:?}",
                    slot.path, slot.before
                ));
                endless += 1;
                if endless == 5 {
                    break;
                }
                told = try_from(&cases, next + 1);
            }
        }
        next += 1;
    }
    println!(
        "{} cases: {taken} taken, {refused} refused, {:?} MiB",
        cases.len(),
        most_memory()
    );
    assert!(
        wrong.is_empty(),
        "{} of them:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(taken > 50 && refused > 500, "{taken} {refused}");
    if let Some(mib) = most_memory() {
        assert!(mib < 2048, "{mib} MiB");
    }
}

/// The worst of them, by `--set` on the smallest file that has the stage.
const WORST: &[&str] = &[
    "trace.tenants={ count = 1_000_000 }",
    "trace.tenants={ count = 1_000_000_000_000 }",
    "trace.arrivals.rate=nan",
    "trace.arrivals.rate=\"-5/s\"",
    "trace.arrivals.rate=0",
    "trace.duration=\"0s\"",
    "trace.contents.count=0",
    "trace.contents.count=1e300",
    "service.replicas=0",
    "service.replicas=4294967295",
    "service.limiter={ kind = \"token-bucket\", rate = \"-1/s\" }",
    "service.limiter={ kind = \"token-bucket\", rate = \"10/s\", burst = 0 }",
    "service.limiter={ kind = \"gcra\", rate = inf }",
    "service.limiter={ kind = \"sliding-window\", rate = \"10/s\", burst = 1_000_000_000_000 }",
    "service.cache={ kind = \"lru\", capacity = 0 }",
    "service.cache={ kind = \"lru\", capacity = 4_000_000_000 }",
    "service.cache={ kind = \"lru\", capacity = 4_000_000_000, shards = 1_000_000 }",
    "service.cache={ kind = \"tenant-lru\", capacity = 0 }",
    "service.cache={ kind = \"tenant-lru\", capacity = 4_000_000_000 }",
    "service.cache={ kind = \"tenant-lru\", other = nan }",
    "service.cache={ kind = \"tenant-lru\", weights = { a = -1 } }",
    "service.cache={ kind = \"tenant-lru\", weights = { a = 1e300 } }",
    "service.cache={ kind = \"tenant-lru\", budget = \"0%\" }",
    "service.cache={ kind = \"tenant-lru\", private = -0.5 }",
    "service.queue={ kind = \"fifo\", workers = 0 }",
    "service.queue={ kind = \"fifo\", workers = 4294967295, limit = 0 }",
    "timeline=[{ at = \"50%\", deploy = \"d\", set = { \"dependency.llm.pool\" = 4294967295 } }]",
    "service.queue={ kind = \"priority-aging\", age_factor = nan }",
    "service.queue={ kind = \"weighted-round-robin\", classes = { a = 0 } }",
    "service.single_flight={ limit = 0 }",
    "service.trending={ kind = \"space-saving\", counters = 0 }",
    "service.parse={ kind = \"schema-json\", fields = {} }",
    "service.balancer=\"nobody\"",
    "service.compute=\"1e300s\"",
    "service.compute={ kind = \"lognormal\", p50 = \"0s\", p99 = \"1s\" }",
    "service.call.timeout=\"-1s\"",
    "service.call.retry.max=4294967295",
    "service.call.retry.budget=-1",
    "service.call.breaker={ kind = \"failure-ratio\", ratio = nan }",
    "service.call=[]",
    "service.fan_out={ parallel = 4294967295 }",
    "service.key.fields=[]",
    "service.key.fields=[\"\"]",
    "dependency.llm={ kind = \"llm-engine\", engines = 0 }",
    "dependency.llm={ kind = \"llm-engine\", engines = 4294967295 }",
    "dependency.llm={ kind = \"llm-engine\", blocks = 1_000_000_000_000 }",
    "dependency.llm={ kind = \"llm-engine\", prefill = \"0/s\" }",
    "dependency.llm.error_rate=\"101%\"",
    "dependency.llm.pool=4294967295",
    "clients.retry.max=4294967295",
    "clients.patience=\"0s\"",
    "warm_up=nan",
    "seed=-1",
];

#[test]
fn the_binary_refuses_with_two_or_runs_in_bounded_memory_and_leaves_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hostile.toml");
    std::fs::write(&file, BASE).unwrap();
    let binary = assert_cmd::cargo::cargo_bin("gameday");
    let (mut wrong, mut taken) = (vec![], 0);
    for set in WORST {
        // The system holds its memory: 3 GB of addresses, of which threads' stacks are a part.
        let script = "ulimit -v 3000000; exec \"$0\" \"$@\"";
        let out = Command::new("sh")
            .args(["-c", script])
            .arg(&binary)
            .args([
                "replay",
                "hostile.toml",
                "--out",
                "reports",
                "--save",
                "saved",
            ])
            .args(["--save-format", "csv", "--set", set])
            .current_dir(folder.path())
            .timeout(Duration::from_secs(60))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        let made = |name: &str| folder.path().join(name).exists();
        match out.status.code() {
            Some(0) if made("reports") && made("saved") => {
                taken += 1;
                std::fs::remove_dir_all(folder.path().join("reports")).unwrap();
                std::fs::remove_dir_all(folder.path().join("saved")).unwrap();
            }
            Some(2) => {
                let name = set.split(['=', '.']).next().unwrap_or(set);
                if !said.contains("--set") && !said.contains("hostile.toml") && !said.contains(name)
                {
                    wrong.push(format!("{set}: no place: {said}"));
                }
                let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
                if left.len() != 1 {
                    wrong.push(format!("{set}: refused, and left {left:?}"));
                }
            }
            code => wrong.push(format!("{set}: {code:?}: {said}")),
        }
    }
    println!("{taken} of {} taken", WORST.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
