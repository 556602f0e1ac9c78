//! For whom it is worse: values of tags whose requests got worse by more than everybody's.
//!
//! In strata of ten seconds a value's bad requests are compared with what its share of that stratum would bring
//! (Mantel-Haenszel, with Peto's approximation of the log odds), before and during; the difference of the two is the effect,
//! so who was always slow is no news, and who is merely busy when the queue is long is not blamed. The errors are widened by
//! the dispersion of one-minute blocks. Source of the thresholds: DIAGNOSIS.md 2.6 (z 4.8: 1 % over 200 values is 3.9, the
//! rest pays for tenants that drift by themselves).

use super::{
    Segment,
    evidence::Spans,
    series::What,
    stats::{median, quantile, spaced},
    view::View,
    windows::SECOND,
};
use crate::{
    recording::{cache, outcome, requests},
    sim::hash::FixedState,
};
use hashbrown::HashMap;
use std::ops::Range;

/// Tags whose values are looked at, with the dictionary of their names (none: an ordinal).
const TAGS: [(usize, Option<&str>); 8] = [
    (requests::tenant, Some("tenant")),
    (requests::route, Some("route")),
    (requests::region, Some("region")),
    (requests::client, Some("client")),
    (requests::model, Some("model")),
    (requests::class, Some("class")),
    (requests::replica, None),
    (requests::service_version, None),
];
const STRATUM: u64 = 10 * SECOND;
const BLOCK: u64 = 60 * SECOND;
/// ln 1.3: less is not worth a name.
const LEAST_EFFECT: f64 = 0.2624;
const LEAST_Z: f64 = 4.8;
const LEAST_BAD: f64 = 30.0;
/// Values of one tag that are looked at, by their bad requests.
const VALUES: usize = 500;
/// Requests that are looked at; more change no answer.
const SAMPLE: usize = 300_000;

#[derive(Clone, Default)]
struct Sum {
    /// Observed less expected, its variance, and bad ones, by phase.
    off: [f64; 2],
    variance: [f64; 2],
    bad: [f64; 2],
    n: [f64; 2],
    /// By block: observed less expected, and variance.
    blocks: Vec<(f64, f64)>,
}

/// The segments that are worse, the clearest first.
pub fn find(view: &View, spans: &Spans, lead: What) -> Vec<Segment> {
    let line = {
        let rows = view.between(spans.before.start, spans.before.end);
        let mut latencies: Vec<f32> = spaced(rows, 100_000)
            .map(|i| view.seconds(requests::latency, i))
            .collect();
        quantile(&mut latencies, 0.95).unwrap_or(f32::MAX)
    };
    let bad = |i: usize| -> Option<bool> {
        if lead == What::Misses || lead.behind_misses() {
            return match view.get(requests::cache, i) as u8 {
                cache::HIT => Some(false),
                cache::MISS => Some(true),
                _ => None,
            };
        }
        let failed = !matches!(
            view.get(requests::outcome, i) as u8,
            0 | outcome::OK | outcome::DEGRADED
        );
        Some(failed || view.seconds(requests::latency, i) > line)
    };
    let mut found: Vec<Segment> = TAGS
        .iter()
        .filter(|(c, _)| view.has(*c))
        .flat_map(|&tag| values(view, spans, tag, &bad))
        .collect();
    found.sort_by(|a, b| b.z.total_cmp(&a.z));
    found.truncate(6);
    found
}

fn values(
    view: &View,
    spans: &Spans,
    (column, dictionary): (usize, Option<&str>),
    bad: &dyn Fn(usize) -> Option<bool>,
) -> Vec<Segment> {
    let mut sums: HashMap<u64, Sum, FixedState> = HashMap::default();
    for (phase, span) in [&spans.before, &spans.during].into_iter().enumerate() {
        let mut stratum: HashMap<u64, (f64, f64), FixedState> = HashMap::default();
        let mut current = u64::MAX;
        let rows: Range<usize> = view.between(span.start, span.end);
        for i in spaced(rows, SAMPLE) {
            let at = view.arrived[i] / STRATUM;
            if at != current {
                close(&mut sums, &mut stratum, phase, current);
                current = at;
            }
            if let Some(is_bad) = bad(i) {
                let cell = stratum.entry(view.get(column, i)).or_default();
                cell.0 += 1.0;
                cell.1 += f64::from(u8::from(is_bad));
            }
        }
        close(&mut sums, &mut stratum, phase, current);
    }
    let mut all: Vec<(u64, Sum)> = sums.into_iter().filter(|(value, _)| *value != 0).collect();
    all.sort_by(|a, b| b.1.bad[1].total_cmp(&a.1.bad[1]).then(a.0.cmp(&b.0)));
    all.truncate(VALUES);
    let total: f64 = all.iter().map(|(_, s)| s.n[1]).sum();
    let phi = dispersion(&all);
    all.iter()
        .filter_map(|(value, s)| {
            if s.bad[1] < LEAST_BAD
                || s.variance[1] < 1.0
                || s.variance[0] < 0.5
                || s.n[1] > 0.9 * total
            {
                return None;
            }
            let effect = s.off[1] / s.variance[1] - s.off[0] / s.variance[0];
            let z = effect / (phi * (1.0 / s.variance[1] + 1.0 / s.variance[0])).sqrt();
            (effect >= LEAST_EFFECT && z >= LEAST_Z).then(|| Segment {
                tag: View::column_name(column).into(),
                value: dictionary.map_or_else(
                    || format!("v{value}"),
                    |d| view.recording.name(d, *value as u32).to_string(),
                ),
                odds: libm::exp(effect.min(20.0)),
                share: s.n[1] / total.max(1.0),
                z,
            })
        })
        .collect()
}

fn close(
    sums: &mut HashMap<u64, Sum, FixedState>,
    stratum: &mut HashMap<u64, (f64, f64), FixedState>,
    phase: usize,
    at: u64,
) {
    let (n, k) = stratum
        .values()
        .fold((0.0, 0.0), |t, c| (t.0 + c.0, t.1 + c.1));
    if n > 1.0 {
        let block = (at.saturating_mul(STRATUM) / BLOCK, phase);
        let mut cells: Vec<(u64, (f64, f64))> = stratum.drain().collect();
        cells.sort_unstable_by_key(|c| c.0);
        for (value, (m, j)) in cells {
            let sum = sums.entry(value).or_default();
            let (off, variance) = (
                j - m * k / n,
                m * (n - m) * k * (n - k) / (n * n * (n - 1.0)),
            );
            sum.off[phase] += off;
            sum.variance[phase] += variance;
            sum.bad[phase] += j;
            sum.n[phase] += m;
            let index = block.0 as usize;
            // Blocks of both phases lie apart in time, so one list serves.
            if sum.blocks.len() <= index {
                sum.blocks.resize(index + 1, (0.0, 0.0));
            }
            sum.blocks[index].0 += off;
            sum.blocks[index].1 += variance;
        }
    }
    stratum.clear();
}

/// How much more the blocks of a value vary than chance: the median over values, and at least 1.
fn dispersion(all: &[(u64, Sum)]) -> f64 {
    let mut each: Vec<f64> = all
        .iter()
        .filter_map(|(_, s)| {
            let theta = (s.off[0] + s.off[1]) / (s.variance[0] + s.variance[1]).max(1e-9);
            let terms: Vec<f64> = s
                .blocks
                .iter()
                .filter(|b| b.1 > 0.5)
                .map(|b| (b.0 - theta * b.1) * (b.0 - theta * b.1) / b.1)
                .collect();
            (terms.len() >= 5).then(|| terms.iter().sum::<f64>() / (terms.len() as f64 - 1.0))
        })
        .collect();
    median(&mut each).max(1.0)
}
