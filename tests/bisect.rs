//! `gameday bisect`: the trigger and what sustains an outage, each by replay.

use assert_cmd::Command;
use serde_json::Value;

fn gameday(args: &[&str]) -> (Option<i32>, String, String) {
    let out = Command::cargo_bin("gameday")
        .unwrap()
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

const RETRIES: [&str; 5] = [
    "bisect",
    "incident-30",
    "--no-actions",
    "--otherwise",
    "service.call.retry.max=0",
];

#[test]
fn the_fault_is_the_trigger_and_the_retries_keep_it_up() {
    let (code, out, err) = gameday(&[&RETRIES[..], &["--json"]].concat());
    assert_eq!(code, Some(0), "{err}");
    let json: Value = serde_json::from_str(&out).unwrap();
    let b = &json["bisection"];
    assert_eq!(b["roles"], serde_json::json!(["trigger", "sustainer"]));
    assert_eq!(b["never"]["sets"], serde_json::json!([["A", "B"]]));
    for question in ["never", "withdrawn"] {
        let answer = &b[question];
        let amount = |p: &Value| p["amount"].as_f64().unwrap();
        let sum: f64 = answer["shares"]
            .as_array()
            .unwrap()
            .iter()
            .map(amount)
            .sum();
        let (with, without) = (&answer["with"], &answer["without"]);
        let whole = without.as_f64().unwrap() - with.as_f64().unwrap();
        assert!((sum - whole).abs() < 1e-6, "{question}: {sum} of {whole}");
    }
}

#[test]
fn what_cannot_be_bisected_is_refused() {
    let with = |more: &[&str]| gameday(&[&RETRIES[..3], more].concat());
    for (more, said) in [
        (&["--variant", "sound"][..], "nothing happens"),
        (&["--gate", "godput"], "there is no gate"),
        (&["--gate", "latency.p95 <"], "--gate"),
        (&["--otherwise", "trace.load=2"], "no setting"),
        (&["--otherwise", "service.call.retry.max"], "sets nothing"),
        (&["--withdrawn-at", "soon"], "no time"),
        (&["--withdrawn-at", "1s"], "while the incident lasts"),
        (&["--variant", "all"], "one variant"),
    ] {
        let (code, _, err) = with(more);
        assert_eq!(code, Some(2), "{more:?}: {err}");
        assert!(err.contains(said), "{more:?}: {err}");
    }
}
