//! A write of two steps: the second is lost with the process between them, or with a call that fails, unless it is stored with
//! the first and relayed until it is acknowledged.

mod replay_support;

use gameday::{
    incident::{Incident, Run},
    recording::{RequestRow, outcome},
    sim::dice::{Dice, Purpose},
};
use proptest::prelude::*;
use replay_support::{rerun, rows};

const MS: u64 = 1_000_000;
const SECOND: u64 = 1000 * MS;

fn read(ledger: &str, events: &str, timeline: &str) -> Result<Incident, String> {
    let text = format!(
        r#"
schema = 1
title = "t"
seed = 3
[trace]
arrivals = {{ kind = "poisson", rate = "10/s" }}
duration = "4m"
[clients]
retry = {{ max = 3, after = "500ms" }}
[service]
replicas = 3
write = {{ dependency = "db", lookup = "1ms", then = "events", {ledger} }}
[dependency.db]
latency = "10ms"
[dependency.events]
{events}
{timeline}
"#
    );
    replay_support::read(&text).map_err(|refusal| refusal.to_string())
}

fn replay(ledger: &str, events: &str, timeline: &str) -> Run {
    let incident = read(ledger, events, timeline).unwrap_or_else(|refusal| panic!("{refusal}"));
    rerun(&incident)
}

/// Writes beyond the first of an operation, answers without one, and writes without their second step.
fn audit(run: &Run) -> [u64; 3] {
    ["truth.duplicates", "truth.lost", "truth.unpublished"].map(|name| run.scalars[name] as u64)
}

/// All that a gauge has counted between its readings.
fn sum(run: &Run, gauge: &str) -> u64 {
    let readings = replay_support::gauge(run, gauge);
    assert!(!readings.is_empty(), "{gauge}");
    readings.iter().map(|reading| reading.2 as u64).sum()
}

const WITHOUT: &str = "ledger = { outbox = false }";
const WELL: &str = "latency = \"20ms\"";
const FAILS: &str = "latency = \"20ms\"\nerror_rate = \"30%\"";

#[test]
fn without_an_outbox_a_call_that_fails_is_lost_and_its_client_is_told_that_all_is_well() {
    for ledger in [WITHOUT, "idempotent = false"] {
        let run = replay(ledger, FAILS, "");
        let all = rows(&run);
        let took = 30 * MS + if ledger == WITHOUT { MS } else { 0 };
        let failed = |r: &&RequestRow| {
            assert_eq!((r.outcome, r.latency), (outcome::OK, took));
            // Of the first try of the client, its first copy, its first try of a write.
            let mut draw =
                Dice::new(3, r.op).draw(Purpose::named("second-step-fails"), 1 << 16 | 1);
            draw.chance(0.3)
        };
        let lost = all.iter().filter(failed).count() as u64;
        assert!(lost > 500, "{lost}");
        assert_eq!(audit(&run), [0, 0, lost], "{ledger}");
        // Found half a minute later, and those of the last half minute not yet.
        let late = |r: &&RequestRow| r.arrived > 209 * SECOND;
        let unseen = all.iter().filter(late).filter(failed).count() as u64;
        assert!(sum(&run, "write.unpublished") >= lost - unseen);
        assert_eq!(sum(&run, "write.published_twice"), 0);
    }
}

#[test]
fn a_relay_asks_again_until_it_hears_that_it_is_done() {
    let run = replay("", FAILS, "");
    assert_eq!(audit(&run), [0, 0, 0]);
    assert_eq!(sum(&run, "write.published_twice"), 0);
    // The client does not wait for it.
    assert!(rows(&run).iter().all(|r| r.latency == 11 * MS));
    // Done, and nobody hears of it: done again, for each answer that is lost.
    for lost in ["as = \"reset\"", "as = \"timeout\""] {
        let fault = format!(
            "[[timeline]]\nat = \"30s\"\nfor = \"2m\"\nfault = {{ kind = \"lost-response\", target = \"events\", percentage = 3, {lost} }}"
        );
        let run = replay("timeout = \"500ms\"", WELL, &fault);
        assert_eq!(audit(&run), [0, 0, 0]);
        let hits = run.truth.entries[0].hits;
        assert!(hits > 20, "{hits}");
        assert_eq!(sum(&run, "write.published_twice"), hits);
        assert_eq!(sum(&run, "write.unpublished"), 0);
    }
}

#[test]
fn who_dies_between_the_steps_is_told_done_and_the_second_comes_from_the_outbox_alone() {
    let crash = "[[timeline]]\nat = \"30s\"\nfor = \"2m\"\nfault = { kind = \"crash\", when = \"committed\", percentage = 1, down = \"2s\" }";
    let without = replay(WITHOUT, WELL, crash);
    let died = without.truth.entries[0].hits;
    assert!(died > 5, "{died}");
    let [duplicates, lost, unpublished] = audit(&without);
    assert_eq!([duplicates, lost], [0, 0]);
    // Others die with it, who waited for the answer to their second step: that had been sent.
    assert_eq!(unpublished, died);
    let with = replay("", WELL, crash);
    assert!(with.truth.entries[0].hits > 5);
    assert_eq!(audit(&with), [0, 0, 0]);
}

#[test]
fn an_outbox_in_memory_dies_with_its_process() {
    // Slower than they come: there are always some that wait.
    let crash =
        "[[timeline]]\nat = \"2m\"\nfault = { kind = \"crash\", replica = 2, down = \"2s\" }";
    let of = |ledger: &str| audit(&replay(ledger, "latency = \"350ms\"", crash))[2];
    let lost = of("ledger = { durable = false }");
    assert!(lost > 0, "{lost}");
    assert_eq!(of(""), 0);
}

#[test]
fn a_relay_gives_up_when_the_run_is_over_and_the_consumer_is_not_back() {
    let run = replay("", "latency = \"20ms\"\nerror_rate = \"100%\"", "");
    let all = rows(&run);
    assert_eq!(audit(&run), [0, 0, all.len() as u64]);
    let within = all.iter().filter(|r| r.arrived < 200 * SECOND).count() as u64;
    assert!(sum(&run, "write.unpublished") >= within);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever fails, is lost or dies, and wherever: each operation is written once, and its second step comes.
    #[test]
    fn a_ledger_with_an_outbox_leaves_no_write_without_its_second_step(
        fails in 0u32..40, lost in 0u32..30, slow in 0u32..20, written in 0u32..3, committed in 0u32..3,
        crashes in prop::collection::vec((20u64..200, 1u16..4, 1u64..10), 0..3),
        queued: bool,
    ) {
        let mut timeline = String::new();
        for target in ["db", "events"] {
            timeline += &format!("[[timeline]]\nat = \"30s\"\nfor = \"2m\"\nfault = {{ kind = \"lost-response\", target = \"{target}\", as = \"reset\", percentage = {lost} }}\n");
        }
        timeline += &format!("[[timeline]]\nat = \"30s\"\nfor = \"2m\"\nfault = {{ kind = \"latency\", target = \"events\", latency = \"1s\", percentage = {slow} }}\n");
        for (when, percentage) in [("written", written), ("committed", committed)] {
            timeline += &format!("[[timeline]]\nat = \"30s\"\nfor = \"2m\"\nfault = {{ kind = \"crash\", when = \"{when}\", percentage = {percentage}, down = \"2s\" }}\n");
        }
        for (at, replica, down) in crashes {
            timeline += &format!("[[timeline]]\nat = \"{at}s\"\nfault = {{ kind = \"crash\", replica = {replica}, down = \"{down}s\" }}\n");
        }
        let queue = if queued { "delay = \"5s\", visibility = \"20s\"," } else { "" };
        let run = replay(
            &format!("{queue} timeout = \"500ms\", ledger = {{ lease = \"2s\", heartbeat = \"500ms\" }}"),
            &format!("latency = \"20ms\"\nerror_rate = \"{fails}%\""),
            &timeline,
        );
        prop_assert_eq!(audit(&run), [0, 0, 0]);
    }
}

#[test]
fn a_second_step_to_nobody_is_refused_where_it_stands() {
    let refusal = read("then = \"event\"", WELL, "").err().unwrap();
    assert!(refusal.starts_with("t.toml:12:"), "{refusal}");
}
