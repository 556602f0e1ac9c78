//! From a window to an instant: the onset by the likelihood of each single thing, with a 95 % interval.

use super::{series::Marker, stats::ln, view::View};

/// An instant with its interval, ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant {
    /// Most likely.
    pub at: u64,
    /// Interval of about 95 %.
    pub from: u64,
    /// Its end.
    pub to: u64,
}

/// Nats within which an instant is not excluded at 95 %. The likelihood of a change-point is no parabola but a random walk that
/// falls off on either side: its maximum lies above the truth by more than x with odds 1 - (1 - exp -x)² (Siegmund 1988), so
/// half a chi-square of one degree, 1.92, would cover 73 %.
const WITHIN: f64 = 3.68;

/// How bad things are before and after, and where to look.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Share that is bad before.
    pub before: f64,
    /// Share that is bad after.
    pub after: f64,
    /// Start of the search, ns.
    pub from: u64,
    /// Its end.
    pub to: u64,
}

/// The instant at which shares change from `before` to `after`, among the things in `[from, to)`. For an end, swap them.
pub fn instant(view: &View, marker: Marker, step: Step) -> Option<Instant> {
    let clip = |p: f64| p.clamp(1e-4, 1.0 - 1e-4);
    let (p0, p1) = (clip(step.before), clip(step.after));
    let (if_bad, if_good) = (ln(p1 / p0), ln((1.0 - p1) / (1.0 - p0)));
    let things: Vec<(u64, bool)> = marker
        .between(view, step.from, step.to)
        .filter_map(|i| Some((marker.time(view, i), marker.bad(view, i)?)))
        .collect();
    if things.len() < 5 {
        return None;
    }
    let gains: Vec<f64> = things
        .iter()
        .map(|(_, bad)| if *bad { if_bad } else { if_good })
        .collect();
    let times: Vec<u64> = things.iter().map(|t| t.0).collect();
    Some(best(&times, &gains, &step, WITHIN))
}

/// The instant at which the rate of arrivals changes from `before` to `after` a second (Poisson likelihood of the gaps).
pub fn rate(view: &View, step: Step) -> Option<Instant> {
    let times = &view.arrived[view.between(step.from, step.to)];
    if times.len() < 5 || step.before <= 0.0 || step.after <= 0.0 {
        return None;
    }
    let each = ln(step.after / step.before);
    let gains: Vec<f64> = (0..times.len())
        .map(|i| {
            let gap = times.get(i + 1).copied().unwrap_or(step.to) - times[i];
            each - (step.after - step.before) * gap as f64 * 1e-9
        })
        .collect();
    let found = best(times, &gains, &step, WITHIN);
    Some(best(
        times,
        &gains,
        &step,
        WITHIN * dispersion(times, &step, found.at),
    ))
}

/// Arrivals that a bin holds at the lower rate: a variance of fewer is mostly that of small numbers.
const A_BIN: f64 = 8.0;

/// How many times the variance of arrivals is that of a Poisson process, at least 1: arrivals in bursts say that much less about
/// an instant than as many independent ones (quasi-likelihood, Wedderburn 1974).
fn dispersion(times: &[u64], step: &Step, at: u64) -> f64 {
    let width = ((A_BIN / step.before.min(step.after)) * 1e9) as u64 + 1;
    let (mut sum, mut bins) = (0.0, 0.0);
    for (from, to) in [(step.from, at), (at, step.to)] {
        let counts: Vec<f64> = (0..to.saturating_sub(from) / width)
            .map(|k| {
                let edge = |k: u64| times.partition_point(|&t| t < from + k * width);
                (edge(k + 1) - edge(k)) as f64
            })
            .collect();
        let n = counts.len() as f64;
        let mean = counts.iter().sum::<f64>() / n.max(1.0);
        if n >= 2.0 && mean > 0.0 {
            sum += counts.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / mean;
            bins += n - 1.0;
        }
    }
    if bins > 0.0 {
        (sum / bins).max(1.0)
    } else {
        1.0
    }
}

/// The instant that the things speak for, each with its nats for "after".
fn best(times: &[u64], each: &[f64], step: &Step, within: f64) -> Instant {
    // gains[i]: evidence of all things from i on for "after", if the change came just before thing i.
    let mut gains = vec![0.0; times.len() + 1];
    for (i, nats) in each.iter().enumerate().rev() {
        gains[i] = gains[i + 1] + nats;
    }
    // Things of one instant are on one side: a clock with coarse ticks says no more than between which ticks it was.
    let apart = |i: &usize| *i == 0 || *i == times.len() || times[*i] != times[*i - 1];
    let (best, top) = gains.iter().enumerate().filter(|(i, _)| apart(i)).fold(
        (0, f64::NEG_INFINITY),
        |top, (i, &g)| if g > top.1 { (i, g) } else { top },
    );
    let time = |i: usize| times.get(i).copied().unwrap_or(step.to);
    let near = |i: &usize| apart(i) && gains[*i] >= top - within;
    let first = (0..=best).find(near).unwrap_or(best);
    let last = (best..gains.len()).rev().find(near).unwrap_or(best);
    // The change lies after the last thing of the old kind and no later than the first of the new.
    let after_previous = |i: usize| if i == 0 { step.from } else { time(i - 1) };
    Instant {
        at: time(best),
        from: after_previous(first),
        to: time(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that ticks every 3 s: the change lies after the last tick of the old kind, whatever its things look like.
    #[test]
    fn an_interval_is_never_narrower_than_the_clock() {
        let second = 1_000_000_000u64;
        let times: Vec<u64> = (0..40u64).flat_map(|tick| [3 * second * tick; 8]).collect();
        // The change comes after tick 20; half of that tick's things look new by chance.
        let each: Vec<f64> = (0..320).map(|i| if i < 164 { -1.0 } else { 1.0 }).collect();
        let step = Step {
            before: 0.1,
            after: 0.9,
            from: 0,
            to: 120 * second,
        };
        let found = best(&times, &each, &step, WITHIN);
        assert_eq!(found.at % (3 * second), 0);
        assert!(found.to - found.from >= 3 * second, "{found:?}");
    }

    /// Five arrivals at a time are a fifth as many witnesses.
    #[test]
    fn bursts_widen_the_interval() {
        let second = 1_000_000_000u64;
        let step = Step {
            before: 10.0,
            after: 20.0,
            from: 0,
            to: 60 * second,
        };
        let even: Vec<u64> = (0..600).map(|i| i * second / 10).collect();
        assert_eq!(dispersion(&even, &step, 30 * second), 1.0);
        let mut bursts: Vec<u64> = (0..120u64)
            .flat_map(|i| [crate::sim::hash::mix(i) % (60 * second); 5])
            .collect();
        bursts.sort_unstable();
        let found = dispersion(&bursts, &step, 30 * second);
        assert!((3.0..8.0).contains(&found), "{found}");
    }
}
