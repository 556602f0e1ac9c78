//! Health probes that fail though the replica serves: who believes them takes it out of service, and nothing else is touched.

mod replay_support;

use gameday::{
    incident::{Incident, Run},
    recording::{RequestRow, outcome},
};
use replay_support::rerun;

const SECOND: u64 = 1_000_000_000;

fn read(probe: &str, timeline: &str) -> Result<Incident, String> {
    let text = format!(
        r#"
schema = 1
title = "t"
seed = 3
[trace]
arrivals = {{ kind = "poisson", rate = "30/s" }}
duration = "3m"
[service]
replicas = 4
call = {{ dependency = "db" }}
{probe}
[dependency.db]
latency = "50ms"
{timeline}
"#
    );
    replay_support::read(&text).map_err(|refusal| refusal.to_string())
}

fn replay(probe: &str, timeline: &str) -> Run {
    let incident = read(probe, timeline).unwrap_or_else(|refusal| panic!("{refusal}"));
    rerun(&incident)
}

const PROBE: &str = r#"probe = { route = "/health", every = "5s", misses = 2, rises = 2 }"#;

fn failing(options: &str) -> String {
    format!(
        "[[timeline]]\nat = \"1m\"\nfor = \"1m\"\nfault = {{ kind = \"probe-failure\"{options} }}\n"
    )
}

/// Rows of users that arrived within these seconds.
fn within(run: &Run, from: u64, to: u64) -> Vec<RequestRow> {
    let all = run.recording.requests.rows();
    all.filter(|r| r.background == 0 && (from * SECOND..to * SECOND).contains(&r.arrived))
        .collect()
}

#[test]
fn a_replica_whose_probes_fail_leaves_and_all_are_served_as_before() {
    let run = replay(PROBE, &failing(", replica = 2"));
    assert!(within(&run, 0, 60).iter().any(|r| r.replica == 2));
    // Two misses of probes that are 5 s apart, and two good ones.
    assert!(within(&run, 70, 120).iter().all(|r| r.replica != 2));
    assert!(within(&run, 130, 180).iter().any(|r| r.replica == 2));
    assert!(
        within(&run, 0, 180)
            .iter()
            .all(|r| r.outcome == outcome::OK)
    );
    assert_eq!(run.truth.entries[0].hits, 12, "a probe each five seconds");
}

#[test]
fn when_all_probes_fail_nobody_is_left_unless_the_last_are_kept() {
    let none = replay(PROBE, &failing(""));
    let served = |run: &Run| {
        let rows = within(run, 75, 120);
        let served = rows.iter().filter(|r| r.outcome == outcome::OK).count();
        (served, rows.len())
    };
    let (served_by_none, asked) = served(&none);
    assert!(served_by_none == 0 && asked > 1000);
    let keeps = replay(&PROBE.replace("}", ", keep_last = 2 }"), &failing(""));
    let (served_by_two, asked) = served(&keeps);
    assert_eq!(served_by_two, asked);
}

#[test]
fn a_share_of_probes_fails_and_none_changes_nothing() {
    let hits = |share: u32| {
        let run = replay(PROBE, &failing(&format!(", percentage = {share}")));
        (run.truth.entries[0].hits, run.digest.to_string())
    };
    let calm = replay(PROBE, "").digest.to_string();
    assert_eq!(hits(0), (0, calm));
    let (some, _) = hits(40);
    // Of 48 probes; four standard errors.
    assert!((some as f64 - 19.2).abs() < 4.0 * 3.4, "{some}");
    assert_eq!(hits(40).0, some);
}

#[test]
fn what_probes_have_no_use_for_is_refused() {
    for (probe, options, said) in [
        ("", "", "nobody probes the replicas"),
        (
            PROBE,
            ", where = 'tenant == \"acme\"'",
            "not single requests",
        ),
        (PROBE, ", target = \"db\"", "does not act at calls"),
        (PROBE, ", replica = 9", "no replica 9"),
    ] {
        let refused = read(probe, &failing(options)).err().unwrap();
        assert!(refused.contains(said), "{refused}");
    }
}
