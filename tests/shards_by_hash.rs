//! Shards that a user's hash falls into: who is harmed by the loss of some of them, and how a rate over all requests hides it.

mod replay_support;

use gameday::{
    incident::{Incident, Run},
    indicators::catalogue,
    recording::outcome,
};
use replay_support::rerun;
use std::collections::BTreeMap;

const SECOND: u64 = 1_000_000_000;

fn read(fault: &str, gates: &str) -> Result<Incident, String> {
    let text = format!(
        r#"
schema = 1
title = "t"
seed = 3
[trace]
arrivals = {{ kind = "poisson", rate = "60/s" }}
duration = "3m"
tenants  = {{ acme = 1, globex = 1 }}
users    = {{ count = 200, exponent = 0.3 }}
[service]
call = {{ dependency = "signin" }}
[dependency.signin]
latency = "20ms"
shards  = {{ count = 6, by = "user" }}
[[timeline]]
at = "1m"
fault = {{ target = "signin", {fault} }}
{gates}
"#
    );
    replay_support::read(&text).map_err(|refusal| refusal.to_string())
}

fn replay(fault: &str, gates: &str) -> Run {
    let incident = read(fault, gates).unwrap_or_else(|refusal| panic!("{refusal}"));
    rerun(&incident)
}

/// Requests and failures of each user after the first minute.
fn by_user(run: &Run) -> BTreeMap<(u32, u32), (u32, u32)> {
    let mut users: BTreeMap<(u32, u32), (u32, u32)> = BTreeMap::new();
    for row in run.recording.requests.rows() {
        if row.arrived >= 60 * SECOND {
            let of = users.entry((row.tenant, row.user)).or_default();
            of.0 += 1;
            of.1 += u32::from(row.outcome != outcome::OK);
        }
    }
    users
}

const GATES: &str = "[gates]\nharmed = \"users.harmed < 1%\"\nout = \"users.shut_out < 1%\"\n";

fn indicator(run: &Run, name: &str) -> Option<f64> {
    let indicator = catalogue().find(|i| i.name == name).unwrap();
    run.watched.all().over(indicator, 60 * SECOND, 180 * SECOND)
}

#[test]
fn who_has_lost_a_shard_fails_each_time_and_nobody_else_does() {
    let run = replay("kind = \"shard-loss\", shard = [1, 2, 4, 5]", GATES);
    let users = by_user(&run);
    assert!(users.len() > 350, "{}", users.len());
    let out = users.values().filter(|(all, failed)| all == failed).count();
    let well = users.values().filter(|(_, failed)| *failed == 0).count();
    assert_eq!(out + well, users.len(), "two humps and nothing between");
    // Four standard errors of four of six.
    let share = out as f64 / users.len() as f64;
    let four = 4.0 * (2.0 / 9.0 / users.len() as f64).sqrt();
    assert!((share - 4.0 / 6.0).abs() < four, "{share}");
    for name in ["users.shut_out", "users.harmed"] {
        let said = indicator(&run, name).unwrap();
        assert!((said - share).abs() < 0.05, "{name}: {said}, {share}");
    }
    let hits = users
        .values()
        .map(|(_, failed)| u64::from(*failed))
        .sum::<u64>();
    assert_eq!(run.truth.entries[0].hits, hits);
}

#[test]
fn errors_on_anybody_harm_all_and_shut_few_out() {
    let run = replay("kind = \"error\", percentage = 66", GATES);
    let users = by_user(&run);
    let harmed = users.values().filter(|(_, failed)| *failed > 0).count() as f64;
    let out = users.values().filter(|(all, failed)| all == failed).count() as f64;
    let all = users.len() as f64;
    assert!(harmed / all > 0.95 && out / all < 0.1);
    assert!((indicator(&run, "users.harmed").unwrap() - harmed / all).abs() < 0.05);
    assert!((indicator(&run, "users.shut_out").unwrap() - out / all).abs() < 0.05);
}

#[test]
fn users_are_counted_where_a_gate_asks_and_count_for_nothing_elsewhere() {
    let fault = "kind = \"shard-loss\", shard = 3";
    let (asked, not) = (replay(fault, GATES), replay(fault, ""));
    assert!(indicator(&asked, "users.harmed").is_some());
    assert_eq!(indicator(&not, "users.harmed"), None);
    assert_eq!(asked.digest.to_string(), not.digest.to_string());
}

#[test]
fn shards_that_are_not_there_are_refused() {
    for (fault, said) in [
        ("shard = [1, 7]", "shards = { count = 8 }"),
        ("shard = [0, 1]", "there is no shard 0"),
        ("shard = []", "no shard is lost"),
        ("shard = \"x\"", "a number"),
    ] {
        let refused = read(&format!("kind = \"shard-loss\", {fault}"), "")
            .err()
            .unwrap();
        assert!(refused.contains(said), "{refused}");
    }
}
