//! Misses by reason, ages at hits, who wrote what was hit, how full the cache is, and whether it recovers by itself.

use super::{Evidence, Fact, Spans};
use crate::{
    diagnosis::{
        episode::Frame,
        series::What,
        stats::{Measure, difference, ln, quantile, share, spaced},
        view::View,
    },
    recording::{cache, miss, requests},
};
use std::ops::Range;

/// Hits that ages are read off at most.
const SAMPLE: usize = 100_000;

#[derive(Default)]
struct Counts {
    looks: f64,
    misses: f64,
    expired: f64,
    evicted: f64,
    hits: f64,
    foreign: f64,
}

pub fn gather(view: &View, frame: &Frame, spans: &Spans, evidence: &mut Evidence) {
    if !view.has(requests::cache) {
        evidence
            .limits
            .push("cache look-ups are not recorded: nothing can be said of the cache".into());
        return;
    }
    let before = view.between(spans.before.start, spans.before.end);
    let during = view.between(spans.during.start, spans.during.end);
    let affected = |i: usize| {
        spans
            .version
            .is_none_or(|v| view.get(v.column, i) == v.value)
    };
    let (b, d) = (
        count(view, before.clone(), |_| true),
        count(view, during.clone(), affected),
    );
    let up = |b: f64, bn: f64, d: f64, dn: f64| Some(difference(share(d, dn)?, share(b, bn)?));
    evidence.put(Fact::Misses, up(b.misses, b.looks, d.misses, d.looks));
    if view.has(requests::miss) {
        evidence.put(Fact::Expired, up(b.expired, b.looks, d.expired, d.looks));
        evidence.put(Fact::Evicted, up(b.evicted, b.looks, d.evicted, d.looks));
    } else {
        evidence.limits.push(
            "reasons of misses are not recorded: expiry and eviction are told by reuse alone"
                .into(),
        );
    }
    if view.has(requests::writer) && view.has(requests::process) {
        evidence.put(Fact::ForeignHits, up(b.foreign, b.hits, d.foreign, d.hits));
    }
    if view.has(requests::hit_age) {
        let oldest = |rows: Range<usize>, of: &dyn Fn(usize) -> bool| {
            let mut ages: Vec<f32> = spaced(rows, SAMPLE)
                .filter(|&i| of(i) && view.get(requests::cache, i) == u64::from(cache::HIT))
                .map(|i| view.seconds(requests::hit_age, i))
                .collect();
            Some((quantile(&mut ages, 0.99).filter(|a| *a > 0.0)?, ages.len()))
        };
        // An entry cannot be older than the episode unless it was written before, so a short one may show young ages only.
        let room = (spans.during.end - spans.during.start) as f32 * 1e-9;
        if let (Some((b, nb)), Some((d, nd))) =
            (oldest(before, &|_| true), oldest(during, &affected))
            && nb.min(nd) >= 50
            && room > d
        {
            evidence.put(
                Fact::OldestHit,
                Some(Measure::new(ln(f64::from(d / b)), 0.1)),
            );
        }
    }
    for (fact, gauge) in [
        (Fact::Entries, "cache.entries"),
        (Fact::Limit, "cache.capacity"),
    ] {
        evidence.put(fact, gauge_ratio(view, spans, gauge));
    }
    evidence.put(Fact::Recovery, recovery(frame, spans));
}

fn count(view: &View, rows: Range<usize>, affected: impl Fn(usize) -> bool) -> Counts {
    let mut c = Counts::default();
    for i in rows.filter(|&i| affected(i)) {
        match view.get(requests::cache, i) as u8 {
            cache::HIT => {
                c.hits += 1.0;
                let (writer, process) = (
                    view.get(requests::writer, i),
                    view.get(requests::process, i),
                );
                c.foreign += f64::from(u8::from(writer != 0 && writer != process));
            }
            cache::MISS => {
                c.misses += 1.0;
                c.expired += f64::from(u8::from(
                    view.get(requests::miss, i) == u64::from(miss::EXPIRED),
                ));
                c.evicted += f64::from(u8::from(
                    view.get(requests::miss, i) == u64::from(miss::EVICTED),
                ));
            }
            _ => continue,
        }
        c.looks += 1.0;
    }
    c
}

/// ln ratio of the mean of a gauge during the later half of the episode and before it.
fn gauge_ratio(view: &View, spans: &Spans, name: &str) -> Option<Measure> {
    let readings = view.readings(name);
    let middle = spans.during.start + (spans.during.end - spans.during.start) / 2;
    let mean = |from: u64, to: u64| {
        let of = readings.iter().filter(|r| (from..to).contains(&r.time));
        let (n, sum) = of.fold((0.0, 0.0), |(n, sum), r| (n + 1.0, sum + r.value));
        (n > 0.0 && sum > 0.0).then(|| sum / n)
    };
    // The second half of "before" too, since a cache that fills is not full at first.
    let half = spans.before.start + (spans.before.end - spans.before.start) / 2;
    let (old, new) = (
        mean(half, spans.before.end)?,
        mean(middle, spans.during.end)?,
    );
    Some(Measure::new(ln(new / old), 0.03))
}

/// Share of the excess of misses in the first tenth of the episode (at least two windows) that is gone in its last third.
fn recovery(frame: &Frame, spans: &Spans) -> Option<Measure> {
    let series = frame.of(What::Misses)?;
    let windows = &frame.windows;
    let rate = |from: usize, to: usize| {
        let sum = |v: &[f64]| {
            v.get(from..to.min(v.len()))
                .unwrap_or(&[])
                .iter()
                .sum::<f64>()
        };
        share(sum(&series.bad), sum(&series.n))
    };
    let (from, to) = (windows.of(spans.during.start), windows.of(spans.during.end));
    if to < from + 6 {
        return None;
    }
    let usual = rate(windows.of(spans.before.start), windows.of(spans.before.end))?;
    let early = difference(rate(from, from + ((to - from) / 10).max(2))?, usual);
    let late = difference(rate(to - (to - from) / 3, to)?, usual);
    (early.value > 0.0).then(|| {
        Measure::new(
            1.0 - late.value / early.value,
            early.se.hypot(late.se) / early.value,
        )
    })
}
