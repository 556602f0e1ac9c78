//! What keeps an outage up: tries that multiply, capacity that is gone, processes that die and that do not come up; and failures
//! that belong to keys of a store which no tag shows.

use super::{Evidence, Fact, Spans, events};
use crate::{
    diagnosis::{
        marks::capacity,
        stats::{Measure, difference, ln, quantile, share, spaced},
        view::View,
    },
    recording::{attempts, cache, outcome, requests, result},
    sim::hash::{FixedState, mix},
};
use hashbrown::HashMap;
use std::{collections::BTreeMap, ops::Range};

/// Requests, or calls, that are looked at.
const SAMPLE: usize = 100_000;
/// Requests of one user, or of one content, that say whether it always fails.
const OFTEN: f64 = 3.0;
/// Users, or contents, below which nothing is said of them.
const MANY: usize = 20;

pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    evidence.put(Fact::Amplification, amplification(view, spans));
    evidence.put(Fact::CallTimeouts, timeouts(view, spans));
    evidence.put(Fact::HastyRetries, hasty(view, &spans.during));
    evidence.put(Fact::CapacityLess, capacity_less(view, spans));
    evidence.put(Fact::Deaths, happened(view, spans, "exit"));
    evidence.put(Fact::FailedStarts, failed_starts(view, spans));
    // Of the whole, or of its first third: a fall-back may have come later, and users fare otherwise since.
    let third =
        spans.during.start..spans.during.start + (spans.during.end - spans.during.start) / 3;
    let both = [by_key(view, &spans.during), by_key(view, &third)];
    let most = both
        .into_iter()
        .flatten()
        .max_by(|a, b| a.value.total_cmp(&b.value));
    evidence.put(Fact::ByKey, most);
}

/// ln ratio of calls a request, of those that call at all.
fn amplification(view: &View, spans: &Spans) -> Option<Measure> {
    if !view.has(requests::attempts) {
        return None;
    }
    let mean = |span: &Range<u64>| -> Option<Measure> {
        let calls: Vec<f64> = spaced(view.between(span.start, span.end), SAMPLE)
            .map(|i| view.get(requests::attempts, i) as f64)
            .filter(|n| *n > 0.0)
            .collect();
        let n = calls.len() as f64;
        let mean = calls.iter().sum::<f64>() / n.max(1.0);
        let variance =
            calls.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / (n - 1.0).max(1.0);
        (n >= 20.0).then(|| Measure::new(ln(mean), (variance / n).sqrt() / mean))
    };
    Some(difference(mean(&spans.during)?, mean(&spans.before)?))
}

/// Share of calls whose caller gave up, more than before.
fn timeouts(view: &View, spans: &Spans) -> Option<Measure> {
    if !view.own_calls {
        return None;
    }
    let of = |span: &Range<u64>| {
        let (mut n, mut k) = (0.0, 0.0);
        for i in spaced(view.calls_between(span.start, span.end), SAMPLE) {
            n += 1.0;
            k += f64::from(u8::from(view.calls[i].result == result::TIMEOUT));
        }
        share(k, n)
    };
    let during = of(&spans.during)?;
    // Behind a full cache nobody is called: then nobody is given up either.
    Some(of(&spans.before).map_or(during, |before| difference(during, before)))
}

/// Of the calls that are made again, the share that hardly waited: less than a tenth of what a call takes, and less than 10 ms.
fn hasty(view: &View, during: &Range<u64>) -> Option<Measure> {
    if !view.calls_have(attempts::number) || !view.recording.attempts.has(attempts::backoff) {
        return None;
    }
    let calls = &view.calls[view.calls_between(during.start, during.end)];
    let mut times: Vec<f32> = calls.iter().map(|c| c.seconds).collect();
    let usual = f64::from(quantile(&mut times, 0.5)?);
    let most = (usual * 0.1).min(0.010) * 1e9;
    let (mut n, mut k) = (0.0, 0.0);
    for call in calls {
        if view.of_call(attempts::number, call) > 1 {
            n += 1.0;
            k += f64::from(u8::from(
                (view.of_call(attempts::backoff, call) as f64) < most,
            ));
        }
    }
    if n < 20.0 { None } else { share(k, n) }
}

/// Share of the capacity that is gone, by the gauges of what serves.
fn capacity_less(view: &View, spans: &Spans) -> Option<Measure> {
    let readings = capacity::readings(view)?;
    let mean = |span: &Range<u64>| {
        let of = readings.iter().filter(|r| span.contains(&r.time));
        let (n, sum) = of.fold((0.0, 0.0), |(n, sum), r| (n + 1.0, sum + r.value));
        (n > 0.0).then(|| sum / n)
    };
    let (before, during) = (mean(&spans.before)?, mean(&spans.during)?);
    (before > 0.0).then(|| Measure::new(1.0 - during / before, 0.02))
}

/// ln of one and the number of such events of single replicas in the episode, less that of as long a time before.
fn happened(view: &View, spans: &Spans, what: &str) -> Option<Measure> {
    let log = events(view);
    if log.is_empty() && view.recording.events.is_empty() {
        return None;
    }
    // What began it may lie in the uncertain edge.
    let during = spans.onset.start..spans.during.end;
    let count = |span: &Range<u64>| {
        let of = log.iter().filter(|e| e.name == what && e.replica > 0);
        of.filter(|e| span.contains(&e.time)).count() as f64
    };
    let length = |span: &Range<u64>| (span.end - span.start).max(1) as f64;
    let usual = count(&spans.before) * length(&during) / length(&spans.before);
    let n = count(&during);
    Some(Measure::new(
        ln((1.0 + n) / (1.0 + usual)),
        1.0 / (1.0 + n).sqrt(),
    ))
}

/// The same of starts that failed, by their gauge, which counts them up.
fn failed_starts(view: &View, spans: &Spans) -> Option<Measure> {
    let readings = view.readings("replicas.failed_starts");
    let at = |time: u64| {
        let before = readings.iter().rev().find(|r| r.time <= time);
        before.map_or(0.0, |r| r.value)
    };
    let last = readings.iter().map(|r| r.value).fold(0.0, f64::max);
    if readings.is_empty() {
        return None;
    }
    // Some count up, some say how many failed since the last reading.
    let rising = readings.windows(2).all(|w| w[1].value >= w[0].value);
    let n = if rising {
        at(spans.during.end) - at(spans.onset.start)
    } else {
        let of = readings
            .iter()
            .filter(|r| (spans.onset.start..spans.during.end).contains(&r.time));
        of.map(|r| r.value)
            .sum::<f64>()
            .min(last * readings.len() as f64)
    };
    Some(Measure::new(
        ln(1.0 + n.max(0.0)),
        1.0 / (1.0 + n.max(0.0)).sqrt(),
    ))
}

/// How far failures belong to users, or to contents, within one tenant: the share of the variance that lies between them, 0 for
/// failures that strike anybody, 1 where each fails always or never. (Intraclass correlation by analysis of variance, Fisher 1925.)
fn by_key(view: &View, during: &Range<u64>) -> Option<Measure> {
    if !view.has(requests::outcome) {
        return None;
    }
    let of = [requests::user, requests::h_canon];
    let each = of
        .into_iter()
        .filter(|c| view.has(*c))
        .filter_map(|column| {
            // Tenant and failures of each.
            let mut by: HashMap<u64, (u64, f64, f64), FixedState> = HashMap::default();
            for i in spaced(view.between(during.start, during.end), SAMPLE) {
                // A hit asks no store: whose contents are cached fails never, whatever is behind.
                if view.get(requests::cache, i) == u64::from(cache::HIT) {
                    continue;
                }
                let tenant = view.get(requests::tenant, i);
                let failed = !matches!(
                    view.get(requests::outcome, i) as u8,
                    0 | outcome::OK | outcome::DEGRADED
                );
                let failed = f64::from(u8::from(failed));
                let key = mix(view.get(column, i) ^ tenant.rotate_left(32));
                let one = by.entry(key).or_insert((tenant, 0.0, 0.0));
                (one.1, one.2) = (one.1 + failed, one.2 + 1.0);
            }
            let mut often: Vec<(u64, (u64, f64, f64))> =
                by.into_iter().filter(|(_, v)| v.2 >= OFTEN).collect();
            often.sort_unstable_by_key(|(key, _)| *key);
            if often.len() < MANY {
                return None;
            }
            // The mean of those who are compared: against one of others too they would all be off, where nearly all fail.
            let mut tenants: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
            for (_, (tenant, failed, all)) in &often {
                let of = tenants.entry(*tenant).or_default();
                *of = (of.0 + failed, of.1 + all);
            }
            let (mut between, mut within, mut n, mut squares) = (0.0, 0.0, 0.0, 0.0);
            for (_, (tenant, failed, all)) in &often {
                let (k, of) = tenants[tenant];
                let (mean, usual) = (failed / all, k / of);
                between += all * (mean - usual) * (mean - usual);
                within += all * mean * (1.0 - mean);
                n += all;
                squares += all * all;
            }
            let groups = often.len() as f64;
            let (between, within) = (between / (groups - 1.0), within / (n - groups).max(1.0));
            let size = (n - squares / n) / (groups - 1.0);
            let icc = (between - within) / (between + (size - 1.0) * within).max(1e-12);
            Some(Measure::new(
                icc.clamp(0.0, 1.0),
                (2.0 / groups).sqrt() * 0.3,
            ))
        });
    each.max_by(|a, b| a.value.total_cmp(&b.value))
}
