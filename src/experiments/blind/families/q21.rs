//! Q21: the tail rises, the median stays.

use super::{super::world::USUAL, Draft, Kind};

/// The causes.
pub const KINDS: &[Kind] = &[
    Kind {
        cause: "dependency-slow",
        same: &[],
        need: USUAL,
        draw: dependency_slow,
    },
    Kind {
        cause: "slow-minority-dependency",
        same: &[],
        need: USUAL,
        draw: slow_minority,
    },
];

fn dependency_slow(d: &mut Draft) {
    let more = d.call * d.sized(0.15, 2.0);
    d.fault(
        &format!(
            "kind = \"latency\", target = \"{}\", latency = \"{more:.3}ms\"",
            d.dependency
        ),
        true,
    );
}

fn slow_minority(d: &mut Draft) {
    let (share, more) = (d.sized(2.0, 12.0), d.call * d.between(4.0, 12.0));
    d.fault(
        &format!(
            "kind = \"latency\", target = \"{}\", percentage = {share:.1}, latency = \"{more:.3}ms\"",
            d.dependency
        ),
        true,
    );
}
