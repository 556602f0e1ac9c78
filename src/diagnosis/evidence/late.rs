//! What the slow requests wait for, more than before; and what is seen of processes that stand still.

use super::{Evidence, Fact, Spans};
use crate::{
    diagnosis::{
        series::What,
        stats::{Measure, difference, ln, quantile, share, spaced},
        view::{Thing, View},
    },
    recording::{attempts, requests, result},
};
use std::ops::Range;

/// Requests that are read at most, each side.
const SAMPLE: usize = 60_000;
/// Requests below which nothing is said, each side.
const LEAST: usize = 50;

pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    for (fact, what) in [
        (Fact::Throttled, What::Throttled),
        (Fact::Paused, What::Paused),
        (Fact::Behind, What::Behind),
    ] {
        evidence.put(fact, of_readings(view, spans, what));
    }
    let rows = |span: &Range<u64>| -> Vec<usize> {
        spaced(view.between(span.start, span.end), SAMPLE).collect()
    };
    let (before, during) = (rows(&spans.before), rows(&spans.during));
    if before.len() < LEAST || during.len() < LEAST || !view.has(requests::latency) {
        return;
    }
    let sides = (before.as_slice(), during.as_slice());
    slowest(view, sides, evidence);
    for_connections(view, sides, evidence);
    excess(view, sides, evidence);
    others(view, sides, evidence);
    sizes(view, sides, evidence);
    connecting(view, spans, evidence);
}

/// Of the readings of one kind, those that are bad, more than before.
fn of_readings(view: &View, spans: &Spans, what: What) -> Option<Measure> {
    let all = view.marks.get(&what)?;
    let bad = |span: &Range<u64>| {
        let at = |t: u64| all.partition_point(|x: &Thing| x.time < t);
        let of = &all[at(span.start)..at(span.end).max(at(span.start))];
        share(of.iter().filter(|t| t.bad).count() as f64, of.len() as f64)
    };
    Some(difference(bad(&spans.during)?, bad(&spans.before)?))
}

/// Of the growth of the slowest twentieth's latency, what lies in each stage: shares of a sum, so they add up.
fn slowest(view: &View, (before, during): (&[usize], &[usize]), evidence: &mut Evidence) {
    let stages = [
        (Fact::PartQueue, requests::queue_wait),
        (Fact::PartCompute, requests::compute),
        (Fact::PartLock, requests::lock_wait),
    ];
    let means = |rows: &[usize]| -> Option<(f64, [f64; 3], f64)> {
        let latency = |i: usize| view.seconds(requests::latency, i);
        let mut all: Vec<f32> = rows.iter().map(|&i| latency(i)).collect();
        let line = quantile(&mut all, 0.95)?;
        let slow: Vec<usize> = rows
            .iter()
            .copied()
            .filter(|&i| latency(i) >= line)
            .collect();
        let n = slow.len() as f64;
        let mean = |column: usize| {
            let sum: f64 = slow
                .iter()
                .map(|&i| f64::from(view.seconds(column, i)))
                .sum();
            sum / n
        };
        Some((mean(requests::latency), stages.map(|(_, c)| mean(c)), n))
    };
    let (Some((old, parts, n)), Some((new, grown, m))) = (means(before), means(during)) else {
        return;
    };
    // Where nothing grew there is nothing to part.
    if new < 1.1 * old {
        return;
    }
    for (j, (fact, column)) in stages.into_iter().enumerate() {
        if view.has(column) {
            let part = (grown[j] - parts[j]) / (new - old);
            let se = 0.3 / n.min(m).sqrt();
            evidence.put(fact, Some(Measure::new(part.clamp(-1.0, 1.5), se)));
        }
    }
}

/// Of the growth of the time that a worker is held, in the twentieth that holds one longest, what is the wait for a connection. Not
/// of the whole latency: who waits for a connection keeps a worker from the next, and soon most of all waiting is for workers.
fn for_connections(view: &View, (before, during): (&[usize], &[usize]), evidence: &mut Evidence) {
    if !view.has(requests::pool_wait) {
        return;
    }
    let means = |rows: &[usize]| -> Option<(f64, f64, f64)> {
        let held =
            |i: usize| view.seconds(requests::latency, i) - view.seconds(requests::queue_wait, i);
        let mut all: Vec<f32> = rows.iter().map(|&i| held(i)).collect();
        let line = quantile(&mut all, 0.95)?;
        let long: Vec<usize> = rows.iter().copied().filter(|&i| held(i) >= line).collect();
        let n = long.len() as f64;
        let mean = |of: &dyn Fn(usize) -> f32| -> f64 {
            long.iter().map(|&i| f64::from(of(i))).sum::<f64>() / n
        };
        let wait = mean(&|i| view.seconds(requests::pool_wait, i));
        Some((mean(&held), wait, n))
    };
    if let (Some((old, usual, n)), Some((new, waits, m))) = (means(before), means(during))
        && new >= 1.1 * old
    {
        let part = (waits - usual) / (new - old);
        let se = 0.3 / n.min(m).sqrt();
        evidence.put(
            Fact::PartPool,
            Some(Measure::new(part.clamp(-1.0, 1.5), se)),
        );
    }
}

/// Of the requests that are slow beyond the usual number, the share of those that were tried again, and of those of processes
/// that are cold.
fn excess(view: &View, (before, during): (&[usize], &[usize]), evidence: &mut Evidence) {
    let latency = |i: usize| view.seconds(requests::latency, i);
    let mut all: Vec<f32> = before.iter().map(|&i| latency(i)).collect();
    let Some(line) = quantile(&mut all, 0.95) else {
        return;
    };
    let cold = |i: usize| view.get(requests::cold, i) != 0;
    let again = |i: usize| view.get(requests::backoff, i) != 0;
    let count = |rows: &[usize], of: &dyn Fn(usize) -> bool| {
        let n = rows.iter().filter(|&&i| latency(i) > line && of(i)).count();
        n as f64 / rows.len() as f64
    };
    let slow = |of: &dyn Fn(usize) -> bool| (count(during, of) - count(before, of)).max(0.0);
    let more = slow(&|_| true);
    if more < 0.005 {
        return;
    }
    let n = more * during.len() as f64;
    let mut put = |fact, column, of: &dyn Fn(usize) -> bool| {
        if view.has(column) {
            let part = (slow(of) / more).min(1.0);
            evidence.put(fact, share(part * n, n));
        }
    };
    put(Fact::PartCold, requests::cold, &cold);
    put(Fact::PartRetried, requests::backoff, &again);
}

/// Whether those wait who did not bring the growth: requests of other tenants in the queue, for longer than one in a hundred
/// did before and for a fifth of what half of the requests took.
fn others(view: &View, (before, during): (&[usize], &[usize]), evidence: &mut Evidence) {
    if !view.has(requests::queue_wait) {
        return;
    }
    let other = |i: &usize| view.hot == 0 || view.get(requests::tenant, *i) != view.hot;
    let waits = |rows: &[usize]| -> Vec<f32> {
        let of = rows.iter().filter(|i| other(i));
        of.map(|&i| view.seconds(requests::queue_wait, i)).collect()
    };
    let mut usual: Vec<f32> = before
        .iter()
        .map(|&i| view.seconds(requests::latency, i))
        .collect();
    let (Some(most), Some(half)) = (
        quantile(&mut waits(before), 0.99),
        quantile(&mut usual, 0.5),
    ) else {
        return;
    };
    let line = most.max(half / 5.0);
    let long = |rows: &[usize]| {
        let of = waits(rows);
        share(
            of.iter().filter(|w| **w > line).count() as f64,
            of.len() as f64,
        )
    };
    if let (Some(old), Some(new)) = (long(before), long(during)) {
        evidence.put(Fact::OthersWait, Some(difference(new, old)));
    }
}

/// Whether requests ask for more, and what that explains of the growth of their calls: by the line, fitted before, of the time
/// of a call over what was asked and answered.
fn sizes(view: &View, (before, during): (&[usize], &[usize]), evidence: &mut Evidence) {
    let columns = [requests::input_tokens, requests::output_tokens];
    if !columns.iter().any(|&c| view.has(c)) {
        return;
    }
    let called = |rows: &[usize]| -> Vec<[f64; 3]> {
        let one = |i: &&usize| view.get(requests::attempts, **i) == 1;
        let size = |c: usize, i: usize| view.get(c, i) as f64;
        let of = rows.iter().filter(one);
        of.map(|&i| {
            let call = f64::from(view.seconds(requests::call, i));
            [size(columns[0], i), size(columns[1], i), call]
        })
        .collect()
    };
    let (old, new) = (called(before), called(during));
    if old.len() < LEAST || new.len() < LEAST {
        return;
    }
    let mean = |of: &[[f64; 3]], k: usize| of.iter().map(|x| x[k]).sum::<f64>() / of.len() as f64;
    let (m0, m1) = (
        [0, 1, 2].map(|k| mean(&old, k)),
        [0, 1, 2].map(|k| mean(&new, k)),
    );
    let grew = [0, 1].map(|k| ln((m1[k] + 1.0) / (m0[k] + 1.0)));
    let n = old.len().min(new.len()) as f64;
    evidence.put(
        Fact::SizesGrew,
        Some(Measure::new(grew[0].max(grew[1]), 1.5 / n.sqrt())),
    );
    // Least squares over two sizes.
    let product = |a: usize, b: usize| {
        old.iter()
            .map(|x| (x[a] - m0[a]) * (x[b] - m0[b]))
            .sum::<f64>()
            / old.len() as f64
    };
    let (aa, bb, ab) = (product(0, 0), product(1, 1), product(0, 1));
    let (ac, bc, cc) = (product(0, 2), product(1, 2), product(2, 2));
    let whole = aa * bb - ab * ab;
    let (slope_a, slope_b) = if whole > 1e-9 * aa * bb {
        ((ac * bb - bc * ab) / whole, (bc * aa - ac * ab) / whole)
    } else {
        (ac / aa.max(1e-9), 0.0)
    };
    let growth = m1[2] - m0[2];
    let explained = slope_a * (m1[0] - m0[0]) + slope_b * (m1[1] - m0[1]);
    let left = (cc - slope_a * ac - slope_b * bc).max(0.0);
    let error = |xx: f64, step: f64| step * (left / xx.max(1e-9) / old.len() as f64).sqrt();
    let se = error(aa, m1[0] - m0[0]).hypot(error(bb, m1[1] - m0[1]));
    if growth > 0.03 * m0[2] {
        let part = (explained / growth).clamp(-1.0, 1.5);
        evidence.put(
            Fact::PartSize,
            Some(Measure::new(part, (se / growth).min(1.0))),
        );
    } else {
        evidence.put(Fact::PartSize, Some(Measure::new(0.0, 0.0)));
    }
    small_ones(view, (before, during), evidence);
}

/// The time between tokens of requests that are themselves small.
fn small_ones(view: &View, (before, during): (&[usize], &[usize]), evidence: &mut Evidence) {
    if !view.has(requests::itl) || !view.has(requests::input_tokens) {
        return;
    }
    let mut asked: Vec<f32> = before
        .iter()
        .map(|&i| view.get(requests::input_tokens, i) as f32)
        .collect();
    let Some(half) = quantile(&mut asked, 0.5) else {
        return;
    };
    let gaps = |rows: &[usize]| -> Vec<f32> {
        let of = rows.iter().copied().filter(|&i| {
            view.get(requests::itl, i) > 0 && view.get(requests::input_tokens, i) as f32 <= half
        });
        of.map(|i| view.seconds(requests::itl, i)).collect()
    };
    let (mut old, mut new) = (gaps(before), gaps(during));
    let n = old.len().min(new.len());
    if let (Some(b), Some(d)) = (quantile(&mut old, 0.95), quantile(&mut new, 0.95))
        && n >= LEAST
    {
        let se = 1.5 / (n as f64).sqrt();
        evidence.put(
            Fact::SmallSlower,
            Some(Measure::new(ln(f64::from(d / b)), se)),
        );
    }
}

/// Of the growth of the mean time of a call, what lies in opening its connection.
fn connecting(view: &View, spans: &Spans, evidence: &mut Evidence) {
    if !view.calls_have(attempts::connect) {
        return;
    }
    let means = |span: &Range<u64>| {
        let (mut n, mut time, mut connect) = (0.0f64, 0.0, 0.0);
        for i in spaced(view.calls_between(span.start, span.end), SAMPLE) {
            let call = &view.calls[i];
            if matches!(call.result, 0 | result::OK | result::TIMEOUT) {
                n += 1.0;
                time += f64::from(call.seconds);
                connect += view.of_call(attempts::connect, call) as f64 * 1e-9;
            }
        }
        (n >= LEAST as f64).then(|| (time / n, connect / n, n))
    };
    let (Some((t0, c0, n)), Some((t1, c1, m))) = (means(&spans.before), means(&spans.during))
    else {
        return;
    };
    let growth = t1 - t0;
    let part = if growth > 0.03 * t0 {
        ((c1 - c0) / growth).clamp(-1.0, 1.5)
    } else {
        0.0
    };
    evidence.put(
        Fact::PartConnect,
        Some(Measure::new(part, 1.0 / n.min(m).sqrt())),
    );
}
