//! Runs at the edge: a report says what there is to say, and never panics or hangs.

#[path = "../examples/report_demo/data.rs"]
mod data;

use data::Demo;
use gameday::diagnosis::{Diagnosis, Onset};
use gameday::gates::{Judgement, Verdict};
use gameday::incident::{Entry, EntryKind, Phase, PhaseName, Truth};
use gameday::indicators::{Watch, Windows};
use gameday::recording::{Recording, RequestRow, cache, outcome};
use gameday::report::{json, text, write_all};

const S: u64 = 1_000_000_000;

/// A request a second.
fn rows(n: u64, latency: impl Fn(u64) -> u64, hit: bool) -> Recording {
    let mut recording = Recording::default();
    for i in 0..n {
        recording.requests.push(&RequestRow {
            op: i,
            tries: 1,
            arrived: i * S,
            latency: latency(i),
            outcome: outcome::OK,
            cache: if hit { cache::HIT } else { cache::MISS },
            h_key: i + 1,
            h_canon: 7,
            ..RequestRow::default()
        });
    }
    recording
}

fn demo(recording: Recording, windows: Windows, truth: Truth) -> Demo {
    let watch = Watch::from_recording(&recording, windows);
    let diagnosis = Diagnosis::default();
    Demo {
        recording,
        watch,
        truth,
        diagnosis,
        judgements: vec![],
        length: 100 * S,
    }
}

fn phases(list: &[(PhaseName, u64, u64)]) -> Truth {
    let phase = |(name, from, to): &(PhaseName, u64, u64)| Phase {
        name: *name,
        from: from * S,
        to: to * S,
    };
    Truth {
        phases: list.iter().map(phase).collect(),
        ..Truth::default()
    }
}

/// Writes every file of it, and gives the text.
fn report(demo: &Demo) -> String {
    let place = tempfile::tempdir().unwrap();
    let files = write_all(&demo.findings(), place.path()).unwrap();
    assert!(files.len() > 4);
    assert!(json::summary(&demo.findings()).is_object());
    text::render(&demo.findings(), false)
}

fn windows(cuts: &[u64]) -> Windows {
    Windows::new(10 * S, 100 * S, cuts)
}

#[test]
fn nothing_at_all() {
    let text = report(&demo(Recording::default(), windows(&[]), Truth::default()));
    assert!(text.contains("0 replayed"), "{text}");
}

#[test]
fn one_window_and_one_request() {
    report(&demo(
        rows(1, |_| 5_000_000, true),
        Windows::new(S, S, &[]),
        Truth::default(),
    ));
    report(&demo(
        rows(1, |_| 0, true),
        Windows::new(1, 1, &[]),
        Truth::default(),
    ));
}

#[test]
fn every_value_the_same() {
    let mut truth = phases(&[(PhaseName::Baseline, 0, 50), (PhaseName::Incident, 50, 100)]);
    let healthy = demo(rows(100, |_| 1_000_000, true), windows(&[]), truth.clone());
    assert!(
        !report(&healthy).contains("no fix was applied"),
        "nothing happened"
    );
    truth.entries.push(Entry {
        kind: EntryKind::Fault,
        label: "error llm".into(),
        at: 50 * S,
        until: None,
        hits: 0,
    });
    let text = report(&demo(rows(100, |_| 1_000_000, true), windows(&[]), truth));
    assert!(text.contains("no fix was applied"), "{text}");
    assert!(text.contains("fault: error llm, touched nothing"), "{text}");
}

#[test]
fn a_hit_rate_of_zero_and_latencies_of_nothing() {
    report(&demo(
        rows(100, |_| 0, false),
        windows(&[]),
        Truth::default(),
    ));
}

#[test]
fn values_as_large_as_they_get() {
    let huge = |i: u64| if i.is_multiple_of(2) { 1 } else { u64::MAX / 4 };
    let truth = phases(&[(PhaseName::Baseline, 0, 100)]);
    report(&demo(rows(100, huge, true), windows(&[]), truth));
}

#[test]
fn a_phase_without_data_and_one_without_length() {
    let truth = phases(&[
        (PhaseName::WarmUp, 0, 0),
        (PhaseName::Baseline, 0, 40),
        (PhaseName::Incident, 40, 90),
        (PhaseName::Recovering, 90, 90),
        (PhaseName::Recovered, 90, 100),
    ]);
    let text = report(&demo(
        rows(40, |i| i * 1_000_000, true),
        windows(&[]),
        truth,
    ));
    assert!(text.contains('–'), "no data is said: {text}");
}

#[test]
fn phases_that_are_no_edges_of_windows() {
    let truth = phases(&[(PhaseName::Baseline, 3, 7), (PhaseName::Incident, 7, 8)]);
    report(&demo(rows(100, |i| i, true), windows(&[]), truth));
}

#[test]
fn gaps_in_the_middle() {
    let mut recording = rows(20, |_| 3_000_000, true);
    for i in 80..100 {
        let (arrived, latency) = (i * S, 4_000_000);
        let outcome = outcome::HUNG_UP;
        recording.requests.push(&RequestRow {
            op: i,
            tries: 1,
            arrived,
            latency,
            outcome,
            ..RequestRow::default()
        });
    }
    report(&demo(recording, windows(&[]), Truth::default()));
}

#[test]
fn a_timeline_full_of_entries_and_texts_without_end() {
    let kinds = [
        EntryKind::Change,
        EntryKind::Fault,
        EntryKind::Drift,
        EntryKind::Fix,
    ];
    let entry = |i: u64| Entry {
        kind: kinds[i as usize % 4],
        label: "an entry with a label that goes on and on ".repeat(1 + i as usize % 5),
        at: i * 3 * S,
        until: i.is_multiple_of(3).then_some(i * 5 * S),
        hits: i,
    };
    let mut truth = phases(&[(PhaseName::Baseline, 0, 10), (PhaseName::Incident, 10, 100)]);
    truth.entries = (0..60).map(entry).collect();
    truth.causes = Some(vec!["a".into(), "b".into()]);
    let mut demo = demo(rows(100, |i| i * 1000, true), windows(&[10 * S]), truth);
    let onset = Onset {
        at: 500 * S,
        from: 0,
        to: 900 * S,
        until: Some(1),
        ramp: true,
    };
    demo.diagnosis = Diagnosis {
        summary: "word".repeat(900),
        onset: Some(onset),
        ..Diagnosis::default()
    };
    demo.judgements = vec![Judgement {
        gate: "<b>".into(),
        expression: "latency p(95) < 漢字".into(),
        phase: String::new(),
        verdict: Verdict::NoData,
        detail: "x\u{1b}[31m\ny".into(),
    }];
    report(&demo);
}

#[test]
fn without_rows_the_report_says_so() {
    let demo = demo(
        rows(100, |i| i * 1000, true),
        windows(&[]),
        Truth::default(),
    );
    let mut findings = demo.findings();
    findings.recording = None;
    let place = tempfile::tempdir().unwrap();
    write_all(&findings, place.path()).unwrap();
    assert!(text::render(&findings, false).contains("rows     not kept"));
}
