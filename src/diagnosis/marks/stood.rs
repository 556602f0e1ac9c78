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

/// Readings of replicas; bad is one with fewer than are wanted.
pub fn behind(view: &View) -> Vec<Thing> {
    let up = view.readings("replicas.up");
    let mut at = 0;
    let mut all = vec![];
    for wanted in view.readings("replicas.wanted") {
        while at < up.len() && up[at].time < wanted.time {
            at += 1;
        }
        let Some(up) = up.get(at) else {
            break;
        };
        all.push(Thing {
            time: wanted.time,
            bad: wanted.value > up.value + 0.5,
        });
    }
    all
}
