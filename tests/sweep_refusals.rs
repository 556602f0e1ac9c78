//! What sweeps and merges refuse: with exit code 2, at its place, and before anything is written.

mod sweep_support;

use std::{fs, path::Path};
use sweep_support::{GRID, done, folder, refused, results, shop, with};

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
