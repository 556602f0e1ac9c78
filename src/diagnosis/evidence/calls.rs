//! Calls to dependencies: how long one takes, and whether it fails. The dependency that changed most speaks.

use super::{Evidence, Fact, Spans};
use crate::{
    diagnosis::{
        stats::{Measure, difference, ln, quantile, share, spaced},
        view::{Call, View},
    },
    recording::result,
};

/// Calls that a quantile is read off at most, each side.
const SAMPLE: usize = 100_000;
/// Calls below which a dependency says nothing, each side.
const LEAST: usize = 20;

struct Change {
    name: u16,
    median: Measure,
    tail: Measure,
    most: Measure,
    errors: Option<Measure>,
}

pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    let side = |from, to| -> Vec<Call> {
        spaced(view.calls_between(from, to), SAMPLE)
            .map(|i| view.calls[i])
            .collect()
    };
    let (before, during) = (
        side(spans.before.start, spans.before.end),
        side(spans.during.start, spans.during.end),
    );
    if before.is_empty() {
        evidence.limits.push(
            "calls to dependencies are not recorded: a slow or failing dependency is not excluded"
                .into(),
        );
        return;
    }
    let mut names: Vec<u16> = before.iter().map(|c| c.dependency).collect();
    names.sort_unstable();
    names.dedup();
    let changes: Vec<Change> = names
        .into_iter()
        .filter_map(|name| change(name, &before, &during))
        .collect();
    let size = |c: &Change| {
        c.median
            .shrunk()
            .max(c.tail.shrunk())
            .max(5.0 * c.errors.map_or(0.0, Measure::shrunk))
    };
    let Some(worst) = changes
        .iter()
        .max_by(|a, b| size(a).total_cmp(&size(b)).then(b.name.cmp(&a.name)))
    else {
        return;
    };
    evidence.put(Fact::CallMedian, Some(worst.median));
    evidence.put(Fact::CallTail, Some(worst.tail));
    evidence.put(Fact::CallMost, Some(worst.most));
    let (median, tail) = (worst.median, worst.tail);
    let in_units = |m: Measure, least: f64| Measure::new(m.value / least, m.se / least);
    let (median, tail) = (in_units(median, ln(1.15)), in_units(tail, ln(1.2)));
    evidence.put(
        Fact::CallSlower,
        Some(if median.value >= tail.value {
            median
        } else {
            tail
        }),
    );
    if view.own_calls {
        evidence.put(Fact::CallErrors, worst.errors);
    } else {
        evidence.limits.push("attempts are not recorded: errors of a dependency cannot be told from the service's own".into());
    }
    let name = view.recording.name("dependency", u32::from(worst.name));
    evidence.dependency = (!name.is_empty()).then(|| name.to_string());
}

fn change(name: u16, before: &[Call], during: &[Call]) -> Option<Change> {
    let times = |calls: &[Call]| -> Vec<f32> {
        calls
            .iter()
            .filter(|c| {
                c.dependency == name && matches!(c.result, 0 | result::OK | result::TIMEOUT)
            })
            .map(|c| c.seconds.max(1e-9))
            .collect()
    };
    let errors = |calls: &[Call]| {
        let of: Vec<_> = calls
            .iter()
            .filter(|c| c.dependency == name && c.result != result::CANCELLED)
            .collect();
        let bad = of
            .iter()
            .filter(|c| {
                matches!(
                    c.result,
                    result::ERROR | result::REFUSED | result::THROTTLED
                )
            })
            .count();
        share(bad as f64, of.len() as f64)
    };
    let (mut b, mut d) = (times(before), times(during));
    if b.len() < LEAST || d.len() < LEAST {
        return None;
    }
    let n = b.len().min(d.len()) as f64;
    let spread = f64::from(quantile(&mut b, 0.84)?) / f64::from(quantile(&mut b, 0.5)?);
    // Log-normal: sd of the sample median of ln x is 1.25 σ / √n, of its p95 2.1 σ / √n; both sides count.
    let sigma = ln(spread.max(1.05));
    let ratio = |b: &mut Vec<f32>, d: &mut Vec<f32>, q: f64| {
        Some(ln(f64::from(quantile(d, q)?) / f64::from(quantile(b, q)?)))
    };
    // Of a minority that is slow the tail tells, and nearly nothing the lower half; additions to all move that more.
    let farthest = ratio(&mut b, &mut d, 0.95)?
        .max(ratio(&mut b, &mut d, 0.97)?)
        .max(ratio(&mut b, &mut d, 0.99)?)
        .max(ln(1.1));
    let low = ratio(&mut b, &mut d, 0.3)?;
    Some(Change {
        name,
        most: Measure::new(
            (low / farthest).clamp(-1.0, 2.0),
            1.3 * sigma * (2.0 / n).sqrt() / farthest,
        ),
        median: Measure::new(ratio(&mut b, &mut d, 0.5)?, 1.25 * sigma * (2.0 / n).sqrt()),
        tail: Measure::new(ratio(&mut b, &mut d, 0.95)?, 2.1 * sigma * (2.0 / n).sqrt()),
        errors: errors(during)
            .zip(errors(before))
            .map(|(d, b)| difference(d, b)),
    })
}
