//! Readings of processes that stood still, and of replicas that are wanted and not there yet.

use crate::diagnosis::{
    stats::quantile,
    view::{Reading, Thing, View},
};

/// Readings of the first part of the run say what is usual: no onset is looked for there.
const USUAL: f64 = 0.2;
/// Of these, the one that is still usual.
const HIGH: f64 = 0.9;
/// Share of periods without CPU that is worth a word: the tail is of one request in fifty.
const THROTTLED: f64 = 0.02;
/// ns of standing still between two readings that are worth a word: collectors of today stop for less.
const PAUSED: f64 = 10e6;

/// Readings that are bad above one and a half times what is usual, and a little more. A gauge that begins late (a quota that
/// is laid on later) was zero before: instead of it, another gauge says when it would have been read.
fn above(view: &View, gauge: &str, more: f64) -> Vec<Thing> {
    let mut readings = view.readings(gauge);
    let Some(first) = readings.first().map(|r| r.time) else {
        return vec![];
    };
    let early = (view.end as f64 * USUAL) as u64;
    if first > early {
        let others = view.readings("queue.depth").into_iter();
        let before = others.filter(|r| r.time < first);
        let mut all: Vec<Reading> = before.map(|r| Reading { value: 0.0, ..r }).collect();
        all.append(&mut readings);
        readings = all;
    }
    let of_old = readings.iter().take_while(|r| r.time <= early);
    let mut usual: Vec<f32> = of_old.map(|r| r.value as f32).collect();
    let line = 1.5 * f64::from(quantile(&mut usual, HIGH).unwrap_or(0.0)) + more;
    let thing = |r: &Reading| Thing {
        time: r.time,
        bad: r.value > line,
    };
    readings.iter().map(thing).collect()
}

/// Readings of how often a quota of CPU was spent before its period was over.
pub fn throttled(view: &View) -> Vec<Thing> {
    above(view, "cpu.throttled", THROTTLED)
}

/// Readings of how long a runtime stood still.
pub fn paused(view: &View) -> Vec<Thing> {
    above(view, "runtime.paused", PAUSED)
}

/// ns for which more replicas may be wanted than are up: a pool of warm ones fills that at once, or nearly.
const PROMPT: u64 = 5_000_000_000;

/// Readings of replicas; bad is one since more were wanted last, if these came late. Each wave of the load wants more for some
/// seconds only; whether they come in time is a state that lasts from one wave to the next.
pub fn behind(view: &View) -> Vec<Thing> {
    let up = view.readings("replicas.up");
    let mut at = 0;
    let mut all: Vec<(u64, f64, bool)> = vec![];
    for wanted in view.readings("replicas.wanted") {
        while at < up.len() && up[at].time < wanted.time {
            at += 1;
        }
        let Some(up) = up.get(at) else {
            break;
        };
        all.push((wanted.time, wanted.value, wanted.value > up.value + 0.5));
    }
    late(&all, (view.end as f64 * USUAL) as u64)
}

/// Of readings (when, how many are wanted, whether fewer are up): whether those that were wanted last came later than is usual
/// in the first part of the run.
fn late(readings: &[(u64, f64, bool)], early: u64) -> Vec<Thing> {
    let mut usual: Vec<f32> = readings
        .chunk_by(|a, b| a.2 == b.2)
        .filter(|run| run[0].2 && run[0].0 < early)
        .map(|run| (run[run.len() - 1].0 - run[0].0) as f32)
        .collect();
    let line = (1.5 * f64::from(quantile(&mut usual, HIGH).unwrap_or(0.0))) as u64 + PROMPT;
    let (mut bad, mut lacking, mut rose) = (false, None, None);
    let mut last = f64::INFINITY;
    let mut things: Vec<Thing> = vec![];
    for &(time, wanted, lacks) in readings {
        if wanted > last {
            rose = rose.or(Some(time));
        }
        last = wanted;
        if lacks {
            let since = *lacking.get_or_insert(time);
            if time - since > line {
                (bad, rose) = (true, None);
                // Late since they were wanted, not since that was long ago.
                let of_it = things.iter_mut().rev().take_while(|t| t.time >= since);
                of_it.for_each(|t| t.bad = true);
            }
        } else {
            lacking = None;
            if rose.is_some_and(|at| time - at > line) {
                (bad, rose) = (false, None);
            }
        }
        things.push(Thing { time, bad });
    }
    things
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_that_come_late_are_behind_until_some_come_in_time() {
        // Every 100 s three more are wanted for 40 s; in the second and third wave they come 20 s later.
        let reading = |second: u64| {
            let (wave, into) = (second / 100, second % 100);
            let wanted = if into < 40 { 6.0 } else { 3.0 };
            let lacks = matches!(wave, 2 | 3) && into < 20;
            (second * 1_000_000_000, wanted, lacks)
        };
        let readings: Vec<_> = (0..600).map(reading).collect();
        let bad: Vec<u64> = late(&readings, 100_000_000_000)
            .iter()
            .filter(|t| t.bad)
            .map(|t| t.time / 1_000_000_000)
            .collect();
        let (first, last) = (bad[0], bad[bad.len() - 1]);
        assert_eq!(first, 200);
        assert!((404..=407).contains(&last), "{last}");
        assert_eq!(bad.len() as u64, last - first + 1);
    }
}
