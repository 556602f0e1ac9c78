//! How much came in, from whom, and what users felt.

use super::{Evidence, Fact, Spans};
use crate::{
    diagnosis::{
        episode::Frame,
        series::What,
        stats::{Measure, difference, ln, quantile, share, spaced},
        view::View,
    },
    recording::{outcome, requests},
    sim::hash::FixedState,
};
use hashbrown::HashMap;
use std::ops::Range;

/// Requests that a quantile is read off at most.
const SAMPLE: usize = 50_000;

pub fn gather(view: &View, frame: &Frame, spans: &Spans, evidence: &mut Evidence) {
    let (before, during) = (
        view.between(spans.before.start, spans.before.end),
        view.between(spans.during.start, spans.during.end),
    );
    if before.is_empty() || during.is_empty() {
        return;
    }
    let rate =
        |span: &Range<u64>, n: usize| n as f64 / ((span.end - span.start).max(1) as f64 * 1e-9);
    let (old, new) = (
        rate(&spans.before, before.len()),
        rate(&spans.during, during.len()),
    );
    // Traffic is burstier than Poisson: the error of a mean comes from how windows vary.
    let se = window_error(frame, &spans.before).hypot(window_error(frame, &spans.during));
    evidence.put(Fact::Arrivals, Some(Measure::new(ln(new / old), se)));
    if view.has(requests::tenant) {
        one_tenant(view, spans, (&before, &during), evidence);
    } else {
        evidence
            .limits
            .push("tenants are not recorded: a hot tenant cannot be told from a surge".into());
    }
    let failed = |rows: &Range<usize>| {
        let n = rows.len() as f64;
        let bad = rows
            .clone()
            .filter(|&i| {
                !matches!(
                    view.get(requests::outcome, i) as u8,
                    0 | outcome::OK | outcome::DEGRADED
                )
            })
            .count();
        share(bad as f64, n)
    };
    if view.has(requests::outcome)
        && let (Some(b), Some(d)) = (failed(&before), failed(&during))
    {
        evidence.put(Fact::Failing, Some(difference(d, b)));
    }
    let p95 = |rows: &Range<usize>| {
        quantile(
            &mut spaced(rows.clone(), SAMPLE)
                .map(|i| view.seconds(requests::latency, i))
                .collect::<Vec<_>>(),
            0.95,
        )
    };
    if view.has(requests::latency)
        && let (Some(b), Some(d)) = (p95(&before), p95(&during))
        && b > 0.0
    {
        let n = before.len().min(during.len()) as f64;
        // Error of ln p95 of a log-normal with sigma 1: about 2.1 / sqrt n.
        evidence.put(
            Fact::SlowTail,
            Some(Measure::new(ln(f64::from(d / b)), 2.1 / n.sqrt())),
        );
    }
}

/// Standard error of the ln of the mean rate over a span, from its windows in blocks of a minute.
fn window_error(frame: &Frame, span: &Range<u64>) -> f64 {
    let Some(series) = frame.of(What::Arrivals) else {
        return 0.5;
    };
    let (from, to) = (
        frame.windows.of(span.start),
        frame.windows.of(span.end).min(series.bad.len()),
    );
    let block = (60_000_000_000u64.div_ceil(frame.windows.width)).max(1) as usize;
    let means: Vec<f64> = series
        .bad
        .get(from..to.max(from))
        .unwrap_or(&[])
        .chunks(block)
        .map(|c| c.iter().sum::<f64>() / c.len() as f64)
        .collect();
    let (n, mean) = (
        means.len() as f64,
        means.iter().sum::<f64>() / means.len().max(1) as f64,
    );
    if n < 2.0 || mean <= 0.0 {
        return 0.25;
    }
    let variance = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / (n - 1.0);
    (variance / n).sqrt() / mean
}

fn one_tenant(
    view: &View,
    spans: &Spans,
    (before, during): (&Range<usize>, &Range<usize>),
    evidence: &mut Evidence,
) {
    let seconds = |s: &Range<u64>| (s.end - s.start).max(1) as f64 * 1e-9;
    let mut rates: HashMap<u64, [f64; 2], FixedState> = HashMap::default();
    for (side, (rows, span)) in [(before, &spans.before), (during, &spans.during)]
        .into_iter()
        .enumerate()
    {
        for i in rows.clone() {
            rates.entry(view.get(requests::tenant, i)).or_default()[side] += 1.0 / seconds(span);
        }
    }
    let total: [f64; 2] = rates
        .values()
        .fold([0.0; 2], |t, r| [t[0] + r[0], t[1] + r[1]]);
    // Ties go to the smaller number, so that the map's order never shows.
    let hot = rates
        .iter()
        .filter(|(tenant, _)| **tenant != 0)
        .map(|(&tenant, &[b, d])| (tenant, b, d))
        .max_by(|x, y| (x.2 - x.1).total_cmp(&(y.2 - y.1)).then(y.0.cmp(&x.0)));
    let Some((tenant, old, new)) = hot else {
        return;
    };
    let growth = total[1] - total[0];
    // A tenth of the usual rate is the least growth whose origin is worth asking for.
    let part = (new - old) / growth.max(0.1 * total[0]);
    // Beyond what he has of all growth by rights: who always sends most has most of a surge that is everybody's.
    let usual = (old / total[0].max(1e-9)).min(0.9);
    let part = (part - usual) / (1.0 - usual);
    let error = |rate: f64, span: &Range<u64>| (rate / seconds(span)).sqrt();
    let se = error(new, &spans.during).hypot(error(old, &spans.before));
    evidence.put(
        Fact::OneTenant,
        Some(Measure::new(
            part.clamp(-1.0, 1.5),
            2.0 * se / growth.max(0.1 * total[0]) / (1.0 - usual),
        )),
    );
    let floor = 1.0 / seconds(&spans.before);
    evidence.put(
        Fact::TenantGrowth,
        Some(Measure::new(
            ln((new + floor) / (old + floor)),
            2.0 * se / new.max(floor),
        )),
    );
    evidence.tenant = Some(view.recording.name("tenant", tenant as u32).to_string());
}
