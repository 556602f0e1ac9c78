//! How much of a prompt an engine finds in its memory of prefixes.

use super::{Evidence, Fact, Spans};
use crate::{
    diagnosis::{
        marks::prefix,
        stats::{Measure, spaced},
        view::View,
    },
    recording::requests,
};
use std::ops::Range;

/// Prompts that a mean is read off at most.
const SAMPLE: usize = 50_000;

pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    if !view.has(requests::prefix_hit) {
        return;
    }
    let mean = |span: &Range<u64>| -> Option<Measure> {
        let shares: Vec<f64> = spaced(view.between(span.start, span.end), SAMPLE)
            .filter_map(|i| prefix::share(view, i).map(f64::from))
            .collect();
        let n = shares.len() as f64;
        if n < 20.0 {
            return None;
        }
        let mean = shares.iter().sum::<f64>() / n;
        let variance = shares.iter().map(|s| (s - mean) * (s - mean)).sum::<f64>() / (n - 1.0);
        Some(Measure::new(mean, (variance / n).sqrt()))
    };
    if let (Some(before), Some(during)) = (mean(&spans.before), mean(&spans.during)) {
        let less = Measure::new(before.value - during.value, before.se.hypot(during.se));
        evidence.put(Fact::PrefixLess, Some(less));
    }
}
