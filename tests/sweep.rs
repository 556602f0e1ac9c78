//! Sweeps by the program: in one go and in parts, killed and gone on, and what is refused.

mod sweep_support;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};
use sweep_support::{done, folder, gameday, refused, results, shop};

const GRID: &[&str] = &[
    "sweep",
    "shop.toml",
    "--set",
    "service.queue.limit=2..10:4",
    "--set",
    "service.queue.workers=2,3",
    "--seeds",
    "2",
];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [GRID, more].concat()
}

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
fn merge_refuses_what_is_missing_foreign_doubled_or_cut_by_name() {
    let place = folder(&shop(30, 5, 3, 10));
    let here = place.path();
    for k in 0..3 {
        done(
            here,
            &with(&["--out", "good", "--shard", &format!("{k}/3")]),
        );
    }
    done(
        here,
        &with(&["--out", "other", "--shard", "1/3", "--seed", "8"]),
    );
    done(here, &with(&["--out", "halves", "--shard", "1/2"]));
    let good = |k: u32| here.join(format!("good/shard-{k}-of-3.jsonl"));
    let attempt = |change: &dyn Fn(&Path)| {
        let bad = here.join("bad");
        let _ = fs::remove_dir_all(&bad);
        fs::create_dir(&bad).unwrap();
        for k in 0..3 {
            fs::copy(good(k), bad.join(good(k).file_name().unwrap())).unwrap();
        }
        change(&bad);
        let said = refused(here, &["merge", "bad"]);
        assert!(!bad.join("results.csv").exists(), "{said}");
        said
    };
    let second = "shard-1-of-3.jsonl";
    let said = attempt(&|bad| fs::remove_file(bad.join(second)).unwrap());
    assert_eq!(
        said,
        "of 3 shards 1 are missing: 1; run them with --shard 1/3\n"
    );
    let said = attempt(&|bad| {
        fs::rename(bad.join(second), bad.join("shard-1-of-3.partial")).unwrap();
        fs::remove_file(bad.join("shard-2-of-3.jsonl")).unwrap();
    });
    assert!(
        said.contains("2 are missing: 1, 2") && said.contains("1 of them have begun"),
        "{said}"
    );
    let said = attempt(&|bad| {
        fs::copy(here.join("other").join(second), bad.join(second)).unwrap();
    });
    assert!(
        said.starts_with("bad/shard-1-of-3.jsonl: this is of another sweep"),
        "{said}"
    );
    assert!(said.contains("they differ in seeds"), "{said}");
    let said = attempt(&|bad| {
        fs::copy(bad.join(second), bad.join("shard-1-of-3 (copy).jsonl")).unwrap();
    });
    assert!(
        said.contains("shard 1 of 3 is there twice") && said.contains("with the same runs"),
        "{said}"
    );
    let said = attempt(&|bad| {
        fs::copy(
            here.join("halves/shard-1-of-2.jsonl"),
            bad.join("shard-1-of-2.jsonl"),
        )
        .unwrap();
    });
    assert!(
        said.contains("shard-1-of-2.jsonl: this is one of 2 shards, and the others are of 3"),
        "{said}"
    );
    let bytes = fs::read(good(1)).unwrap();
    for cut in [0, 10, bytes.len() / 2, bytes.len() - 30, bytes.len() - 1] {
        let said = attempt(&|bad| fs::write(bad.join(second), &bytes[..cut]).unwrap());
        assert!(
            said.starts_with("bad/shard-1-of-3.jsonl: "),
            "{cut}: {said}"
        );
        assert!(
            said.contains("is not whole") || said.contains("no shard"),
            "{cut}: {said}"
        );
    }
    let text = String::from_utf8(bytes).unwrap();
    let said = attempt(&|bad| {
        fs::write(bad.join(second), text.replacen("\"pass\"", "\"breach\"", 1)).unwrap()
    });
    assert!(said.contains("do not have the digest"), "{said}");
    let said = attempt(&|bad| {
        fs::write(
            bad.join(second),
            text.replacen("\"count\":2", "\"count\":3", 1),
        )
        .unwrap()
    });
    assert!(said.contains("its first line was changed"), "{said}");
    let said = attempt(&|bad| fs::write(bad.join("shard-9-of-9.jsonl"), "{}\n").unwrap());
    assert!(
        said.contains("no shard of a sweep of this version"),
        "{said}"
    );
    let said = attempt(&|bad| {
        for k in 0..3 {
            fs::remove_file(bad.join(format!("shard-{k}-of-3.jsonl"))).unwrap();
        }
    });
    assert!(said.contains("there are no shards here"), "{said}");
    assert!(refused(here, &["merge", "nowhere"]).contains("there is nothing here"));
    // And all together they are fine.
    done(here, &["merge", "good"]);
}

#[test]
fn what_cannot_be_swept_is_refused_before_anything_is_written() {
    let place = folder(&shop(30, 5, 3, 10));
    let here = place.path();
    let sweep = |args: &[&str]| {
        let said = refused(here, &[&["sweep", "shop.toml"], args].concat());
        assert!(!here.join("sweeps").exists(), "{said}");
        said
    };
    let grid = "service.queue.limit=2,4";
    for (args, says) in [
        (&["--set", "service.queue.limit=2"][..], "nothing is swept"),
        (
            &["--set", "service.queue.limt=2,4"],
            "has no option \"limt\"",
        ),
        (
            &["--set", "service.queue.workers=4,2,0"],
            "--set service.queue.workers:1:1",
        ),
        (
            &["--set", grid, "--set", "service.queue.limit=5"],
            "is set twice",
        ),
        (&["--set", "seed=1,2"], "write --seeds N"),
        (
            &["--set", grid, "--seeds", "0"],
            "--seeds 0 is no number of seeds",
        ),
        (
            &["--set", grid, "--seeds", "50001"],
            "--seeds 50000 at most",
        ),
        (
            &[
                "--set",
                "service.queue.limit=1..2000:1",
                "--set",
                "service.queue.workers=1..2000:1",
            ],
            "2000 x 2000 points",
        ),
        (
            &["--set", grid, "--shard", "2/2"],
            "shards are counted from 0",
        ),
        (&["--set", grid, "--shard", "two"], "no shard"),
        (&["--set", grid, "--shard", "0/0"], "no shard"),
        (&["--set", grid, "--minimize", "latncy.p95"], "did you mean"),
        (
            &["--set", grid, "--minimize", "latency.p95 < 3s"],
            "the quantity alone",
        ),
        (
            &["--set", grid, "--minimize", "service.queue.workers"],
            "neither a quantity nor a swept path",
        ),
        (
            &[
                "--set",
                "service.queue.kind=fifo,priority",
                "--minimize",
                "service.queue.kind",
            ],
            "cannot be compared",
        ),
        (
            &[
                "--set",
                grid,
                "--maximize",
                "throughput",
                "--minimize",
                "throughput",
            ],
            "is there twice",
        ),
        (&["--set", grid, "--variant", "none"], "no variant"),
    ] {
        let said = sweep(args);
        assert!(said.contains(says), "{args:?}: {said}");
    }
    let plain = shop(30, 5, 3, 10);
    let without = plain.split("[gates]").next().unwrap();
    fs::write(here.join("plain.toml"), without).unwrap();
    let said = refused(here, &["sweep", "plain.toml", "--set", grid]);
    assert!(said.contains("no gates"), "{said}");
}

#[test]
fn a_folder_of_another_sweep_is_left_alone() {
    let place = folder(&shop(30, 5, 3, 10));
    let here = place.path();
    done(here, GRID);
    let before = results(&here.join("sweeps/shop"));
    let said = refused(here, &with(&["--healthy"]));
    assert!(
        said.contains("plan.json: this is of another sweep") && said.contains("differ in healthy"),
        "{said}"
    );
    fs::write(here.join("shop.toml"), shop(31, 5, 3, 10)).unwrap();
    let said = refused(here, GRID);
    assert!(said.contains("the incident file"), "{said}");
    assert_eq!(results(&here.join("sweeps/shop")), before);
    // A comment changes no run, but nobody can tell without reading: the file is another.
    fs::write(here.join("shop.toml"), shop(30, 5, 3, 10)).unwrap();
    let (_, err) = done(here, GRID);
    assert!(err.contains("is there already"), "{err}");
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
