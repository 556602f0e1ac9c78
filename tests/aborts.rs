//! `abort_on_breach`: a gate that ends the run; and the scalars of a run that not every run has.

mod replay_support;

use gameday::{
    gates::Verdict,
    incident::{Run, judge},
};
use replay_support::{read, replay, rerun, rows};

const SECOND: u64 = 1_000_000_000;

/// Eight minutes of 20 a second; from the fourth on, calls fail (or are slow) for one of two tenants.
fn text(fault: &str, gates: &str) -> String {
    format!(
        "schema = 1\ntitle = \"t\"\nwarm_up = 0\n[trace]\narrivals = {{ kind = \"poisson\", rate = \"20/s\" }}\n\
         duration = \"8m\"\ntenants = {{ a = 1, b = 1 }}\n[service]\ncall = {{ dependency = \"llm\" }}\n\
         [dependency.llm]\nlatency = \"300ms\"\n[[timeline]]\nat = \"4m\"\n{fault}\n[gates]\n{gates}\n"
    )
}

const ERRORS: &str = "fault = { kind = \"error\", percentage = 30, target = \"llm\" }";
const SLOW: &str = "fault = { kind = \"latency\", latency = \"5s\", target = \"llm\" }";

fn verdicts(text: &str) -> (Run, Vec<(String, String, Verdict, String)>) {
    let incident = read(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let run = rerun(&incident);
    let said = judge(&incident, &run).into_iter();
    let said = said
        .map(|j| (j.gate, j.phase, j.verdict, j.detail))
        .collect();
    (run, said)
}

#[test]
fn a_share_ends_the_run_after_a_window_in_which_it_is_too_high() {
    let gates =
        "errors = \"error_rate < 10% for 30s abort_on_breach\"\nlatency = \"latency p(95) < 1s\"";
    let (run, said) = verdicts(&text(ERRORS, gates));
    let aborted = run.aborted.as_ref().expect("ended");
    // 30 % of a window fail once a third of it lies in the fault; the first window must have passed.
    assert!(
        (4 * 60 + 30..4 * 60 + 32).contains(&(aborted.at / SECOND)),
        "{}",
        aborted.at
    );
    assert_eq!((run.length, aborted.gate.as_str()), (aborted.at, "errors"));
    // One request was on its way to the door.
    let late = rows(&run).iter().filter(|r| r.arrived > aborted.at).count();
    assert!(late <= 1, "{late}");
    // The other gate is judged on what there is.
    let words: Vec<_> = said
        .iter()
        .map(|(g, p, v, _)| (g.as_str(), p.as_str(), *v))
        .collect();
    assert_eq!(
        words,
        [
            ("errors", "incident", Verdict::Breach),
            ("latency", "incident", Verdict::Pass)
        ]
    );
    assert!(
        said[0].3.starts_with("ended the run at 4m30"),
        "{}",
        said[0].3
    );
    assert!(said[0].3.contains("allowed 10%"), "{}", said[0].3);
    let entry = run.truth.entries.last().unwrap();
    assert!(
        entry
            .label
            .starts_with("run ended by gate errors: error_rate "),
        "{}",
        entry.label
    );
    let end = run.truth.phases.last().unwrap().to;
    assert!(
        end >= aborted.at && end - aborted.at <= run.watched.windows.width,
        "{end}"
    );
}

#[test]
fn a_maximum_ends_the_run_with_the_first_request_beyond_it() {
    let (run, said) = verdicts(&text(
        SLOW,
        "slow = \"latency max < 3s for 30s abort_on_breach\"",
    ));
    let aborted = run.aborted.as_ref().expect("ended");
    // It takes 5.3 s to end, and that is when it is known.
    assert!(
        (245..247).contains(&(aborted.at / SECOND)),
        "{}",
        aborted.at
    );
    assert_eq!(said[0].2, Verdict::Breach);
    assert!(
        said[0].3.ends_with(": latency.max 5.3s, allowed 3s"),
        "{}",
        said[0].3
    );
}

#[test]
fn what_does_not_break_ends_nothing_and_leaves_no_trace() {
    let with = "errors = \"error_rate < 40% for 30s abort_on_breach\"";
    let without = "errors = \"error_rate < 40% for 30s\"";
    let (a, said) = verdicts(&text(ERRORS, with));
    let (b, plain) = verdicts(&text(ERRORS, without));
    assert!(a.aborted.is_none());
    assert_eq!(a.digest.to_string(), b.digest.to_string());
    assert_eq!(said, plain);
}

#[test]
fn a_gate_is_held_to_the_requests_that_it_names() {
    let gates = "errors = \"error_rate{tenant=\\\"b\\\"} < 10% for 30s abort_on_breach\"";
    let only_a = "fault = { kind = \"error\", percentage = 30, target = \"llm\", where = \"tenant == \\\"a\\\"\" }";
    let (run, _) = verdicts(&text(only_a, gates));
    assert!(run.aborted.is_none(), "{:?}", run.aborted);
}

#[test]
fn what_is_not_known_while_it_runs_cannot_end_it() {
    for (gate, why) in [
        (
            "latency p(95) < 1s for 30s abort_on_breach",
            "not the maximum of a time",
        ),
        ("error_rate < 5% abort_on_breach", "over which time"),
        (
            "error_rate < 2x baseline for 30s abort_on_breach",
            "not known yet",
        ),
        (
            "error_rate by tenant < 5% for 30s abort_on_breach",
            "it is split",
        ),
        (
            "error_rate < 5% for 30s during incident abort_on_breach",
            "does not know its phases",
        ),
        (
            "error_rate < 5% for 30s and latency max < 1s for 30s abort_on_breach",
            "no single comparison",
        ),
        (
            "recovery_time < 30s abort_on_breach",
            "known only when the run has ended",
        ),
        (
            "error_rate == 5% for 30s abort_on_breach",
            "must not be exceeded",
        ),
        (
            "error_rate < 5% for 30s abort_on_breach for 30s",
            "where the end would be right",
        ),
    ] {
        let refusal = read(&text(ERRORS, &format!("g = \"{gate}\"")))
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(refusal.contains(why), "{gate}: {refusal}");
        assert!(refusal.contains("t.toml"), "{refusal}");
    }
}

#[test]
fn the_same_run_ends_at_the_same_instant_each_time() {
    let text = text(
        ERRORS,
        "errors = \"success_rate > 85% for 1m abort_on_breach\"",
    );
    let (a, b) = (replay(&text), replay(&text));
    assert!(a.aborted.is_some());
    assert_eq!(a.aborted, b.aborted);
    assert_eq!(a.digest.to_string(), b.digest.to_string());
}

#[test]
fn blast_radius_is_the_share_of_tenants_who_felt_it() {
    let gates = "radius = \"blast_radius < 10%\"";
    let only_a = "fault = { kind = \"latency\", latency = \"2s\", percentage = 20, target = \"llm\", where = \"tenant == \\\"a\\\"\" }";
    let (run, said) = verdicts(&text(only_a, gates));
    assert_eq!(run.scalars["blast_radius"], 0.5);
    assert_eq!(said[0].2, Verdict::Breach);
    let (run, _) = verdicts(&text(ERRORS, gates));
    assert_eq!(run.scalars["blast_radius"], 1.0);
    let nobody =
        "fault = { kind = \"latency\", latency = \"1ms\", percentage = 1, target = \"llm\" }";
    let (run, _) = verdicts(&text(nobody, gates));
    assert_eq!(run.scalars["blast_radius"], 0.0);
    // Nobody asked.
    let (run, _) = verdicts(&text(ERRORS, "g = \"error_rate < 5%\""));
    assert!(!run.scalars.contains_key("blast_radius"));
}

#[test]
fn good_rejects_are_requests_within_their_promise_that_were_refused() {
    let limited = |rate: &str| {
        let text = text(ERRORS, "g = \"truth.good_rejects == 0\"").replace(
            "[service]\n",
            &format!("[service]\nquota = {{ rate = \"50/s\", burst = 20 }}\nlimiter = {{ kind = \"token-bucket\", rate = \"{rate}\", burst = 5 }}\n"),
        );
        let run = replay(&text);
        let count = rows(&run)
            .iter()
            .filter(|r| {
                r.quota == gameday::recording::quota::UNDER
                    && r.outcome == gameday::recording::outcome::REJECTED
            })
            .count();
        (run.scalars["truth.good_rejects"], count as f64)
    };
    let (said, counted) = limited("1/s");
    assert!(said > 100.0, "{said}");
    assert_eq!(said, counted);
    assert_eq!(limited("1000/s").0, 0.0);
}
