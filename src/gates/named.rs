//! Conditions that have a name, since their shape is known and easily got wrong.

/// A named condition.
#[derive(Debug, PartialEq)]
pub struct Named {
    /// As written in an expression.
    pub name: &'static str,
    /// What it stands for: this has to hold.
    pub expression: &'static str,
    /// When it is broken, one line.
    pub doc: &'static str,
}

/// All of them.
pub const NAMED: &[Named] = &[
    Named {
        name: "tail_regression",
        // De Morgan of `latency.p95 > 2x baseline and latency.p50 < 1.2x baseline`: a gate says what must hold.
        expression: "latency.p95 <= 2x baseline or latency.p50 >= 1.2x baseline",
        doc: "broken when the 95th percentile more than doubles while the median stays: the tail alone got worse",
    },
    Named {
        name: "cache_collapse",
        expression: "cache.hit_rate >= 0.7x baseline",
        doc: "broken when the hit rate loses more than three tenths of what it was",
    },
];

/// The named condition.
pub fn find_named(name: &str) -> Option<&'static Named> {
    NAMED.iter().find(|named| named.name == name)
}
