//! Durations as histograms with fixed buckets, cumulative as OpenMetrics has them.

use super::series::{Clock, Counts, Exposition, labels, seconds};

/// Upper edges of the histograms' buckets, ns.
pub const EDGES: [u64; 17] = [
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
    15_000_000_000,
    30_000_000_000,
    60_000_000_000,
    u64::MAX,
];

/// Durations: how many in each bucket, and their sum.
#[derive(Default)]
pub struct Durations {
    buckets: Counts,
    sums: Counts,
}

impl Durations {
    /// One that ended at a time, ns.
    pub fn add(&mut self, clock: &Clock, key: u64, at: u64, time: u64) {
        let bucket = EDGES.partition_point(|edge| *edge < time);
        self.buckets.add(clock, [key, bucket as u64], at, 1);
        self.sums.add(clock, [key, 0], at, time);
    }

    /// All samples; `label` is a name, and what its values are called.
    pub fn write(
        &self,
        out: &mut Exposition,
        clock: &Clock,
        name: &str,
        label: (&str, impl Fn(u64) -> String),
    ) {
        let (label, shown) = label;
        for [key, _] in self.sums.keys() {
            let value = shown(key);
            let sums = self.sums.running(clock, [key, 0]);
            let buckets: Vec<Vec<u64>> = (0..EDGES.len())
                .map(|bucket| self.buckets.running(clock, [key, bucket as u64]))
                .collect();
            let own = labels(&[(label, &value)]);
            let edges: Vec<String> = EDGES
                .iter()
                .map(|edge| labels(&[(label, &value), ("le", &le(*edge))]))
                .collect();
            let [bucket, count, sum] = ["bucket", "count", "sum"].map(|s| format!("{name}_{s}"));
            for (point, time) in sums.iter().enumerate() {
                let mut below = 0;
                for (edge, came) in edges.iter().zip(&buckets) {
                    below += came[point];
                    out.sample(clock, &bucket, edge, &below.to_string(), point);
                }
                out.sample(clock, &count, &own, &below.to_string(), point);
                out.sample(clock, &sum, &own, &seconds((*time).into()), point);
            }
        }
    }
}

/// An edge as OpenMetrics wants it: a float, always with a fraction.
fn le(edge: u64) -> String {
    if edge == u64::MAX {
        return "+Inf".into();
    }
    let text = seconds(edge.into());
    if text.contains('.') {
        text
    } else {
        format!("{text}.0")
    }
}
