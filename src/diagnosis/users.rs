//! What users felt: the quantities they know, before and during, and in which stage the slow requests wait.

use super::{
    Symptom,
    evidence::Spans,
    say,
    stats::{quantile, spaced},
    view::View,
};
use crate::{
    recording::{attempts, cache, outcome, requests, result},
    sim::hash::FixedState,
};
use hashbrown::HashSet;
use std::{collections::BTreeMap, ops::Range};

/// Requests that a quantile is read off at most.
const SAMPLE: usize = 100_000;

/// A quantity of a span; `None` when there is no data.
type Over<'v> = Box<dyn Fn(&Range<u64>) -> Option<f64> + 'v>;

/// How a number is shown, and how much it must change to be worth a line: a ratio or a difference.
#[derive(Clone, Copy)]
enum Show {
    Seconds,
    Percent,
    PerSecond,
}

/// What moved for users, the largest change first: for the worse, and otherwise.
pub fn symptoms(view: &View, spans: &Spans) -> (Vec<Symptom>, Vec<Symptom>) {
    let mut found: Vec<(f64, Symptom)> = vec![];
    // What it was like lately: a cache that was filling says nothing of an hour later.
    let lately = spans.before.start + (spans.before.end - spans.before.start) / 2;
    let lately = lately..spans.before.end;
    for (name, show, over) in quantities(view) {
        let (Some(before), Some(during)) = (over(&lately), over(&spans.during)) else {
            continue;
        };
        let size = match show {
            Show::Percent => (during - before).abs() / 0.005,
            _ => super::stats::ln(during.max(1e-9) / before.max(1e-9)).abs() / 0.10,
        };
        if size < 1.0 {
            continue;
        }
        let text = |x: f64| match show {
            Show::Seconds => say::seconds(x),
            Show::Percent => say::percent(x),
            Show::PerSecond => format!("{}/s", say::number(x)),
        };
        let words = format!("{name} {} → {}", text(before), text(during));
        found.push((
            size,
            Symptom {
                indicator: name.into(),
                before,
                during,
                words,
            },
        ));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, s)| s).partition(worse)
}

/// Whether it moved for the worse: more hits are better, more of anything else is not.
fn worse(symptom: &Symptom) -> bool {
    (symptom.during > symptom.before) != (symptom.indicator == "cache.hit_rate")
}

fn quantities<'v>(view: &'v View) -> Vec<(&'static str, Show, Over<'v>)> {
    let mut all: Vec<(&'static str, Show, Over<'v>)> = vec![];
    let share = |column: usize, words: &'static [u8], of: &'static [u8]| -> Over<'v> {
        Box::new(move |span| {
            let (mut n, mut k) = (0.0, 0.0);
            for i in view.between(span.start, span.end) {
                let word = view.get(column, i) as u8;
                if of.is_empty() || of.contains(&word) {
                    n += 1.0;
                    k += f64::from(u8::from(words.contains(&word)));
                }
            }
            (n > 0.0).then(|| k / n)
        })
    };
    if view.has(requests::cache) {
        all.push((
            "cache.hit_rate",
            Show::Percent,
            share(requests::cache, &[cache::HIT], &[cache::HIT, cache::MISS]),
        ));
    }
    if view.has(requests::latency) {
        for (name, q) in [("latency.p50", 0.5), ("latency.p95", 0.95)] {
            all.push((
                name,
                Show::Seconds,
                Box::new(move |span| {
                    let mut values: Vec<f32> = spaced(view.between(span.start, span.end), SAMPLE)
                        .map(|i| view.seconds(requests::latency, i))
                        .collect();
                    quantile(&mut values, q).map(f64::from)
                }),
            ));
        }
    }
    if view.has(requests::outcome) {
        let bad: &[u8] = &[outcome::ERROR, outcome::TIMEOUT, outcome::UNAVAILABLE];
        all.push((
            "error_rate",
            Show::Percent,
            share(requests::outcome, bad, &[]),
        ));
        all.push((
            "reject_rate",
            Show::Percent,
            share(requests::outcome, &[outcome::REJECTED], &[]),
        ));
        all.push((
            "shed_rate",
            Show::Percent,
            share(requests::outcome, &[outcome::SHED], &[]),
        ));
        all.push((
            "parse.error_rate",
            Show::Percent,
            share(requests::outcome, &[outcome::PARSE_ERROR], &[]),
        ));
        all.push((
            "hangup_rate",
            Show::Percent,
            share(requests::outcome, &[outcome::HUNG_UP], &[]),
        ));
    }
    all.push((
        "arrivals",
        Show::PerSecond,
        Box::new(move |span| {
            Some(
                view.between(span.start, span.end).len() as f64
                    / ((span.end - span.start) as f64 * 1e-9).max(1e-9),
            )
        }),
    ));
    if !view.calls.is_empty() {
        all.push((
            "call.time.p50",
            Show::Seconds,
            Box::new(move |span| {
                let mut values: Vec<f32> = spaced(view.calls_between(span.start, span.end), SAMPLE)
                    .map(|i| &view.calls[i])
                    .filter(|c| matches!(c.result, 0 | result::OK | result::TIMEOUT))
                    .map(|c| c.seconds)
                    .collect();
                quantile(&mut values, 0.5).map(f64::from)
            }),
        ));
        all.push((
            "call.rate",
            Show::PerSecond,
            Box::new(move |span| {
                Some(
                    view.calls_between(span.start, span.end).len() as f64
                        / ((span.end - span.start) as f64 * 1e-9).max(1e-9),
                )
            }),
        ));
    }
    all
}

/// The stages of a request's time that add up to its latency.
const STAGES: [(usize, &str); 6] = [
    (requests::queue_wait, "queue wait"),
    (
        requests::flight_wait,
        "waiting for another request's answer",
    ),
    (requests::pool_wait, "pool wait"),
    (requests::backoff, "back-off between attempts"),
    (requests::call, "calls to dependencies"),
    (requests::compute, "own computation"),
];

/// In which stage the tail grew: for each, its share of the growth of the mean latency of the slowest 5 % of each span
/// (Euler allocation of expected shortfall: additive, unlike differences of per-stage p95). Largest first; for words, never
/// for blame. Empty when the tail did not grow by a tenth.
pub fn tail(view: &View, spans: &Spans) -> Vec<(String, f64)> {
    if !view.has(requests::latency) {
        return vec![];
    }
    let means = |span: &Range<u64>| -> Option<(f64, Vec<f64>)> {
        let rows: Vec<usize> = spaced(view.between(span.start, span.end), SAMPLE).collect();
        let mut latencies: Vec<f32> = rows
            .iter()
            .map(|&i| view.seconds(requests::latency, i))
            .collect();
        let line = quantile(&mut latencies, 0.95)?;
        let slow: Vec<usize> = rows
            .into_iter()
            .filter(|&i| view.seconds(requests::latency, i) >= line)
            .collect();
        let mean = |column: usize| {
            slow.iter()
                .map(|&i| f64::from(view.seconds(column, i)))
                .sum::<f64>()
                / slow.len() as f64
        };
        Some((
            mean(requests::latency),
            STAGES.iter().map(|(column, _)| mean(*column)).collect(),
        ))
    };
    let (Some((b, before)), Some((d, during))) = (means(&spans.before), means(&spans.during))
    else {
        return vec![];
    };
    let growth = d - b;
    if growth < 0.1 * b || growth <= 0.0 {
        return vec![];
    }
    let mut shares: Vec<(String, f64)> = STAGES
        .iter()
        .zip(before.iter().zip(&during))
        .filter(|((column, _), _)| view.has(*column))
        .map(|((_, name), (b, d))| ((*name).to_string(), (d - b) / growth))
        .collect();
    by_dependency(view, spans, &mut shares);
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares
}

/// Where there are several dependencies, the share of calls is parted among them, by how much the time in each grew in the slowest
/// requests. (Calls side by side overlap: what grew is the sum, and the share that is parted is that of the path.)
fn by_dependency(view: &View, spans: &Spans, shares: &mut Vec<(String, f64)>) {
    let calls = "calls to dependencies";
    let Some(place) = shares
        .iter()
        .position(|(name, share)| name == calls && *share > 0.0)
    else {
        return;
    };
    if !view.calls_have(attempts::dependency) || !view.recording.attempts.has(attempts::request) {
        return;
    }
    let grown = time_by_dependency(view, &spans.during);
    let usual = time_by_dependency(view, &spans.before);
    if grown.len() < 2 {
        return;
    }
    let growth: Vec<(u16, f64)> = grown
        .iter()
        .map(|(d, t)| (*d, (t - usual.get(d).copied().unwrap_or(0.0)).max(0.0)))
        .collect();
    let total: f64 = growth.iter().map(|g| g.1).sum();
    if total <= 0.0 {
        return;
    }
    let (_, share) = shares.remove(place);
    shares.extend(growth.into_iter().map(|(d, g)| {
        let name = view.recording.name("dependency", u32::from(d));
        (format!("calls to {name}"), share * g / total)
    }));
}

/// Mean seconds in each dependency, of the slowest 5 % of a span.
fn time_by_dependency(view: &View, span: &Range<u64>) -> BTreeMap<u16, f64> {
    let rows: Vec<usize> = view.between(span.start, span.end).collect();
    let mut latencies: Vec<f32> = spaced(view.between(span.start, span.end), SAMPLE)
        .map(|i| view.seconds(requests::latency, i))
        .collect();
    let Some(line) = quantile(&mut latencies, 0.95) else {
        return BTreeMap::new();
    };
    let slow: HashSet<u32, FixedState> = rows
        .into_iter()
        .filter(|&i| view.seconds(requests::latency, i) >= line)
        .map(|i| view.row(i))
        .collect();
    let mut sums = BTreeMap::new();
    for call in &view.calls[view.calls_between(span.start, span.end)] {
        if slow.contains(&(view.of_call(attempts::request, call) as u32)) {
            *sums.entry(call.dependency).or_insert(0.0) += f64::from(call.seconds);
        }
    }
    let n = slow.len().max(1) as f64;
    sums.values_mut().for_each(|sum| *sum /= n);
    sums
}
