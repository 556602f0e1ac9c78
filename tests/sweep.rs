//! Sweeps by the program: in one go and in parts, killed and gone on.

mod sweep_support;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};
use sweep_support::{GRID, done, folder, gameday, refused, results, shop, with};

#[test]
fn shards_of_any_number_come_to_the_same_bytes_as_one_run() {
    let place = folder(&shop(30, 10, 3, 10));
    let here = place.path();
    done(here, GRID);
    let whole = results(&here.join("sweeps/shop"));
    assert!(whole.contains_key("results.csv") && whole.contains_key("report.txt"));
    // More shards than there are runs (12): some are empty.
    for n in [2, 3, 5, 13] {
        let out = format!("in-{n}");
        for k in (0..n).rev() {
            let (said, _) = done(
                here,
                &with(&["--out", &out, "--shard", &format!("{k}/{n}")]),
            );
            assert_eq!(said, format!("{out}/shard-{k}-of-{n}.jsonl\n"));
        }
        let (said, _) = done(here, &["merge", &out]);
        assert_eq!(results(&here.join(&out)), whole, "{n} shards");
        let report = String::from_utf8(whole["report.txt"].clone()).unwrap();
        assert!(said.starts_with(&report), "{said}");
    }
    // By their names, from elsewhere, and into another folder.
    let files: Vec<String> = (0..3)
        .map(|k| format!("in-3/shard-{k}-of-3.jsonl"))
        .collect();
    let mut args = vec!["merge", "--out", "elsewhere"];
    args.extend(files.iter().map(String::as_str));
    done(here, &args);
    assert_eq!(results(&here.join("elsewhere")), whole);
}

#[test]
fn a_shard_is_the_same_to_the_byte_when_it_is_made_again_on_any_number_of_cores() {
    let place = folder(&shop(30, 10, 3, 10));
    let here = place.path();
    let args = with(&["--shard", "1/2"]);
    done(here, &args);
    let file = here.join("sweeps/shop/shard-1-of-2.jsonl");
    let first = fs::read(&file).unwrap();
    let (_, err) = done(here, &args);
    assert!(err.contains("is there already"), "{err}");
    fs::remove_file(&file).unwrap();
    let status = assert_cmd::Command::cargo_bin("gameday")
        .unwrap()
        .current_dir(here)
        .env("RAYON_NUM_THREADS", "1")
        .args(&args)
        .output()
        .unwrap();
    assert!(status.status.success());
    assert_eq!(fs::read(&file).unwrap(), first);
    assert!(!here.join("sweeps/shop/shard-1-of-2.partial").exists());
}

#[test]
fn a_sweep_that_was_killed_goes_on_where_it_was() {
    let place = folder(&shop(60, 60, 8, 40));
    let here = place.path();
    let args = [
        "sweep",
        "shop.toml",
        "--set",
        "service.queue.limit=1..20:1",
        "--seeds",
        "2",
    ];
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("gameday"))
        .current_dir(here)
        .env("RAYON_NUM_THREADS", "1")
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let journal = here.join("sweeps/shop/shard-0-of-1.partial");
    let lines = |path: &Path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().filter(|l| !l.is_empty()).count()
    };
    while lines(&journal) < 3 {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it could be killed"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    assert!(!here.join("sweeps/shop/shard-0-of-1.jsonl").exists());
    let kept = lines(&journal);
    // The last line is cut in two, as when the machine stops in the middle of a write.
    let bytes = fs::read(&journal).unwrap();
    let cut = bytes.len() - bytes.len() / kept / 2;
    fs::write(&journal, &bytes[..cut]).unwrap();
    let (_, err) = done(here, &args);
    let kept = kept - 1;
    assert!(
        err.contains(&format!("{} runs, {kept} more were done before", 40 - kept)),
        "{err}"
    );
    assert!(!journal.exists());
    let resumed = results(&here.join("sweeps/shop"));
    done(here, &[&args[..], &["--out", "at-once"]].concat());
    assert_eq!(results(&here.join("at-once")), resumed);
    let shard = |out: &str| fs::read(here.join(out).join("shard-0-of-1.jsonl")).unwrap();
    assert_eq!(shard("at-once"), shard("sweeps/shop"));
}

#[test]
fn a_journal_of_another_sweep_counts_for_nothing() {
    let place = folder(&shop(30, 10, 3, 10));
    let here = place.path();
    let out = here.join("sweeps/shop");
    done(here, &with(&["--shard", "0/2"]));
    let whole = fs::read_to_string(out.join("shard-0-of-2.jsonl")).unwrap();
    fs::remove_dir_all(&out).unwrap();
    // Lines of runs that are fine but for their seal, and no text at all.
    fs::create_dir_all(&out).unwrap();
    let mut junk = b"\xff\xfe\n0123456789abcdef0123456789abcdef {}\n".to_vec();
    let runs = whole
        .lines()
        .skip(1)
        .map(|l| format!("0123456789abcdef0123456789abcdef {l}\n"));
    junk.extend(runs.collect::<String>().replace("pass", "breach").bytes());
    fs::write(out.join("shard-0-of-2.partial"), junk).unwrap();
    let (_, err) = done(here, &with(&["--shard", "0/2"]));
    assert_eq!(err, "6 runs\n");
    assert_eq!(
        fs::read_to_string(out.join("shard-0-of-2.jsonl")).unwrap(),
        whole
    );
}

#[test]
fn the_content_of_a_trace_file_belongs_to_the_plan_and_its_name_does_not() {
    let place = folder(&shop(30, 5, 3, 10));
    let here = place.path();
    for (name, seed) in [("a.csv", "1"), ("b.csv", "2")] {
        done(
            here,
            &[
                "trace",
                "generate",
                name,
                "--kind",
                "poisson",
                "--rate",
                "20/s",
                "--duration",
                "5s",
                "--seed",
                seed,
            ],
        );
    }
    fs::copy(here.join("a.csv"), here.join("same.csv")).unwrap();
    let args = |trace: &'static str| with(&["--out", "out", "--shard", "0/2", "--trace", trace]);
    done(here, &args("a.csv"));
    let (_, err) = done(here, &args("same.csv"));
    assert!(err.contains("is there already"), "{err}");
    let said = refused(here, &args("b.csv"));
    assert!(said.contains("they differ in the trace"), "{said}");
}

#[test]
fn goals_count_in_the_order_in_which_they_are_written() {
    let place = folder(&shop(30, 5, 3, 10));
    let here = place.path();
    let goals = [
        "--maximize",
        "throughput",
        "--minimize",
        "latency.p95 during all",
        "--maximize",
        "service.queue.workers",
        "--json",
    ];
    let (said, _) = done(here, &with(&goals));
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    let goals: Vec<(&str, &str)> = json["plan"]["goals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|g| (g["name"].as_str().unwrap(), g["better"].as_str().unwrap()))
        .collect();
    assert_eq!(
        goals,
        [
            ("throughput", "higher"),
            ("latency.p95 during all", "lower"),
            ("service.queue.workers", "higher")
        ]
    );
    assert_eq!(json["points"].as_array().unwrap().len(), 6);
    let (code, help, _) = gameday(here, &["sweep", "--help"]);
    assert_eq!(code, 0);
    assert!(help.contains("counted from 0"), "{help}");
}

#[test]
fn the_columns_are_those_of_the_documentation() {
    let place = folder(&shop(30, 5, 3, 10));
    let here = place.path();
    done(here, GRID);
    let page = fs::read_to_string("docs/sweep.md").unwrap();
    for name in ["results.csv", "runs.csv"] {
        let section = page.split(&format!("Columns of `{name}`:")).nth(1).unwrap();
        let rows = section
            .trim_start()
            .lines()
            .take_while(|l| l.starts_with('|'))
            .skip(2);
        let mut documented: Vec<String> = vec![];
        for row in rows {
            let cell = row.split('|').nth(1).unwrap();
            documented.extend(cell.split('`').skip(1).step_by(2).map(str::to_string));
        }
        let text = fs::read_to_string(here.join("sweeps/shop").join(name)).unwrap();
        let mut found: Vec<String> = vec![];
        for column in text.lines().next().unwrap().split(',') {
            if column.starts_with("service.") {
                continue;
            }
            let mut general = column.to_string();
            for (goal, unit) in [("shed_rate", "fraction"), ("latency.p95", "ns")] {
                general = general.replace(&format!("{goal} [{unit}]"), "GOAL [UNIT]");
            }
            if let Some(rest) = general.strip_prefix("gate ") {
                assert!(rest.contains(" in "), "{rest}");
                general = "gate NAME in PHASE".into();
            }
            if !found.contains(&general) {
                found.push(general);
            }
        }
        assert_eq!(found, documented, "{name}");
    }
    // A run can be had again from its row.
    let runs = fs::read_to_string(here.join("sweeps/shop/runs.csv")).unwrap();
    let row: Vec<&str> = runs.lines().nth(6).unwrap().split(',').collect();
    let (limit, workers) = (
        format!("service.queue.limit={}", row[2]),
        format!("service.queue.workers={}", row[3]),
    );
    let again = [
        "replay",
        "shop.toml",
        "--no-report",
        "--print",
        "digest",
        "--set",
        &limit,
        "--set",
        &workers,
        "--seed",
        row[4],
    ];
    let (said, _) = done(here, &again);
    assert_eq!(said.trim(), row[5]);
}
