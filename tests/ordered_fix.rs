//! A fix in steps: the first alone is seen to fail, and so is the second without the first.

use assert_cmd::Command;
use predicates::str::contains;

fn gate(variant: &str) -> Command {
    let mut command = Command::cargo_bin("gameday").unwrap();
    command
        .env("NO_COLOR", "1")
        .args(["gate", "incident-30", "--variant", variant]);
    command
}

#[test]
fn both_steps_recover_and_the_first_alone_does_not() {
    gate("ordered-fix").arg("--expect").assert().success();
    gate("ordered-fix")
        .args(["--fix-steps", "1"])
        .assert()
        .code(1)
        .stdout(contains("not recovered after the fix"));
    gate("ordered-fix-first-step-last")
        .arg("--expect")
        .assert()
        .success();
}

#[test]
fn empty_cache_nodes_fill_in_the_order_of_the_fix_alone_and_not_when_the_roll_out_ends() {
    gate("cold-nodes").arg("--expect").assert().success();
    for steps in ["0", "3"] {
        gate("cold-nodes")
            .args(["--fix-steps", steps])
            .assert()
            .code(1);
    }
}

#[test]
fn a_herd_of_starts_stays_down_when_the_bug_is_off_until_the_starts_are_spread() {
    gate("restart-herd").arg("--expect").assert().success();
    gate("restart-herd")
        .args(["--fix-steps", "1"])
        .assert()
        .code(1)
        .stdout(contains("not recovered after the fix"));
    gate("restart-herd-flag-off-only")
        .arg("--expect")
        .assert()
        .success();
}
