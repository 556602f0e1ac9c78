//! Causes of this folder against their look-alikes, by hand-made evidence.

use crate::diagnosis::{
    evidence::{Evidence, Fact},
    rank::ranked,
    stats::Measure,
};

fn first(facts: &[(Fact, f64)]) -> String {
    let mut evidence = Evidence::default();
    for &(fact, value) in facts {
        evidence.put(fact, Some(Measure::new(value, 0.0)));
    }
    let ranked = ranked(&evidence);
    assert!(!ranked[0].tied, "{}, {}", ranked[0].cause, ranked[1].cause);
    ranked[0].cause.clone()
}

/// A crowd that meets half of the replicas would have been served by all of them.
#[test]
fn capacity_that_is_gone_is_not_told_as_a_surge() {
    let crowd = [
        (Fact::Arrivals, 0.33),
        (Fact::OneTenant, 0.1),
        (Fact::CallSlower, 0.1),
        (Fact::SlowTail, 0.7),
    ];
    assert_eq!(first(&crowd), "traffic-surge");
    let lost = [
        (Fact::CapacityLess, 0.41),
        (Fact::OutOfService, 1.0),
        (Fact::ServedElse, 0.25),
        (Fact::Deaths, 0.0),
    ];
    assert_eq!(first(&[crowd.as_slice(), &lost].concat()), "capacity-loss");
}

/// Calls that time out fill no cache: entries are few, and what was asked for within the outage misses again.
#[test]
fn a_cache_that_cannot_fill_is_not_told_as_a_small_one() {
    let misses = [
        (Fact::Misses, 0.4),
        (Fact::FromCacheAgain, 0.2),
        (Fact::FromCacheFirst, 0.9),
        (Fact::Entries, -1.9),
        (Fact::Limit, 0.0),
        (Fact::DeployAtOnset, 0.0),
    ];
    let overrun = [
        (Fact::Failing, 0.4),
        (Fact::CallTimeouts, 0.9),
        (Fact::Amplification, 1.4),
        (Fact::CallSlower, 10.0),
        (Fact::HastyRetries, 0.1),
    ];
    assert_eq!(
        first(&[misses.as_slice(), &overrun].concat()),
        "cold-cache-overload"
    );
}
