//! Pools and registries: what they hold for nobody, since what.

use super::{Evidence, Fact, Spans, points};
use crate::{
    diagnosis::{
        marks::held::{self, Line},
        series::What,
        stats::{Measure, ln},
        view::View,
    },
    recording::{attempts, result},
};
use std::ops::Range;

pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    for (fact, what) in [
        (Fact::Listed, What::Listed),
        (Fact::Held, What::Held),
        (Fact::PoolSmaller, What::PoolSmaller),
    ] {
        evidence.put(fact, points(view, spans, what));
    }
    let bad = |what: What| {
        let all = view.marks.get(&what);
        all.is_some_and(|all| all.iter().any(|t| t.bad))
    };
    if bad(What::Held) {
        let lines = held::pools(view);
        // Where nothing is left to lose, what was lost on the way there says how.
        let way = spans.before.start..spans.during.end;
        let told = by_cancel(view, &spans.during, &lines).or_else(|| by_cancel(view, &way, &lines));
        let nothing = Measure::new(0.0, 0.0);
        evidence.put(Fact::HeldByCancel, Some(told.unwrap_or(nothing)));
    }
    if bad(What::PoolSmaller) {
        evidence.put(Fact::SmallerAtOnce, at_once(spans, &held::sizes(view)));
    }
}

/// Nats by which connections are lost as calls are cancelled, rather than as calls end: two Poisson models of what was lost
/// between two readings, each with the rate that fits it best. `None` where nothing was lost.
fn by_cancel(view: &View, span: &Range<u64>, lines: &[Line]) -> Option<Measure> {
    let calls = &view.recording.attempts;
    let mut intervals: Vec<(f64, f64, f64)> = vec![];
    for line in lines {
        let (mut cancelled, mut ended) = (vec![], vec![]);
        for row in 0..calls.len() {
            if calls.value(attempts::dependency, row) != u64::from(line.dependency)
                || calls.value(attempts::replica, row) != u64::from(line.replica)
            {
                continue;
            }
            let end = calls
                .value(attempts::started, row)
                .saturating_add(calls.value(attempts::time, row));
            match calls.value(attempts::result, row) as u8 {
                result::CANCELLED => cancelled.push(end),
                result::REFUSED => {}
                _ => ended.push(end),
            }
        }
        cancelled.sort_unstable();
        ended.sort_unstable();
        for pair in line.readings.windows(2) {
            if !span.contains(&pair[0].time) || !span.contains(&pair[1].time) {
                continue;
            }
            let count = |of: &[u64]| {
                let at = |t| of.partition_point(|&x| x < t);
                at(pair[1].time).saturating_sub(at(pair[0].time)) as f64
            };
            let lost = (pair[1].value - pair[0].value).max(0.0);
            intervals.push((lost, count(&cancelled), count(&ended)));
        }
    }
    let sum = |of: &dyn Fn(&(f64, f64, f64)) -> f64| intervals.iter().map(of).sum::<f64>();
    let (lost, cancelled, ended) = (sum(&|i| i.0), sum(&|i| i.1), sum(&|i| i.2));
    if lost < 1.0 {
        return None;
    }
    if cancelled < 1.0 || ended < 1.0 {
        // Only one of the two happened at all.
        let nats = if cancelled < 1.0 { -9.0 } else { 9.0 };
        return Some(Measure::new(nats, 0.0));
    }
    // A twentieth of the losses may come of anything: a reading a moment off is no proof.
    let stray = 0.05 * lost / intervals.len().max(1) as f64;
    let nats = sum(&|&(lost_here, c, e)| {
        let (by_cancel, by_end) = (
            0.95 * lost / cancelled * c + stray,
            0.95 * lost / ended * e + stray,
        );
        lost_here * ln(by_cancel / by_end) - (by_cancel - by_end)
    });
    Some(Measure::new(nats, 0.0))
}

/// The largest step down of each pool beyond one slot, as a share of all that it lost.
fn at_once(spans: &Spans, lines: &[Line]) -> Option<Measure> {
    let (mut largest, mut all) = (0.0, 0.0);
    for line in lines {
        let (mut most, mut fell) = (0.0f64, 0.0);
        for pair in line.readings.windows(2) {
            let down = pair[0].value - pair[1].value;
            if down > 0.0 && pair[1].time >= spans.onset.start && pair[1].time < spans.during.end {
                most = most.max(down);
                fell += down;
            }
        }
        // One slot cannot go but at once.
        largest += (most - 1.0).max(0.0);
        all += fell;
    }
    (all > 0.0).then(|| Measure::new(largest / all, 0.5 / (all + 4.0)))
}
