//! Tries of a client: what failed by chance may go well the next time, what is wrong with a request is wrong each time.

mod replay_support;

use gameday::{incident::Run, recording::outcome};
use replay_support::{replay, rows};
use std::collections::BTreeMap;

fn run(dependency: &str) -> Run {
    replay(&format!(
        r#"
schema = 1
title = "t"
seed = 3
[trace]
arrivals = {{ kind = "poisson", rate = "50/s" }}
duration = "4m"
[clients]
retry = {{ max = 2, after = "100ms" }}
[service]
replicas = 2
call = {{ dependency = "db" }}
[dependency.db]
latency = {{ kind = "lognormal", p50 = "10ms", p99 = "100ms" }}
{dependency}
"#
    ))
}

/// Outcomes and times of calls of each operation, in order of its tries.
fn tries(run: &Run) -> BTreeMap<u64, Vec<(u8, u64)>> {
    let mut of: BTreeMap<u64, Vec<(u8, u64)>> = BTreeMap::new();
    for row in rows(run) {
        of.entry(row.op).or_default().push((row.outcome, row.call));
    }
    of
}

#[test]
fn an_error_by_chance_strikes_each_try_anew() {
    let run = run("error_rate = \"20%\"");
    let of = tries(&run);
    let share = |k: usize, n: usize| k as f64 / n as f64;
    for nth in [1, 2, 3] {
        let came: Vec<_> = of.values().filter(|t| t.len() >= nth).collect();
        let failed = came
            .iter()
            .filter(|t| t[nth - 1].0 == outcome::ERROR)
            .count();
        let off = 5.0 * (0.2 * 0.8 / came.len() as f64).sqrt();
        let failed = share(failed, came.len());
        assert!((failed - 0.2).abs() < off, "try {nth}: {failed} ± {off}");
    }
    let again: Vec<_> = of.values().filter(|t| t.len() > 1).collect();
    assert!(again.len() > 2_000);
    assert!(
        again.iter().all(|t| t[0].1 != t[1].1),
        "each try takes a time of its own"
    );
}

#[test]
fn what_is_wrong_with_a_request_is_wrong_at_each_try() {
    let of = tries(&run("errors = { permanent = \"20%\" }"));
    let failed: Vec<_> = of.values().filter(|t| t[0].0 == outcome::ERROR).collect();
    assert!(failed.len() > 2_000);
    assert!(
        failed
            .iter()
            .all(|t| t.iter().all(|(end, _)| *end == outcome::ERROR))
    );
}
