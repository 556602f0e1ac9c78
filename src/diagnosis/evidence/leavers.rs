//! Clients that left: what goes on for them, and who was told.

use super::{Evidence, Fact, Spans, points};
use crate::{
    diagnosis::{
        marks::leavers::{self, Leaver},
        series::What,
        stats::{Measure, difference, quantile, share},
        view::{Call, View},
    },
    recording::{attempts, requests, result},
};
use std::{collections::BTreeMap, ops::Range};

/// Orphaned requests below which nothing is said of what was cancelled.
const LEAST: f64 = 5.0;

pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    long_calls(view, spans, evidence);
    evidence.put(
        Fact::RecordsKilled,
        points(view, spans, What::RecordsKilled),
    );
    let all = leavers::all(view);
    if all.is_empty() {
        return;
    }
    evidence.put(Fact::Orphans, points(view, spans, What::Orphans));
    let orphaned = |span: &Range<u64>| {
        let left = all.iter().enumerate().filter(|(row, l)| {
            (l.under_way || l.begins) && span.contains(&leavers::over(view, *row))
        });
        let (n, k) = left.fold((0.0, 0.0), |(n, k), (_, l)| {
            (n + 1.0, k + f64::from(u8::from(l.is_orphan())))
        });
        share(k, n)
    };
    evidence.put(
        Fact::LeaversOrphaned,
        orphaned(&spans.during)
            .zip(orphaned(&spans.before))
            .map(|(during, before)| difference(during, before)),
    );
    let within = |row: usize| spans.during.contains(&leavers::over(view, row));
    let orphans: Vec<&Leaver> = all
        .iter()
        .enumerate()
        .filter(|(row, l)| l.is_orphan() && within(*row))
        .map(|(_, l)| l)
        .collect();
    let n = orphans.len() as f64;
    if n < LEAST {
        return;
    }
    let count = |of: &dyn Fn(&Leaver) -> bool| orphans.iter().filter(|l| of(l)).count() as f64;
    evidence.put(Fact::StartedDead, share(count(&|l| !l.begun), n));
    evidence.put(
        Fact::StartedLater,
        share(count(&|l| l.goes_on && l.begins), count(&|l| l.goes_on)),
    );
    evidence.put(Fact::HandlerGoesOn, handlers(view, spans, &all));
    let mut by: BTreeMap<u16, usize> = BTreeMap::new();
    for orphan in &orphans {
        *by.entry(orphan.dependency).or_default() += 1;
    }
    let worst = by
        .iter()
        .max_by_key(|(name, n)| (**n, std::cmp::Reverse(**name)));
    let name = worst.map_or("", |(name, _)| {
        view.recording.name("dependency", u32::from(*name))
    });
    evidence.dependency = Some(name.to_string()).filter(|n| !n.is_empty());
    cancels(view, spans, n, evidence);
}

/// What became of cancellations, by what those who count them say.
fn cancels(view: &View, spans: &Spans, orphans: f64, evidence: &mut Evidence) {
    let sum = |gauge: &str| -> Option<f64> {
        let readings = view.readings(gauge);
        (!readings.is_empty()).then(|| {
            let within = readings.iter().filter(|r| spans.during.contains(&r.time));
            within.map(|r| r.value).sum::<f64>()
        })
    };
    let capped = |k: f64| share(k.clamp(0.0, orphans), orphans);
    if let (Some(edge), Some(handler)) = (sum("disconnects.edge"), sum("disconnects.handler")) {
        evidence.put(Fact::Untold, capped(edge - handler));
    } else {
        evidence.limits.push(
            "who was told of clients that left is not recorded: a disconnect that is hidden cannot be told from work that nobody stops"
                .into(),
        );
    }
    let all = |prefix: &str| -> f64 {
        let names = view.gauges(prefix);
        names
            .iter()
            .filter_map(|name| sum(&format!("{prefix}{name}")))
            .sum()
    };
    if view.gauges("cancels.sent.").is_empty() {
        evidence.limits.push(
            "cancellations are not recorded: whether any was sent, or received, cannot be told"
                .into(),
        );
        return;
    }
    let (sent, received, honoured) = (
        all("cancels.sent."),
        all("cancels.received."),
        all("cancels.honoured."),
    );
    evidence.put(Fact::CancelSent, capped(sent - honoured));
    evidence.put(
        Fact::CancelReceived,
        share((received - honoured).max(0.0), (sent - honoured).max(0.0)),
    );
}

/// Requests that are in flight though nobody has them open, by requests that are worked on for nobody: at the readings of who
/// counts what is in flight.
fn handlers(view: &View, spans: &Spans, all: &[Leaver]) -> Option<Measure> {
    let mut in_flight: BTreeMap<u64, f64> = BTreeMap::new();
    for reading in view.readings("requests.in_flight") {
        *in_flight.entry(reading.time).or_default() += reading.value;
    }
    if in_flight.is_empty() {
        return None;
    }
    let table = &view.recording.requests;
    let (mut begins, mut ends) = (vec![], vec![]);
    let (mut left, mut until) = (vec![], vec![]);
    for (row, leaver) in all.iter().enumerate() {
        begins.push(table.value(requests::arrived, row));
        ends.push(leavers::over(view, row));
        if leaver.is_orphan() {
            left.push(leavers::over(view, row));
            until.push(leaver.until);
        }
    }
    for times in [&mut begins, &mut ends, &mut left, &mut until] {
        times.sort_unstable();
    }
    let under_way = |begins: &[u64], ends: &[u64], t: u64| {
        let (begun, ended) = (
            begins.partition_point(|&x| x <= t),
            ends.partition_point(|&x| x <= t),
        );
        begun.saturating_sub(ended) as f64
    };
    let mean = |span: &Range<u64>| {
        let (mut beyond, mut orphans, mut n) = (0.0, 0.0, 0.0);
        for (&t, &value) in in_flight.range(span.clone()) {
            beyond += value - under_way(&begins, &ends, t);
            orphans += under_way(&left, &until, t);
            n += 1.0;
        }
        (n > 0.0).then(|| (beyond / n, orphans / n, n))
    };
    let (before, during) = (mean(&spans.before)?, mean(&spans.during)?);
    let orphans = during.1.max(0.01);
    let value = ((during.0 - before.0) / orphans).clamp(-1.0, 2.0);
    // Both are counts at the same instants: what is left is the error of a share among so many.
    Some(Measure::new(value, 0.5 / (during.2 * orphans).sqrt()))
}

/// Calls far beyond those before: twice what one in two hundred took, of the same dependency.
fn long_calls(view: &View, spans: &Spans, evidence: &mut Evidence) {
    let ended = |span: &Range<u64>| {
        let calls = &view.calls[view.calls_between(span.start, span.end)];
        calls.iter().filter(|c| c.result != result::CANCELLED)
    };
    let mut times: BTreeMap<u16, Vec<f32>> = BTreeMap::new();
    for call in ended(&spans.before) {
        times.entry(call.dependency).or_default().push(call.seconds);
    }
    let longest: BTreeMap<u16, f32> = times
        .into_iter()
        .filter_map(|(name, mut all)| Some((name, 2.0 * quantile(&mut all, 0.995)?)))
        .collect();
    let is_long = |call: &&Call| {
        let line = longest.get(&call.dependency);
        line.is_some_and(|line| call.seconds > *line)
    };
    let of = |span: &Range<u64>| {
        let long = ended(span).filter(is_long).count() as f64;
        share(long, ended(span).count() as f64)
    };
    if let (Some(d), Some(b)) = (of(&spans.during), of(&spans.before)) {
        evidence.put(Fact::LongCalls, Some(difference(d, b)));
    }
    let long: Vec<&Call> = ended(&spans.during).filter(is_long).collect();
    let (n, during) = (long.len() as f64, ended(&spans.during).count() as f64);
    // A few may be the longest of many by chance.
    let calls = &view.recording.attempts;
    if n < LEAST || n < 0.0005 * during || calls.is_empty() || !calls.has(attempts::budget) {
        return;
    }
    let unbounded = long
        .iter()
        .filter(|c| view.of_call(attempts::budget, c) == 0)
        .count();
    evidence.put(Fact::NoBudget, share(unbounded as f64, n));
}
