//! What the terminal shows.

#[path = "../examples/report_demo/data.rs"]
mod data;

use data::Demo;
use gameday::gates::Verdict;
use gameday::report::text;

#[test]
fn the_report_reads_gates_first_then_numbers_story_and_how_to_do_it_again() {
    let demo = Demo::incident(20.0);
    insta::assert_snapshot!(text::render(&demo.findings(), false));
}

#[test]
fn no_line_is_wider_than_a_hundred_columns() {
    let demo = Demo::incident(20.0);
    for line in text::render(&demo.findings(), false).lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[cfg(feature = "cli")]
#[test]
fn colour_changes_no_letter() {
    let demo = Demo::incident(20.0);
    let styled = text::render(&demo.findings(), true);
    assert!(styled.contains("\u{1b}["));
    assert_eq!(
        anstream::adapter::strip_str(&styled).to_string(),
        text::render(&demo.findings(), false)
    );
}

#[test]
fn a_healthy_run_is_one_column_and_says_so() {
    let mut demo = Demo::incident(20.0);
    demo.truth = gameday::incident::Truth {
        causes: Some(vec![]),
        ..Default::default()
    };
    demo.diagnosis = gameday::diagnosis::Diagnosis {
        summary: "no incident".into(),
        ..Default::default()
    };
    demo.judgements.clear();
    let text = text::render(&demo.findings(), false);
    assert!(text.contains("Gates  none"), "{text}");
    assert!(text.contains("expected: no incident ✓"), "{text}");
    assert!(!text.contains("What happened"), "{text}");
}

/// `gameday diagnose` has no truth to set beside it; all else that it says is in the report, word for word.
#[test]
fn a_diagnosis_alone_reads_as_it_does_in_the_report() {
    let demo = Demo::incident(20.0);
    let report = text::render(&demo.findings(), false);
    let alone = text::of_diagnosis(&demo.diagnosis, false);
    let apart: Vec<&str> = alone
        .lines()
        .filter(|line| !report.lines().any(|l| l == *line))
        .collect();
    let since = "  since     00:20:02 (between 00:19:55 and 00:20:10), well again from 00:41:00";
    assert_eq!(apart, [since]);
}

#[test]
fn a_run_to_which_nothing_was_done_says_so_among_its_phases() {
    let mut demo = Demo::incident(20.0);
    demo.truth.entries.clear();
    let text = text::render(&demo.findings(), false);
    assert!(
        text.contains("00:20:00    nothing was done to this run"),
        "{text}"
    );
    assert!(!text.contains("recovered 3m"), "{text}");
}

#[test]
fn a_fault_that_ends_by_itself_is_no_fix() {
    use gameday::incident::EntryKind;
    let mut demo = Demo::incident(20.0);
    demo.truth.entries.retain(|e| e.kind == EntryKind::Fault);
    let text = text::render(&demo.findings(), false);
    assert!(
        text.contains("recovered 3m after the end of the last fault"),
        "{text}"
    );
    demo.truth.recovery_time = Some(0);
    let text = text::render(&demo.findings(), false);
    assert!(
        text.contains("recovered at once with the end of the last fault"),
        "{text}"
    );
}

#[test]
fn what_was_not_expected_or_not_diagnosed_is_not_judged() {
    let mut demo = Demo::incident(20.0);
    let mut findings = demo.findings();
    findings.recording = None;
    let text = text::render(&findings, false);
    assert!(text.contains("expected: key-field-added\n"), "{text}");
    // Changes that nobody is to notice begin no incident.
    assert!(text.contains("in truth 00:20:00"), "{text}");
    demo.truth.causes = Some(vec![]);
    let text = text::render(&demo.findings(), false);
    assert!(!text.contains("in truth"), "{text}");
    demo.truth.causes = None;
    let text = text::render(&demo.findings(), false);
    assert!(!text.contains("expected:"), "{text}");
}

/// The line with the verdict, when these gates say these things.
fn verdict(said: &[(&str, &str, Verdict)]) -> String {
    let mut demo = Demo::incident(5.0);
    let first = demo.judgements[0].clone();
    let judgement = |(gate, phase, verdict): &(&str, &str, Verdict)| {
        let mut judgement = first.clone();
        (judgement.gate, judgement.phase) = ((*gate).into(), (*phase).into());
        judgement.verdict = *verdict;
        judgement
    };
    demo.judgements = said.iter().map(judgement).collect();
    let text = text::render(&demo.findings(), false);
    text.lines().nth(3).unwrap_or_default().to_owned()
}

#[test]
fn the_verdict_says_which_gates_broke_and_in_which_phases() {
    use Verdict::{Breach, NoData, Pass};
    let (incident, recovered) = ("incident", "recovered");
    let said = [
        verdict(&[]),
        verdict(&[("a", incident, Pass), ("a", recovered, Pass)]),
        verdict(&[("a", incident, Pass), ("b", incident, Pass)]),
        verdict(&[
            ("a", incident, Breach),
            ("a", recovered, Breach),
            ("b", incident, Pass),
        ]),
        verdict(&[
            ("a", incident, Breach),
            ("b", incident, NoData),
            ("c", incident, Breach),
        ]),
        verdict(&[("a", incident, Pass), ("b", incident, NoData)]),
        verdict(&[("a", "", Breach)]),
    ];
    assert_eq!(
        said,
        [
            "– NO GATES  nothing was asked of this run",
            "✓ PASS  the gate holds",
            "✓ PASS  all 2 gates hold",
            "✗ BREACH  1 of 2 gates broken in incident and recovered: a",
            "✗ BREACH  2 of 3 gates broken in incident: a, c; no data for b",
            "? NO DATA  1 of 2 gates: b",
            "✗ BREACH  1 of 1 gate broken: a",
        ]
    );
}

#[test]
fn sparklines_are_first_of_what_breaks_the_gates_and_never_of_nothing() {
    let mut demo = Demo::incident(5.0);
    demo.diagnosis.symptoms.clear();
    demo.judgements.truncate(1);
    demo.judgements[0].expression = "queue.wait p(99) < 1s and compute p(50) < 1s".into();
    let text = text::render(&demo.findings(), false);
    let lines = text.lines().skip_while(|l| *l != "Over time").skip(1);
    let names = lines.take_while(|l| !l.is_empty());
    let names: Vec<&str> = names.filter_map(|l| l.split_whitespace().next()).collect();
    assert_eq!(
        names[..5],
        [
            "queue.wait.p99",
            "compute.p50",
            "latency.p95",
            "error_rate",
            "throughput"
        ]
    );
    // A gate that holds, on what is zero throughout, has no line; one that is broken has.
    demo.judgements[0].expression = "hangup_rate > 0%".into();
    let shown = |demo: &Demo| {
        let text = text::render(&demo.findings(), false);
        text.lines().any(|l| l.starts_with("  hangup_rate "))
    };
    assert!(shown(&demo));
    demo.judgements[0].verdict = Verdict::Pass;
    assert!(!shown(&demo));
}
