//! Whether an episode is an incident, or what a healthy service does now and then.

use super::{
    episode::{Episode, Frame, effect, share},
    evidence::{limiter, queue},
    overload,
    series::What,
    stats::{ln, quantile, spaced},
    view::View,
};
use crate::recording::{cache, requests};

/// Whether an episode is an incident at all. A mechanism that changed is one. Users' trouble alone is one if arrivals rose
/// with it by more than the run's arrivals do by themselves (a surge), or did not rise (something that no quantity shows);
/// in between lies the ordinary swing of a service near saturation. More arrivals alone are good news.
pub fn counts(view: &View, frame: &Frame, episode: &Episode) -> bool {
    let primary: Vec<_> = episode
        .findings
        .iter()
        .filter(|f| f.marker.what.primary())
        .collect();
    if !primary.is_empty() {
        // The scan and a deploy may both have found the misses: that is still one quantity.
        let only_misses = primary
            .iter()
            .all(|f| f.marker.what == What::Misses && f.version.is_none());
        let only_refusals = primary.iter().all(|f| f.marker.what == What::Rejects);
        if only_refusals {
            let at = |w: usize| frame.windows.start(w);
            let (before, during) = (
                at(frame.warm)..at(episode.from),
                at(episode.from)..at(episode.to),
            );
            return !limiter::holds_a_crowd(view, before, during);
        }
        return !(only_misses && (echo(view, frame, episode) || fewer_requests(frame, episode))
            || primary.iter().all(|f| f.marker.what.times()) && pause(view, frame, episode));
    }
    if episode
        .findings
        .iter()
        .all(|f| f.marker.what == What::OneTenant)
    {
        return false;
    }
    if flooded(view, frame, episode) {
        return true;
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
    let larger = |ratio: f64| size(What::Slow) >= ln(ratio);
    let slower = |ratio: f64| larger(ratio) && beyond_the_tail(view, frame, (from, to));
    let lasts = (to - from) as u64 * frame.windows.width;
    let hot = tenant_surges(view, frame, (from, to));
    let doubled = lasts >= CROWD && size(What::Arrivals) >= ln(2.0);
    let trouble = size(What::Failures) >= FAILING.max(usual)
        || hot && larger(SLOW_HOT)
        || larger(SLOW_BEYOND) && (doubled || beyond_capacity(view, frame, (from, to)))
        || if surge.is_some() {
            slower(SLOW_SURGE)
                && (lasts >= STAYS.min(view.end / 3 * 2) || overrun(view, frame, (from, to)))
        } else {
            slower(SLOW) || beyond_the_middle(view, frame, (from, to))
        };
    let long = lasts >= LONG.min(view.end / 10);
    trouble && long && (surge.is_some() || growth(frame, episode) < SWING || hot)
}

/// Whether more came, over all of it, than the workers there are can do: no swing of a service near saturation, which has room
/// for all that comes in the mean.
fn beyond_capacity(view: &View, frame: &Frame, (from, to): (usize, usize)) -> bool {
    overload::offered(view, frame.windows.start(from), frame.windows.start(to))
        .is_some_and(|offered| offered >= 1.0)
}

/// Whether all wait behind one producer's line, which outlasts what made it: no crowd that a healthy service sees every day.
fn flooded(view: &View, frame: &Frame, episode: &Episode) -> bool {
    let lasts = (episode.to - episode.from) as u64 * frame.windows.width;
    if episode.of(What::Flooded).is_none() || lasts < LONG.min(view.end / 10) / 2 {
        return false;
    }
    let at = |w: usize| frame.windows.start(w);
    let (before, during) = (
        at(frame.warm)..at(episode.from),
        at(episode.from)..at(episode.to),
    );
    // A quarter of the time: who goes on sending is a hot tenant. And not all of it: who never sent twice his usual makes no flood.
    queue::backlog(view, &before, &during).is_some_and(|m| (0.25..=0.9).contains(&m.value))
        && slowed(view, frame, episode) >= ln(SLOW_SURGE)
}

/// Whether something took longer for less than a minute, and users hardly felt it: dependencies pause for seconds now and then.
fn pause(view: &View, frame: &Frame, episode: &Episode) -> bool {
    let lasts = (episode.to - episode.from) as u64 * frame.windows.width;
    lasts < LONG.min(view.end / 10) && slowed(view, frame, episode) < ln(FELT)
}

/// ln ratio of users' p95 in the episode to that before; 0 where it is not recorded.
fn slowed(view: &View, frame: &Frame, episode: &Episode) -> f64 {
    let before: Vec<usize> = (frame.warm..episode.from).collect();
    let during: Vec<usize> = (episode.from..episode.to).collect();
    frame
        .of(What::Slow)
        .and_then(|s| effect(view, &frame.windows, s, &before, &during))
        .unwrap_or(0.0)
}

/// Ratio of users' p95 that is noticeable (DIAGNOSIS.md 5.2).
const FELT: f64 = 1.5;

/// Whether waits grew with the time that more arrived, as they do where more arrives than can be served at all: in a fluid
/// queue by 1 - 1/ρ a second, so a wait of a tenth of a surge's length says that a tenth more came than fits. Below capacity
/// waits are a few service times, however long a surge is.
fn overrun(view: &View, frame: &Frame, (from, to): (usize, usize)) -> bool {
    let (from, to) = (frame.windows.start(from), frame.windows.start(to));
    let mut latencies: Vec<f32> = spaced(view.between(from, to), 100_000)
        .map(|i| view.seconds(requests::latency, i))
        .collect();
    let slowest = quantile(&mut latencies, 0.95).unwrap_or(0.0);
    f64::from(slowest) >= 0.1 * (to - from) as f64 * 1e-9
}

/// Whether the p95 is twice what the p99 was before: where most answers come from a cache in no time, a p95 many times as
/// large may still be what one in a hundred always had.
fn beyond_the_tail(view: &View, frame: &Frame, (from, to): (usize, usize)) -> bool {
    let at = |w: usize| frame.windows.start(w);
    latency(view, at(from)..at(to), 0.95) >= 2.0 * latency(view, at(frame.warm)..at(from), 0.99)
}

/// Whether half of the requests take twice what three in four took before, where neither look-ups nor calls are recorded: that is no
/// tail, and nothing else would show it.
fn beyond_the_middle(view: &View, frame: &Frame, (from, to): (usize, usize)) -> bool {
    if !view.calls.is_empty() || view.has(requests::cache) {
        return false;
    }
    let at = |w: usize| frame.windows.start(w);
    latency(view, at(from)..at(to), 0.5) >= 2.0 * latency(view, at(frame.warm)..at(from), 0.75)
}

/// A quantile of latency over a stretch, s.
fn latency(view: &View, span: std::ops::Range<u64>, q: f64) -> f32 {
    let rows = spaced(view.between(span.start, span.end), 100_000);
    let mut values: Vec<f32> = rows.map(|i| view.seconds(requests::latency, i)).collect();
    quantile(&mut values, q).unwrap_or(0.0)
}

/// Whether one tenant's share of the traffic rose: bursts of everybody leave shares as they are, so this sees a hot tenant
/// where the sum of arrivals swings by itself.
fn tenant_surges(view: &View, frame: &Frame, (from, to): (usize, usize)) -> bool {
    use crate::sim::hash::FixedState;
    let start = |w: usize| frame.windows.start(w);
    let mut counts: hashbrown::HashMap<u64, [f64; 2], FixedState> = hashbrown::HashMap::default();
    let mut totals = [0.0f64; 2];
    for (side, rows) in [
        view.between(start(frame.warm), start(from)),
        view.between(start(from), start(to)),
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

/// Whether a rise of misses is the first expiry of what was written when the recording began. Until it is as old as a
/// lifetime, a recording has no expired misses at all; then they set in, with nothing wrong. Such an echo leaves the other
/// misses as they are (never seen, evicted, or dead before their time), over its beginning and over the whole of it.
fn echo(view: &View, frame: &Frame, episode: &Episode) -> bool {
    let start = |w: usize| frame.windows.start(w);
    let length = episode.to - episode.from;
    let back = length
        .max(4 * frame.windows.shortest)
        .min(episode.from - frame.warm);
    let (before, during) = (
        start(episode.from - back)..start(episode.from),
        start(episode.from)..start(episode.to),
    );
    let Some(lawful) =
        super::expiry::lawful(view, &(start(frame.warm)..start(episode.from)), during.end)
    else {
        return false;
    };
    let rates = |span: &std::ops::Range<u64>| {
        let (mut n, mut misses, mut others) = (0.0f64, 0.0, 0.0);
        for i in view.between(span.start, span.end) {
            match view.get(requests::cache, i) as u8 {
                cache::HIT => n += 1.0,
                cache::MISS => {
                    n += 1.0;
                    misses += 1.0;
                    others += f64::from(u8::from(!lawful.contains(&(i as u32))));
                }
                _ => {}
            }
        }
        (misses / n.max(1.0), others / n.max(1.0))
    };
    let usual = rates(&before);
    let excess = rates(&during).0 - usual.0;
    [8, 4, 2, 1].into_iter().all(|part| {
        let end = during.start
            + ((during.end - during.start) / part)
                .max(frame.windows.width * frame.windows.shortest as u64);
        rates(&(during.start..end.min(during.end))).1 - usual.1 < (0.3 * excess).max(0.02)
    })
}

/// Whether a higher miss rate is fewer requests: contents come back later. For a lifetime or a reuse distance in time, the
/// odds of a hit go with the rate of arrivals (a content asked for at rate r hits with odds r T); they may fall that far.
fn fewer_requests(frame: &Frame, episode: &Episode) -> bool {
    let Some(series) = frame.of(What::Misses) else {
        return false;
    };
    let back = (episode.to - episode.from).min(episode.from - frame.warm);
    let odds = |r: std::ops::Range<usize>| {
        let miss = share(series, &r.collect::<Vec<_>>()).clamp(1e-3, 1.0 - 1e-3);
        (1.0 - miss) / miss
    };
    // Over the same stretch: what falls after a crowd falls from the crowd's height.
    let fewer = growth_since(frame, episode, episode.from - back);
    fewer < -SWING
        && ln(odds(episode.from..episode.to) / odds(episode.from - back..episode.from))
            > 1.3 * fewer
}

/// ln ratio of arrivals in the episode to those before.
fn growth(frame: &Frame, episode: &Episode) -> f64 {
    growth_since(frame, episode, frame.warm)
}

/// The same, of those from a window on.
fn growth_since(frame: &Frame, episode: &Episode, since: usize) -> f64 {
    let Some(series) = frame.of(What::Arrivals) else {
        return 0.0;
    };
    let all = |r: std::ops::Range<usize>| share(series, &r.collect::<Vec<_>>());
    ln(all(episode.from..episode.to).max(1e-9) / all(since..episode.from).max(1e-9))
}

/// Points of failed requests from which users' trouble is an incident without any mechanism that changed: twice the
/// "noticeable" 1 %.
const FAILING: f64 = 0.02;
/// The same for the ratio of p95: minutes of three times the p95 by traffic alone are common near saturation.
const SLOW: f64 = 4.0;
/// The same where one tenant's part of the traffic grew: no swing of everybody's brings that, so what users notice is enough.
const SLOW_HOT: f64 = 1.5;
/// And where the work that comes is more than the workers can do, or twice as many come: more than three times the p95, as that is
/// what a burst makes of a service near saturation.
const SLOW_BEYOND: f64 = 3.0;
/// ns that a crowd stays, at most: whoever still comes after that is no crowd, if twice as many come as before. (A day's swing
/// may be as long, and is less than that: its busier half has less than twice of what the quieter one has.)
const CROWD: u64 = 400_000_000_000;
/// And where arrivals rose: a queue at 92 % of its capacity waits about eight times as long as at 60 % (M/M/c).
const SLOW_SURGE: f64 = 8.0;
/// ns, at most two thirds of the run, that a surge must stay to be one by waits alone, with nobody turned away: a crowd that is gone within minutes is what
/// public services see every day, and near saturation it makes waits many times as long with nothing wrong (three of 47 runs
/// with a crowd of one to six minutes passed the line above).
const STAYS: u64 = 600_000_000_000;
/// ln ratio of arrivals below which they do not explain anything.
const SWING: f64 = 0.05;
/// ns that trouble without a mechanism must last: a queue needs a minute to drain after a burst. A tenth of a shorter run: it is
/// cut into windows that hold as many requests as a longer one's, so its Z is worth as much.
const LONG: u64 = 60_000_000_000;
