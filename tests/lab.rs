//! `gameday lab` from end to end.

use assert_cmd::Command;
use predicates::str::contains;

fn lab(args: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("gameday").unwrap();
    command.arg("lab").args(args).assert()
}

#[test]
fn structures_are_measured_and_a_budget_that_none_holds_is_exit_code_one() {
    let small = ["structures", "--sizes", "100,1k", "--samples", "20"];
    let run = lab(&[
        &small[..],
        &["--budget", "lookup=1h,insert=1h,top-k=1h,expire=1h"],
    ]
    .concat());
    run.code(0)
        .stdout(contains("take it"))
        .stdout(contains("sorted vec"));
    let run = lab(&[&small[..], &["--budget", "lookup=0"]].concat());
    run.code(1).stdout(contains("none holds the budget"));
}

#[test]
fn what_cannot_be_measured_is_refused() {
    for (args, message) in [
        (["--sizes", "0"], "1 to 4000000"),
        (["--sizes", "1e99"], "--sizes"),
        (["--sizes", "\"\\"], "--sizes"),
        (["--samples", "1"], "20 to"),
        (["--exponent", "nan"], "0 (uniform)"),
        (["--budget", "lookups=1ms"], "no budget"),
    ] {
        let refused = lab(&["structures", args[0], args[1]]);
        refused.code(2).stderr(contains(message));
    }
}

#[test]
fn a_leak_is_exit_code_one_and_a_bounded_cache_is_none() {
    let hours = ["--set", "trace.duration=6h"];
    lab(&[&["leak", "incident-19", "--variant", "sound"], &hours[..]].concat())
        .code(0)
        .stdout(contains("memory.live.cache"));
    lab(&[&["leak", "incident-19", "--variant", "soak"], &hours[..]].concat())
        .code(1)
        .stdout(contains("LEAK"))
        .stdout(contains("Top growth"));
    lab(&["leak", "incident-0"]).code(2);
}
