//! Verdicts on tiny recordings made by hand.

use gameday::{
    config::{At, Names, Source},
    gates::{Context, Gate, Judgement, Stretch, Verdict},
    indicators::{Watched, Windows},
    recording::{Recording, RequestRow, Table, cache, outcome, requests},
};
use indexmap::IndexMap;

const S: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;

/// A hundred requests a second for 100 s; baseline is the first half, incident the second.
fn recording(row: impl Fn(u64, &mut RequestRow)) -> Recording {
    let mut recording = Recording::default();
    let mut tenants = Names::default();
    tenants.number("acme");
    tenants.number("zeta");
    recording.names.insert("tenant", tenants);
    for i in 0..10_000u64 {
        let mut r = RequestRow {
            op: i,
            tries: 1,
            arrived: i * 10 * MS,
            latency: 40 * MS,
            outcome: outcome::OK,
            tenant: 1 + (i % 10 == 0) as u32,
            ..RequestRow::default()
        };
        row(i, &mut r);
        recording.requests.push(&r);
    }
    recording.span = 100 * S;
    recording
}

fn gate(text: &str) -> Gate {
    let at = At::whole(&Source::new("--gate", text));
    Gate::parse_text("g", text, &at).unwrap_or_else(|refusal| panic!("{refusal}"))
}

struct Held {
    gate: Gate,
    recording: Recording,
    watched: Watched,
    phases: Vec<Stretch>,
    scalars: IndexMap<String, f64>,
    reference: Option<IndexMap<String, f64>>,
}

impl Held {
    fn new(text: &str, recording: Recording) -> Held {
        let gate = gate(text);
        let windows = Windows::new(5 * S, 100 * S, &[50 * S]);
        let watched = Watched::from_recording(&recording, windows, gate.watches());
        let phase = |name: &str, from: u64, to: u64| Stretch {
            name: name.into(),
            from: from * S,
            to: to * S,
        };
        let phases = vec![phase("baseline", 0, 50), phase("incident", 50, 100)];
        Held {
            gate,
            recording,
            watched,
            phases,
            scalars: IndexMap::new(),
            reference: None,
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
            watched: &self.watched,
            names: &self.recording,
            baseline: Some(0..50 * S),
            phases: &self.phases,
            baseline_of: None,
            reference: self.reference.as_ref(),
            scalars: &self.scalars,
            baselines: Default::default(),
        }
    }

    fn judge(&self) -> Judgement {
        self.gate.judge(&self.context(), &self.phases[1])
    }
}

fn verdict(text: &str, recording: Recording) -> (Verdict, String) {
    let judgement = Held::new(text, recording).judge();
    (judgement.verdict, judgement.detail)
}

fn slow_incident(i: u64, row: &mut RequestRow) {
    if i >= 5_000 && i % 10 < 2 {
        row.latency = 930 * MS;
    }
}

#[test]
fn a_verdict_gives_the_numbers_that_it_rests_on() {
    let told = verdict("latency p(95) < 1.15x baseline", recording(slow_incident));
    assert_eq!(
        told,
        (
            Verdict::Breach,
            "latency.p95 930ms, allowed 46ms (1.15x baseline 40ms)".into()
        )
    );
    let told = verdict("latency p(50) < 1.15x baseline", recording(slow_incident));
    assert_eq!(
        told,
        (
            Verdict::Pass,
            "latency.p50 40ms, allowed 46ms (1.15x baseline 40ms)".into()
        )
    );
    let told = verdict(
        "latency p(95) < 250ms during baseline",
        recording(slow_incident),
    );
    assert_eq!(
        told,
        (Verdict::Pass, "latency.p95 40ms, allowed 250ms".into())
    );
    let told = verdict("latency p(95) < baseline + 1s", recording(slow_incident));
    assert_eq!(
        told,
        (
            Verdict::Pass,
            "latency.p95 930ms, allowed 1.04s (baseline 40ms + 1s)".into()
        )
    );
    // What must be reached is not something that is allowed.
    let told = verdict(
        "success_rate >= 99% during baseline",
        recording(slow_incident),
    );
    assert_eq!(
        told,
        (Verdict::Pass, "success_rate 100%, required 99%".into())
    );
}

#[test]
fn tail_regression_is_broken_when_the_tail_alone_gets_worse() {
    assert_eq!(
        verdict("tail_regression", recording(slow_incident)).0,
        Verdict::Breach
    );
    assert_eq!(
        verdict("tail_regression", recording(|_, _| ())).0,
        Verdict::Pass
    );
    let all_slow = |i: u64, row: &mut RequestRow| row.latency *= 1 + 9 * u64::from(i >= 5_000);
    assert_eq!(
        verdict("tail_regression", recording(all_slow)).0,
        Verdict::Pass,
        "the median too: something else"
    );
}

#[test]
fn an_outage_in_the_last_ten_seconds_is_not_diluted_under_for() {
    let outage = |i: u64, row: &mut RequestRow| {
        if i >= 9_900 {
            row.outcome = outcome::ERROR;
        }
    };
    assert_eq!(
        verdict("error_rate < 3%", recording(outage)).0,
        Verdict::Pass,
        "2% of the phase"
    );
    let (verdict, detail) = verdict("error_rate < 3% for 30s", recording(outage));
    assert_eq!(verdict, Verdict::Breach);
    assert_eq!(detail, "error_rate 3.3% from 1m10s to 1m40s, allowed 3%");
}

#[test]
fn for_longer_than_the_phase_takes_the_phase_whole() {
    let outage = |i: u64, row: &mut RequestRow| row.outcome += u8::from(i >= 9_900);
    let (verdict, detail) = verdict("error_rate < 1% for 1h", recording(outage));
    assert_eq!(
        (verdict, detail.as_str()),
        (
            Verdict::Breach,
            "error_rate 2% from 50s to 1m40s, allowed 1%"
        )
    );
}

#[test]
fn a_segment_that_is_broken_is_not_hidden_by_the_rest() {
    let rejects = |i: u64, row: &mut RequestRow| {
        if i >= 5_000 && row.tenant == 2 {
            row.outcome = outcome::REJECTED;
        }
    };
    assert_eq!(
        verdict("reject_rate < 15%", recording(rejects)).0,
        Verdict::Pass
    );
    let (verdict_by, detail) = verdict(
        "reject_rate by tenant (min 500 requests) < 15%",
        recording(rejects),
    );
    assert_eq!(verdict_by, Verdict::Breach);
    assert_eq!(
        detail,
        "reject_rate of tenant zeta 100%, allowed 15%; worst of 2, 1 broken"
    );
    let (few, detail) = verdict(
        "reject_rate by tenant (min 501 requests) < 15%",
        recording(rejects),
    );
    assert_eq!(
        (few, detail.as_str()),
        (
            Verdict::Pass,
            "reject_rate of tenant acme 0%, allowed 15%; worst of 1"
        )
    );
    let selected = verdict("reject_rate{tenant=zeta} < 15%", recording(rejects));
    assert_eq!(
        selected,
        (
            Verdict::Breach,
            "reject_rate{tenant=\"zeta\"} 100%, allowed 15%".into()
        )
    );
    let (nobody, _) = verdict("reject_rate{tenant=nobody} < 15%", recording(rejects));
    assert_eq!(nobody, Verdict::NoData);
}

#[test]
fn without_data_there_is_a_reason_and_no_pass() {
    let quiet = |text: &str, why: &str| {
        let (verdict, detail) = verdict(text, recording(|_, _| ()));
        assert_eq!(verdict, Verdict::NoData, "{text}: {detail}");
        assert!(detail.contains(why), "{text}: {detail}");
    };
    quiet(
        "cache.hit_rate > 50%",
        "cache.hit_rate has no data from 50s to 1m40s",
    );
    quiet("error_rate < 2x baseline", "the baseline is 0");
    quiet(
        "recovery_time < 90s",
        "recovery_time was not measured in this run",
    );
    quiet(
        "latency.p95 < 1.05x reference",
        "give one with --baseline FILE",
    );
    quiet(
        "latency.p95 < 1s during recovered",
        "there was no recovered phase",
    );
    quiet("cache.hit_rate by tenant > 1%", "no tenant has data");

    let mut recorded = recording(|_, row| row.cache = cache::HIT);
    let others = recorded
        .requests
        .recorded()
        .filter(|c| *c != requests::cache);
    let mut without: Table<RequestRow> = Table::with_columns(others.collect::<Vec<_>>());
    for row in recorded.requests.rows() {
        without.push(&row);
    }
    assert_eq!(
        verdict("cache.hit_rate > 50%", recorded.clone()).0,
        Verdict::Pass
    );
    recorded.requests = without;
    assert_eq!(
        verdict("cache.hit_rate > 50%", recorded).0,
        Verdict::NoData,
        "a column that is not recorded"
    );
}

#[test]
fn parts_without_data_decide_nothing_by_themselves() {
    let of = |text: &str| verdict(text, recording(|_, _| ())).0;
    assert_eq!(
        of("recovery_time < 1s and latency.p50 < 1ms"),
        Verdict::Breach
    );
    assert_eq!(
        of("recovery_time < 1s and latency.p50 < 1s"),
        Verdict::NoData
    );
    assert_eq!(of("recovery_time < 1s or latency.p50 < 1s"), Verdict::Pass);
    assert_eq!(
        of("recovery_time < 1s or latency.p50 < 1ms"),
        Verdict::NoData
    );
}

#[test]
fn scalars_and_references_come_from_outside() {
    let mut held = Held::new(
        "recovery_time < 90s and latency.p95 < 1.05x reference",
        recording(|_, _| ()),
    );
    held.scalars.insert("recovery_time".into(), 95e9);
    held.reference = Some([("latency.p95".into(), 38e6)].into_iter().collect());
    let judgement = held.judge();
    assert_eq!(
        judgement.detail,
        "recovery_time 1m35s, allowed 1m30s; and latency.p95 40ms, allowed 39.9ms (1.05x reference 38ms)"
    );
    assert_eq!(judgement.verdict, Verdict::Breach);
    let windows = held.watched.windows.within(50 * S, 100 * S);
    let values = held.gate.values_in(&held.watched, windows);
    assert_eq!(
        values.get("latency.p95").map(|ns| (ns / 1e6).round()),
        Some(40.0)
    );
}

#[test]
fn a_gate_holds_window_by_window() {
    let bump = |i: u64, row: &mut RequestRow| row.outcome += u8::from((6_000..7_000).contains(&i));
    let held = Held::new(
        "error_rate < 3% for 30s and recovery_time < 1s",
        recording(bump),
    );
    let holds: Vec<_> = (9..16)
        .map(|i| held.gate.holds_in(&held.context(), i..i + 1))
        .collect();
    let (yes, no) = (Some(true), Some(false));
    assert_eq!(
        holds,
        [yes, yes, yes, no, no, yes, yes],
        "scalars are left aside"
    );
    assert!(held.gate.is_windowed());
    assert!(!gate("recovery_time < 1s").is_windowed());
    assert!(!gate("latency.p95 < 1s during baseline").is_windowed());
    let none = Held::new("cache.hit_rate > 1%", recording(|_, _| ()));
    assert_eq!(none.gate.holds_in(&none.context(), 3..4), None);
}
