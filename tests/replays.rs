//! Clients that send again what they were answered, minutes later: told what became of it for as long as the record is kept,
//! and written again when it is gone.

mod replay_support;

use gameday::{
    incident::{Incident, Run},
    recording::{RequestRow, outcome},
};
use proptest::prelude::*;
use replay_support::rerun;
use std::collections::BTreeMap;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1000 * MS;

fn read(clients: &str, ledger: &str, timeline: &str) -> Result<Incident, String> {
    let text = format!(
        r#"
schema = 1
title = "t"
seed = 3
[trace]
arrivals = {{ kind = "poisson", rate = "10/s" }}
duration = "4m"
[clients]
{clients}
[service]
replicas = 3
write = {{ dependency = "db", lookup = "1ms", tries = 1, {ledger} }}
[dependency.db]
latency = "10ms"
{timeline}
"#
    );
    replay_support::read(&text).map_err(|refusal| refusal.to_string())
}

fn replay(clients: &str, ledger: &str, timeline: &str) -> Run {
    let incident = read(clients, ledger, timeline).unwrap_or_else(|refusal| panic!("{refusal}"));
    rerun(&incident)
}

/// Tries of each operation, in order.
fn tries(run: &Run) -> BTreeMap<u64, Vec<RequestRow>> {
    let mut of: BTreeMap<u64, Vec<RequestRow>> = BTreeMap::new();
    for row in run.recording.requests.rows() {
        of.entry(row.op).or_default().push(row);
    }
    for all in of.values_mut() {
        all.sort_by_key(|row| row.tries);
    }
    of
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Of two tries the second writes when the record of the first has ended, and in no other case.
    #[test]
    fn a_replay_writes_again_when_its_record_is_gone_and_in_no_other_case(
        ttl in 1u64..200, low in 0u64..200, more in 1u64..100, share in 1u64..100,
    ) {
        let high = low + more;
        let run = replay(
            &format!("replay = {{ share = \"{share}%\", after = {{ kind = \"uniform\", min = \"{low}s\", max = \"{high}s\" }} }}"),
            &format!("ledger = {{ ttl = \"{ttl}s\" }}"),
            "",
        );
        let (mut again, mut late) = (0.0, 0);
        let all = tries(&run);
        for rows in all.values() {
            let [first, second] = &rows[..] else {
                prop_assert_eq!(rows.len(), 1);
                continue;
            };
            again += 1.0;
            prop_assert_eq!([first.tries, second.tries], [1, 2]);
            prop_assert_eq!([first.outcome, second.outcome], [outcome::OK; 2]);
            let answered = first.arrived + first.latency;
            prop_assert!((low * SECOND..=high * SECOND).contains(&(second.arrived - answered)));
            // It looks a millisecond after it came.
            let gone = second.arrived + MS >= answered + ttl * SECOND;
            late += u64::from(gone);
            prop_assert_eq!(second.latency, if gone { 11 * MS } else { MS });
        }
        let expected = all.len() as f64 * share as f64 / 100.0;
        prop_assert!((again - expected).abs() < 5.0 * expected.sqrt() + 5.0, "{} of {}", again, expected);
        prop_assert_eq!(run.scalars["truth.duplicates"] as u64, late);
        prop_assert_eq!(run.scalars["truth.lost"] as u64, 0);
    }
}

#[test]
fn a_replay_that_fails_is_tried_again_as_any_request_is() {
    let run = replay(
        "retry = { max = 2, after = \"1s\", jitter = \"0%\" }\nreplay = { share = \"100%\", after = \"1m\" }",
        "ledger = { ttl = \"30s\" }",
        "[[timeline]]\nat = \"60s\"\nfor = \"90s\"\nfault = { kind = \"error\", target = \"db\" }",
    );
    let all = tries(&run);
    let mut failed = 0;
    for rows in all.values().filter(|rows| rows[0].arrived < 59 * SECOND) {
        let ends: Vec<u8> = rows.iter().map(|row| row.outcome).collect();
        assert_eq!(
            ends,
            [outcome::OK, outcome::ERROR, outcome::ERROR, outcome::ERROR]
        );
        let at: Vec<u64> = rows.iter().map(|row| row.arrived + row.latency).collect();
        let waits: Vec<u64> = rows[1..]
            .iter()
            .zip(&at)
            .map(|(row, at)| row.arrived - at)
            .collect();
        assert_eq!(waits, [60 * SECOND, SECOND, 2 * SECOND]);
        failed += 1;
    }
    assert!(failed > 400, "{failed}");
    // Who was never answered well has nothing to send again, nor has what was sent again.
    let ok = |rows: &Vec<RequestRow>| rows.iter().filter(|r| r.outcome == outcome::OK).count();
    assert!(all.values().all(|rows| ok(rows) <= 2 && rows.len() <= 6));
}

#[test]
fn without_replays_nothing_is_drawn_for_them() {
    let never = replay("patience = \"1m\"", "ledger = { ttl = \"30s\" }", "");
    let none = replay(
        "patience = \"1m\"\nreplay = { share = \"0%\", after = \"1m\" }",
        "ledger = { ttl = \"30s\" }",
        "",
    );
    assert_eq!(never.digest, none.digest);
    let refusal = read("replay = { share = \"1%\" }", "", "").err().unwrap();
    assert!(refusal.starts_with("t.toml:9:"), "{refusal}");
}
