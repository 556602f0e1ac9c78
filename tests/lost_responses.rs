//! Answers that are lost on their way: the work is done and counts, and its caller hears nothing, or of a broken connection.

mod replay_support;

use gameday::{
    incident::Run,
    recording::{AttemptRow, RequestRow, outcome, result},
};
use proptest::prelude::*;
use replay_support::rows;

const MS: u64 = 1_000_000;

fn replay(service: &str, timeline: &str) -> Run {
    let text = format!(
        r#"
schema = 1
title = "t"
seed = 3
[trace]
arrivals = {{ kind = "poisson", rate = "20/s" }}
duration = "2m"
[service]
replicas = 3
{service}
[dependency.db]
latency = "50ms"
workers = 2
{timeline}
"#
    );
    replay_support::replay(&text)
}

fn fault(options: &str) -> String {
    format!("[[timeline]]\nat = \"30s\"\nfor = \"1m\"\nfault = {{ target = \"db\", {options} }}\n")
}

fn attempts(run: &Run) -> Vec<AttemptRow> {
    run.recording.attempts.rows().collect()
}

/// Writes, those beyond the first of an operation, and answers without one.
fn audit(run: &Run) -> [u64; 3] {
    ["truth.writes", "truth.duplicates", "truth.lost"].map(|name| run.scalars[name] as u64)
}

const CALL: &str = r#"call = { dependency = "db", timeout = "2s" }"#;

#[test]
fn a_call_is_served_and_its_caller_waits_or_hears_of_a_broken_connection() {
    for (lost, ended, time) in [
        ("as = \"timeout\"", result::TIMEOUT, 2000 * MS),
        ("as = \"reset\"", result::ERROR, 50 * MS),
    ] {
        let run = replay(
            CALL,
            &fault(&format!(
                "kind = \"lost-response\", percentage = 30, {lost}"
            )),
        );
        let struck: Vec<_> = attempts(&run)
            .into_iter()
            .filter(|a| a.result == ended)
            .collect();
        assert_eq!(struck.len() as u64, run.truth.entries[0].hits);
        assert!(struck.len() > 200, "{}", struck.len());
        // With two workers some wait for one first.
        let in_time = struck.iter().filter(|a| a.time == time).count();
        assert!(
            in_time * 10 > struck.len() * 3,
            "{in_time} of {}",
            struck.len()
        );
        assert!(struck.iter().all(|a| a.time >= time));
    }
}

#[test]
fn the_work_of_a_lost_answer_is_a_load_and_that_of_a_call_that_never_came_is_none() {
    // Two workers have room for 40 calls a second: those that are served in vain leave the others what they left before.
    let waits = |kind: &str| -> u64 {
        let run = replay(CALL, &fault(&format!("{kind}, percentage = 50")));
        let all = attempts(&run);
        let well = all.iter().filter(|a| a.result == result::OK);
        let within = well.filter(|a| (30_000 * MS..90_000 * MS).contains(&a.started));
        within.map(|a| a.time - 50 * MS).sum()
    };
    let (lost, reset) = (
        waits("kind = \"lost-response\", as = \"reset\""),
        waits("kind = \"connection-reset\""),
    );
    assert!(lost > 3 * reset, "{lost} and {reset}");
}

fn write(ledger: &str, tries: u32) -> String {
    format!(
        "write = {{ dependency = \"db\", timeout = \"1s\", tries = {tries}, ledger = {{ {ledger} }} }}"
    )
}

fn struck(run: &Run) -> Vec<RequestRow> {
    let within = |r: &RequestRow| (30_000 * MS..90_000 * MS).contains(&r.arrived);
    rows(run).into_iter().filter(within).collect()
}

#[test]
fn a_write_takes_effect_as_often_as_it_arrives_and_nobody_is_answered() {
    for lost in ["as = \"timeout\"", "as = \"reset\""] {
        let lost = fault(&format!("kind = \"lost-response\", {lost}"));
        let run = replay(&write("", 1), &lost);
        let all = rows(&run).len() as u64;
        let caught = run.truth.entries[0].hits;
        let unanswered = rows(&run)
            .iter()
            .filter(|r| r.outcome != outcome::OK)
            .count() as u64;
        assert!(
            caught > 1000 && unanswered == caught,
            "{unanswered}, {caught}"
        );
        assert_eq!(audit(&run), [all, 0, 0]);
        // Taken for failed, each try of them is one more write: the second of two is lost as well.
        let again = replay(&write("doubt = \"run-again\"", 2), &lost);
        let hits = again.truth.entries[0].hits;
        let twice = audit(&again)[1];
        assert!(twice > 1000 && hits > twice, "{twice}, {hits}");
        assert_eq!(audit(&again), [all + twice, twice, 0]);
        // Asked after, each is written once, and its client told so.
        let asked = replay(&write("", 2), &lost);
        assert_eq!(audit(&asked), [all, 0, 0]);
        assert!(rows(&asked).iter().all(|r| r.outcome == outcome::OK));
    }
}

#[test]
fn what_is_reset_or_never_answered_has_not_been_written() {
    for kind in [
        "kind = \"connection-reset\"",
        "kind = \"timeout\"",
        "kind = \"timeout\", after = \"200ms\"",
    ] {
        let run = replay(&write("", 1), &fault(kind));
        let in_vain = rows(&run)
            .iter()
            .filter(|r| r.outcome != outcome::OK)
            .count() as u64;
        assert_eq!(in_vain, struck(&run).len() as u64);
        assert_eq!(audit(&run), [rows(&run).len() as u64 - in_vain, 0, 0]);
        // Nobody knows that, and who asks finds out.
        let asked = replay(&write("", 2), &fault(&format!("{kind}, percentage = 50")));
        assert_eq!(audit(&asked)[1..], [0, 0]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever is lost, slow, broken off or dies: a sound ledger writes each operation once, and none is told without a write.
    #[test]
    fn a_sound_ledger_takes_lost_answers_slowness_and_deaths_together(
        lost in 0u32..60, slow in 0u32..60, broken in 0u32..60, reset: bool,
        crashes in prop::collection::vec((20u64..100, 1u64..10), 0..3),
        written in 0u32..5,
    ) {
        let r#as = if reset { "reset" } else { "timeout" };
        let mut timeline = fault(&format!("kind = \"lost-response\", as = \"{as}\", percentage = {lost}", as = r#as));
        timeline += &fault(&format!("kind = \"latency\", latency = \"2s\", percentage = {slow}"));
        timeline += &fault(&format!("kind = \"connection-reset\", percentage = {broken}"));
        for (at, down) in crashes {
            timeline += &format!("[[timeline]]\nat = \"{at}s\"\nfault = {{ kind = \"crash\", down = \"{down}s\" }}\n");
        }
        timeline += &format!("[[timeline]]\nat = \"30s\"\nfor = \"1m\"\nfault = {{ kind = \"crash\", when = \"written\", percentage = {written}, down = \"2s\" }}\n[clients]\nretry = {{ max = 3, after = \"500ms\" }}\n");
        let run = replay(&write("lease = \"2s\", heartbeat = \"500ms\"", 3), &timeline);
        let [writes, duplicates, lost] = audit(&run);
        prop_assert_eq!([duplicates, lost], [0, 0]);
        let answered = rows(&run).iter().filter(|r| r.outcome == outcome::OK).count() as u64;
        prop_assert!(answered <= writes, "{} answered, {} written", answered, writes);
    }
}
