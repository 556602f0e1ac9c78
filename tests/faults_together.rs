//! Faults that act on the same calls at the same time: each strikes as if it were alone, whichever stands first in the file.

mod replay_support;

use gameday::{
    incident::Run,
    recording::{AttemptRow, result},
};
use proptest::prelude::*;

const MS: u64 = 1_000_000;

/// One minute without and two with these faults, all on the same dependency.
fn replay(faults: &[String]) -> Run {
    let timeline: String = faults
        .iter()
        .map(|f| format!("[[timeline]]\nat = \"1m\"\nfault = {{ target = \"db\", {f} }}\n"))
        .collect();
    replay_support::replay(&format!(
        r#"
schema = 1
title = "t"
seed = 3
[trace]
arrivals = {{ kind = "poisson", rate = "40/s" }}
duration = "3m"
[service]
call = {{ dependency = "db", timeout = "2s" }}
[dependency.db]
latency = "50ms"
{timeline}
"#
    ))
}

/// Attempts of the last two minutes, in the order of requests.
fn struck(run: &Run) -> Vec<AttemptRow> {
    let mut all: Vec<_> = run.recording.attempts.rows().collect();
    all.retain(|a| a.started >= 60_000 * MS);
    all.sort_by_key(|a| a.request);
    all
}

fn share(all: &[AttemptRow], which: impl Fn(&AttemptRow) -> bool) -> f64 {
    all.iter().filter(|a| which(a)).count() as f64 / all.len() as f64
}

const SLOW: &str = "kind = \"latency\", latency = \"300ms\"";
const ERRORS: &str = "kind = \"error\", percentage = 10";

#[test]
fn a_slow_dependency_may_fail_as_well() {
    for faults in [[SLOW, ERRORS], [ERRORS, SLOW]] {
        let all = struck(&replay(&faults.map(String::from)));
        assert!(all.iter().all(|a| a.time == 350 * MS), "{faults:?}");
        // Four standard errors of a tenth of 4800.
        let failed = share(&all, |a| a.result == result::ERROR);
        assert!((failed - 0.1).abs() < 0.018, "{faults:?}: {failed}");
    }
}

#[test]
fn what_two_faults_add_adds_up() {
    let more = "kind = \"latency\", latency = \"100ms\", percentage = 50".to_string();
    let all = struck(&replay(&[SLOW.into(), more]));
    let both = share(&all, |a| a.time == 450 * MS);
    assert!(all.iter().all(|a| [350 * MS, 450 * MS].contains(&a.time)));
    // Four standard errors of half of 4800.
    assert!((both - 0.5).abs() < 0.03, "{both}");
}

#[test]
fn of_two_ends_of_a_call_the_first_in_the_file_is_its_end() {
    let outage = "kind = \"outage\"".to_string();
    let all = struck(&replay(&[ERRORS.into(), outage]));
    let failed = share(&all, |a| a.result == result::ERROR && a.time == 50 * MS);
    assert!((failed - 0.1).abs() < 0.018, "{failed}");
    let late = share(&all, |a| a.result == result::TIMEOUT);
    assert!((failed + late - 1.0).abs() < 1e-9, "{failed} {late}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Victims are drawn for each fault by itself: how many fail does not depend on how many are slow.
    #[test]
    fn the_victims_of_one_fault_say_nothing_of_those_of_another(slow in 5u32..95, errors in 5u32..95) {
        let faults = [
            format!("kind = \"latency\", latency = \"300ms\", percentage = {slow}"),
            format!("kind = \"error\", percentage = {errors}"),
        ];
        let all = struck(&replay(&faults));
        let (a, b) = (f64::from(slow) / 100.0, f64::from(errors) / 100.0);
        let both = share(&all, |x| x.time == 350 * MS && x.result == result::ERROR);
        // Five standard errors, of twelve cases of a product of shares.
        let five = 5.0 * (a * b * (1.0 - a * b) / all.len() as f64).sqrt();
        prop_assert!((both - a * b).abs() < five, "{both} of {}", a * b);
    }
}
