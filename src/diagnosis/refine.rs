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

/// Half of the 95 % quantile of chi-square with one degree of freedom: nats within which an instant is not excluded.
const WITHIN: f64 = 1.92;

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
    Some(best(&times, &gains, &step))
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
    Some(best(times, &gains, &step))
}

/// The instant that the things speak for, each with its nats for "after".
fn best(times: &[u64], each: &[f64], step: &Step) -> Instant {
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
    let near = |i: &usize| apart(i) && gains[*i] >= top - WITHIN;
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
        let found = best(&times, &each, &step);
        assert_eq!(found.at % (3 * second), 0);
        assert!(found.to - found.from >= 3 * second, "{found:?}");
    }
}
