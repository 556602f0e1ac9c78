//! A game day of many draws.

use assert_cmd::Command;

fn drill(args: &[&str]) -> (Option<i32>, String) {
    let out = Command::cargo_bin("gameday")
        .unwrap()
        .args(["drill", "incident-30"])
        .args(args)
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&out.stderr).into_owned();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    (out.status.code(), said + &err)
}

#[test]
fn a_retry_budget_ends_what_comes_back_in_most_draws_without_it() {
    let args = ["--draws", "4", "--seed", "3", "--shift", "10%", "--json"];
    let control = ["--control", "service.call.retry.budget=10%"];
    let (code, said) = drill(&[&args[..], &control].concat());
    assert_eq!(code, Some(0), "{said}");
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(json["before"]["breached"].as_u64() >= Some(3), "{said}");
    assert_eq!(json["after"]["breached"], 0, "{said}");
    let one_core = Command::cargo_bin("gameday")
        .unwrap()
        .env("RAYON_NUM_THREADS", "1")
        .args(["drill", "incident-30"])
        .args(args)
        .args(control)
        .output()
        .unwrap();
    assert_eq!(said, String::from_utf8_lossy(&one_core.stdout));
}

#[test]
fn half_a_fix_misses_the_objective() {
    let common = ["--draws", "2", "--objective", "2m"];
    let (code, said) = drill(&common);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = drill(&[&common[..], &["--variant", "revert-only"]].concat());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("never"), "{said}");
}

#[test]
fn what_is_no_number_of_draws_is_refused() {
    for wrong in [["--draws", "0"], ["--shift", "x"], ["--objective", "soon"]] {
        let (code, said) = drill(&wrong);
        assert_eq!(code, Some(2), "{said}");
    }
    let (code, said) = drill(&["--draws", "9", "--shift", "90%"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("past the end"), "{said}");
}
