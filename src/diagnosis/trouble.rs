//! Whether an episode is an incident, or what a healthy service does now and then.

use super::{
    episode::{Episode, Frame, effect, share},
    series::What,
    stats::ln,
    view::View,
};

/// Whether an episode is an incident at all. A mechanism that changed is one. Users' trouble alone is one if arrivals rose
/// with it by more than the run's arrivals do by themselves (a surge), or did not rise (something that no quantity shows);
/// in between lies the ordinary swing of a service near saturation. More arrivals alone are good news.
pub fn counts(view: &View, frame: &Frame, episode: &Episode) -> bool {
    let mut primary = episode.findings.iter().filter(|f| f.marker.what.primary());
    if let Some(first) = primary.next() {
        let only_misses = first.marker.what == What::Misses
            && first.version.is_none()
            && primary.next().is_none();
        return !(only_misses && (echo(view, frame, episode) || fewer_requests(frame, episode)));
    }
    // Over the whole of it: the worst half minute of a burst says nothing of the rest.
    let surge = episode.of(What::Arrivals).map(|f| f.stretch);
    let (from, to) = surge.map_or((episode.from, episode.to), |s| (s.from, s.to));
    let (before, inside): (Vec<usize>, Vec<usize>) =
        ((frame.warm..from).collect(), (from..to).collect());
    let size = |what: What| {
        frame
            .of(what)
            .and_then(|s| effect(view, &frame.windows, s, &before, &inside))
            .unwrap_or(0.0)
    };
    let usual = frame.of(What::Failures).map_or(0.0, |s| share(s, &before));
    let trouble = size(What::Failures) >= FAILING.max(usual)
        || size(What::Slow) >= ln(if surge.is_some() { SLOW_SURGE } else { SLOW });
    let long = (to - from) as u64 * frame.windows.width >= LONG;
    trouble
        && long
        && (surge.is_some()
            || growth(frame, episode) < SWING
            || tenant_surges(view, frame, episode))
}

/// Whether one tenant's share of the traffic rose: bursts of everybody leave shares as they are, so this sees a hot tenant
/// where the sum of arrivals swings by itself.
fn tenant_surges(view: &View, frame: &Frame, episode: &Episode) -> bool {
    use crate::{recording::requests, sim::hash::FixedState};
    let start = |w: usize| frame.windows.start(w);
    let mut counts: hashbrown::HashMap<u64, [f64; 2], FixedState> = hashbrown::HashMap::default();
    let mut totals = [0.0f64; 2];
    for (side, rows) in [
        view.between(start(frame.warm), start(episode.from)),
        view.between(start(episode.from), start(episode.to)),
    ]
    .into_iter()
    .enumerate()
    {
        for i in rows {
            counts.entry(view.get(requests::tenant, i)).or_default()[side] += 1.0;
            totals[side] += 1.0;
        }
    }
    counts
        .iter()
        .filter(|(tenant, _)| **tenant != 0)
        .any(|(_, n)| {
            let (before, during) = (n[0] / totals[0].max(1.0), n[1] / totals[1].max(1.0));
            // Tenants come in sessions: the error is twice that of independent requests.
            let se = 2.0 * (0.25 / totals[0].max(1.0) + 0.25 / totals[1].max(1.0)).sqrt();
            during - before >= TENANT_POINTS && during - before >= 5.0 * se
        })
}

/// Points of the traffic by which a tenant's share must grow to be hot.
const TENANT_POINTS: f64 = 0.08;

/// Whether a rise of misses is the first expiry of what was written when the recording began: expired misses make up most of
/// it, and hardly an entry died at an age at which others used to hit.
fn echo(view: &View, frame: &Frame, episode: &Episode) -> bool {
    use crate::recording::{miss, requests};
    let start = |w: usize| frame.windows.start(w);
    let (before, during) = (
        start(frame.warm)..start(episode.from),
        start(episode.from)..start(episode.to),
    );
    let rate = |span: &std::ops::Range<u64>| {
        let rows = view.between(span.start, span.end);
        let n = rows.len().max(1) as f64;
        let (mut misses, mut expired) = (0.0, 0.0);
        for i in rows {
            misses += f64::from(u8::from(view.get(requests::miss, i) != 0));
            expired += f64::from(u8::from(
                view.get(requests::miss, i) == u64::from(miss::EXPIRED),
            ));
        }
        (misses / n, expired / n)
    };
    let (b, d) = (rate(&before), rate(&during));
    d.1 - b.1 >= 0.6 * (d.0 - b.0)
        && super::expiry::read(view, &before, &during).is_some_and(|e| e.young.value < 0.25)
}

/// Whether a higher miss rate is fewer requests: contents come back later, and not more calls are made than before.
fn fewer_requests(frame: &Frame, episode: &Episode) -> bool {
    let Some(series) = frame.of(What::Misses) else {
        return false;
    };
    let a_window = |r: std::ops::Range<usize>| {
        r.clone().map(|w| series.bad[w]).sum::<f64>() / r.len().max(1) as f64
    };
    growth(frame, episode) < -SWING
        && a_window(episode.from..episode.to) < 1.02 * a_window(frame.warm..episode.from)
}

/// ln ratio of arrivals in the episode to those before.
fn growth(frame: &Frame, episode: &Episode) -> f64 {
    let Some(series) = frame.of(What::Arrivals) else {
        return 0.0;
    };
    let all = |r: std::ops::Range<usize>| share(series, &r.collect::<Vec<_>>());
    ln(all(episode.from..episode.to).max(1e-9) / all(frame.warm..episode.from).max(1e-9))
}

/// Points of failed requests from which users' trouble is an incident without any mechanism that changed: twice the
/// "noticeable" 1 %.
const FAILING: f64 = 0.02;
/// The same for the ratio of p95: minutes of three times the p95 by traffic alone are common near saturation.
const SLOW: f64 = 4.0;
/// And where arrivals rose: a queue at 92 % of its capacity waits about eight times as long as at 60 % (M/M/c).
const SLOW_SURGE: f64 = 8.0;
/// ln ratio of arrivals below which they do not explain anything.
const SWING: f64 = 0.05;
/// ns that trouble without a mechanism must last: a queue needs a minute to drain after a burst.
const LONG: u64 = 60_000_000_000;
