//! What requests cost in CPU: how much beyond their size, where in the profile, on whom it falls; locks; replicas that are
//! taken out of service.

use super::{Evidence, Fact, Spans};
use crate::{
    diagnosis::{
        marks::{cpu::worked, held},
        stats::{Measure, difference, ln, quantile, share, spaced},
        view::View,
    },
    recording::{outcome, requests},
};
use std::{collections::BTreeMap, ops::Range};

/// Requests that are looked at, each side.
const SAMPLE: usize = 100_000;
/// Requests below which nothing is said, each side.
const LEAST: usize = 50;
/// Classes of size an octave.
const CLASSES: f64 = 2.0;

pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    for_interpreter(view, spans, evidence);
    out_of_service(view, spans, evidence);
    if !view.has(requests::cpu) {
        return;
    }
    let (before, during) = (Side::of(view, &spans.before), Side::of(view, &spans.during));
    if before.all.len() < LEAST || during.all.len() < LEAST {
        return;
    }
    let se = before.error().hypot(during.error());
    let more = ln(during.mean() / before.mean().max(1e-12));
    evidence.put(Fact::CpuMore, Some(Measure::new(more, se)));
    if view.has(requests::work_size) {
        let expected = expected(&before, &during);
        let beyond = ln(during.sum() / expected.max(1e-12));
        evidence.put(Fact::CpuGivenSize, Some(Measure::new(beyond, se)));
    }
    if more > 2.0 * se {
        falls(view, &before, &during, evidence);
        let larger = (during.size() / before.size().max(1.0)).max(1.0);
        frames(view, spans, (larger, se), evidence);
    }
}

/// What requests that were worked on cost.
struct Side {
    /// Seconds of CPU, bytes worked on, route.
    all: Vec<(f64, u64, u64)>,
}

impl Side {
    fn of(view: &View, span: &Range<u64>) -> Side {
        let rows = spaced(view.between(span.start, span.end), SAMPLE);
        let all = rows.filter_map(|i| {
            let (size, route) = (
                view.get(requests::work_size, i),
                view.get(requests::route, i),
            );
            Some((f64::from(worked(view, i)?), size, route))
        });
        Side { all: all.collect() }
    }

    fn sum(&self) -> f64 {
        self.all.iter().map(|x| x.0).sum()
    }

    fn size(&self) -> f64 {
        self.all.iter().map(|x| x.1 as f64).sum::<f64>() / self.all.len().max(1) as f64
    }

    fn mean(&self) -> f64 {
        self.sum() / self.all.len().max(1) as f64
    }

    /// Standard error of the logarithm of the mean.
    fn error(&self) -> f64 {
        let (n, mean) = (self.all.len() as f64, self.mean());
        let squares: f64 = self.all.iter().map(|x| (x.0 - mean) * (x.0 - mean)).sum();
        // Contents come again, and cost the same each time: twice the error of independent ones.
        2.0 * (squares / (n * n)).sqrt() / mean.max(1e-12)
    }
}

fn class(size: u64) -> i32 {
    (CLASSES * libm::log2(size.max(1) as f64)).round() as i32
}

/// CPU of the requests of the episode, had each cost what those of its size did before; larger ones than there were, as much
/// more as they are larger.
fn expected(before: &Side, during: &Side) -> f64 {
    let mut classes: BTreeMap<i32, (f64, f64, f64)> = BTreeMap::new();
    for &(seconds, size, _) in &before.all {
        let of = classes.entry(class(size)).or_default();
        *of = (of.0 + 1.0, of.1 + seconds, of.2 + size as f64);
    }
    // Classes of few requests say nothing: the next smaller one does.
    classes.retain(|_, of| of.0 >= 10.0);
    let Some((&least, _)) = classes.first_key_value() else {
        return during.sum();
    };
    let one = |size: u64| {
        let at = class(size).max(least);
        let (&known, of) = classes.range(..=at).next_back()?;
        let mean = of.1 / of.0;
        Some(if known < at {
            mean * (size as f64 / (of.2 / of.0).max(1.0)).max(1.0)
        } else {
            mean
        })
    };
    during.all.iter().filter_map(|x| one(x.1)).sum()
}

/// Whether what came on top falls on one route, and there on all requests.
fn falls(view: &View, before: &Side, during: &Side, evidence: &mut Evidence) {
    if !view.has(requests::route) {
        return;
    }
    // n and seconds, before and during.
    let mut routes: BTreeMap<u64, [f64; 4]> = BTreeMap::new();
    for (side, at) in [(before, 0), (during, 2)] {
        for &(seconds, _, route) in &side.all {
            let of = routes.entry(route).or_default();
            of[at] += 1.0;
            of[at + 1] += seconds;
        }
    }
    let usual = before.mean();
    let excess = |of: &[f64; 4]| {
        let old = if of[0] > 0.0 { of[1] / of[0] } else { usual };
        of[3] - of[2] * old
    };
    let all: f64 = routes.values().map(excess).sum();
    let Some((&route, of)) = routes
        .iter()
        .max_by(|a, b| excess(a.1).total_cmp(&excess(b.1)))
        .filter(|_| all > 0.0)
    else {
        return;
    };
    let (part, n) = (of[2] / during.all.len() as f64, of[2]);
    let one = excess(of) / all;
    let beyond = ((one - part) / (1.0 - part).max(1e-9)).clamp(0.0, 1.0);
    evidence.put(
        Fact::OneRoute,
        Some(Measure::new(beyond, 0.5 / n.max(1.0).sqrt())),
    );
    // Far more: half of what came on top of the mean.
    let line = if of[0] > 0.0 { of[1] / of[0] } else { usual } + 0.5 * excess(of) / n.max(1.0);
    let dear = during.all.iter().filter(|x| x.2 == route && x.0 > line);
    evidence.put(Fact::AllOfRoute, share(dear.count() as f64, n));
}

/// Frames of a profile that tell what the work is.
const FRAMES: [(&str, Fact); 6] = [
    ("match", Fact::FrameMatch),
    ("find", Fact::FrameFind),
    ("scan", Fact::FrameScan),
    ("write", Fact::FrameWrite),
    ("parse", Fact::FrameParse),
    ("build", Fact::FrameBuild),
];

/// Where in the profile CPU of a request grew.
fn frames(view: &View, spans: &Spans, (larger, error): (f64, f64), evidence: &mut Evidence) {
    let names = view.gauges("cpu.spent.");
    if names.is_empty() {
        evidence
            .limits
            .push("no profile is recorded: where CPU is spent cannot be told".into());
        return;
    }
    // All that came in shares the bill, as the profile does not tell whom it was for.
    let requests = |span: &Range<u64>| view.between(span.start, span.end).len().max(1) as f64;
    let (old, new) = (requests(&spans.before), requests(&spans.during));
    // What sound code would have spent at each place: in proportion to the mean size.
    let (mut usual, mut beyond) = (0.0f64, 0.0);
    let grown: Vec<(String, f64)> = names
        .into_iter()
        .map(|name| {
            let readings = view.readings(&format!("cpu.spent.{name}"));
            let sum = |span: &Range<u64>| {
                let within = readings.iter().filter(|r| span.contains(&r.time));
                within.map(|r| r.value).sum::<f64>()
            };
            let (was, is) = (sum(&spans.before) / old, sum(&spans.during) / new);
            let more = is - was;
            usual += was;
            beyond += (is - larger * was).max(0.0);
            (name, more)
        })
        .collect();
    let all: f64 = grown.iter().map(|g| g.1.max(0.0)).sum();
    if all <= 0.0 {
        return;
    }
    let given = ln(1.0 + beyond / usual.max(1.0));
    evidence.put(Fact::CpuGivenSize, Some(Measure::new(given, error)));
    let calls = evidence.get(Fact::CallSlower);
    // What sizes explain of time in calls is known already; this is where calls are as they were.
    if calls.is_none_or(|c| c.value < 1.0) {
        let part = Measure::new((1.0 - beyond / all).clamp(0.0, 1.0), error.min(0.1));
        evidence.put(Fact::PartSize, Some(part));
    }
    let se = 0.5 / new.sqrt();
    for (frame, fact) in FRAMES {
        let of = grown
            .iter()
            .filter(|g| g.0.rsplit('.').next() == Some(frame));
        let sum: f64 = of.map(|g| g.1.max(0.0)).sum();
        evidence.put(fact, Some(Measure::new(sum / all, se)));
    }
    let Some((most, _)) = grown.iter().max_by(|a, b| a.1.total_cmp(&b.1)) else {
        return;
    };
    let site = most
        .split_once('.')
        .and_then(|(_, rest)| rest.rsplit_once('.'));
    if let Some((site, _)) = site {
        let mut slopes: Vec<f32> = view
            .readings(&format!("cpu.site_slope.{site}"))
            .iter()
            .filter(|r| spans.during.contains(&r.time))
            .map(|r| r.value as f32)
            .collect();
        if let Some(slope) = quantile(&mut slopes, 0.5) {
            let se = 0.3 / (slopes.len() as f64).sqrt();
            evidence.put(Fact::SiteSlope, Some(Measure::new(f64::from(slope), se)));
        }
    }
}

/// By Little's law as many wait for locks as arrive while one waits; those of them whom the queue for cores and interpreters
/// shows, beyond those who wait for cores, wait for the interpreter.
fn for_interpreter(view: &View, spans: &Spans, evidence: &mut Evidence) {
    if !view.has(requests::lock_wait) {
        return;
    }
    let span = &spans.during;
    let queue: Vec<f64> = view
        .readings("cpu.queue")
        .iter()
        .filter(|r| span.contains(&r.time))
        .map(|r| r.value)
        .collect();
    let rows = view.between(span.start, span.end);
    let (mut locks, mut cores) = (0.0f64, 0.0);
    for i in rows {
        locks += f64::from(view.seconds(requests::lock_wait, i));
        cores += f64::from(view.seconds(requests::core_wait, i));
    }
    let seconds = (span.end - span.start) as f64 * 1e-9;
    let mut instants = std::collections::BTreeSet::new();
    for r in view.readings("cpu.queue") {
        if span.contains(&r.time) {
            instants.insert(r.time);
        }
    }
    let (locks, cores) = (locks / seconds, cores / seconds);
    if instants.len() < 5 || locks <= 0.0 {
        return;
    }
    let n = instants.len() as f64;
    let queued = queue.iter().sum::<f64>() / n;
    let part = ((queued - cores) / locks).clamp(0.0, 1.0);
    evidence.put(
        Fact::ForInterpreter,
        Some(Measure::new(part, 0.5 / n.sqrt())),
    );
}

/// Requests that a replica was sent last which say whether it serves.
const LAST: usize = 3;
/// ns before a replica is taken out in which the slowest route is looked for.
const JUST: u64 = 10_000_000_000;

/// Replicas that are taken out, and what they did well until then.
fn out_of_service(view: &View, spans: &Spans, evidence: &mut Evidence) {
    let all = held::out_of_service(view);
    let at = |t| all.partition_point(|x| x.time < t);
    let of = |span: &Range<u64>| {
        let of = &all[at(span.start)..at(span.end).max(at(span.start))];
        share(of.iter().filter(|x| x.bad).count() as f64, of.len() as f64)
    };
    let (Some(new), Some(old)) = (of(&spans.during), of(&spans.before)) else {
        return;
    };
    let fewer = difference(new, old);
    evidence.put(Fact::OutOfService, Some(fewer));
    let first = all
        .iter()
        .find(|t| t.bad && t.time >= spans.onset.start.saturating_sub(JUST));
    let Some(first) = first.filter(|_| fewer.shrunk() > 0.0) else {
        return;
    };
    let well = |i: usize| {
        matches!(
            view.get(requests::outcome, i) as u8,
            outcome::OK | outcome::DEGRADED
        )
    };
    // The route that is slowest then may be the page that is probed.
    let mut routes: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for i in view.between(first.time.saturating_sub(2 * JUST), first.time) {
        let of = routes.entry(view.get(requests::route, i)).or_default();
        of.0 += 1.0;
        of.1 += f64::from(view.seconds(requests::latency, i));
    }
    let worst = routes
        .iter()
        .max_by(|a, b| (a.1.1 / a.1.0).total_cmp(&(b.1.1 / b.1.0)))
        .map(|(route, _)| *route)
        .filter(|_| routes.len() > 1);
    // The last that each replica was sent: one that stands still does none of it.
    let mut last: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    for i in view.between(spans.before.start, first.time).rev() {
        let replica = view.get(requests::replica, i);
        if replica == 0 || Some(view.get(requests::route, i)) == worst {
            continue;
        }
        let of = last.entry(replica).or_default();
        if of.0 < LAST {
            *of = (of.0 + 1, of.1 + usize::from(well(i)));
        }
    }
    // With one more that went well, as most do: a single failure is anybody's.
    let part = |of: &(usize, usize)| (of.1 + 1) as f64 / (of.0 + 1) as f64;
    let least = last.values().map(part).min_by(f64::total_cmp);
    // Of those that are out of service, who is dead serves nothing, however well it did until then.
    let alive = alive(view, spans).unwrap_or(1.0);
    let least = least.map(|part| Measure::new(part.min(alive), 0.05));
    evidence.put(Fact::ServedElse, least);
}

/// Of the replicas that are out of service in the episode, the share whose process is up; `None` where either is not recorded.
fn alive(view: &View, spans: &Spans) -> Option<f64> {
    let read = |gauge: &str| -> Option<(f64, f64)> {
        let readings = view.readings(gauge);
        let most = readings.iter().map(|r| r.value).fold(0.0, f64::max);
        let within = readings.iter().filter(|r| spans.during.contains(&r.time));
        let (n, sum) = within.fold((0.0, 0.0), |(n, sum), r| (n + 1.0, sum + r.value));
        (n > 0.0).then_some((most, sum / n))
    };
    let ((_, up), (most, serving)) = (read("replicas.up")?, read("replicas.in_service")?);
    let out = most - serving;
    (out > 0.0).then(|| ((up - serving) / out).clamp(0.0, 1.0))
}
