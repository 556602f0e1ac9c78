//! What requests cost in CPU.

use super::held::USUAL;
use crate::{
    diagnosis::{
        stats::{quantile, spaced},
        view::{Thing, View},
    },
    recording::{cache, outcome, requests},
};

/// Requests that a line is drawn by, at most.
const SAMPLE: usize = 50_000;
/// Requests of the first part of the run below which nothing is said of what is usual.
const LEAST: usize = 200;

/// The CPU of a request in seconds, if it was worked on: a hit saves the work, and who was turned away had none done.
pub fn worked(view: &View, i: usize) -> Option<f32> {
    let seconds = view.seconds(requests::cpu, i);
    let hit = view.get(requests::cache, i) == u64::from(cache::HIT);
    let away = matches!(
        view.get(requests::outcome, i) as u8,
        outcome::REJECTED | outcome::SHED | outcome::UNAVAILABLE
    );
    (seconds > 0.0 && !hit && !away).then_some(seconds)
}

fn marked(view: &View, of: impl Fn(usize) -> Option<f32>, line: f32) -> Vec<Thing> {
    (0..view.len())
        .filter_map(|i| {
            Some(Thing {
                time: view.arrived[i],
                bad: of(i)? > line,
            })
        })
        .collect()
}

/// A quantile of the requests that arrived in the first part of the run, or in all of it.
fn line(view: &View, part: f64, q: f64, of: impl Fn(usize) -> Option<f32>) -> Option<f32> {
    let rows = view.between(0, (view.end as f64 * part) as u64);
    let mut values: Vec<f32> = spaced(rows, SAMPLE).filter_map(of).collect();
    (values.len() >= LEAST).then(|| quantile(&mut values, q))?
}

/// Requests that were worked on; bad is one that cost more CPU than half of the run's.
pub fn more(view: &View) -> Vec<Thing> {
    if !view.has(requests::cpu) {
        return vec![];
    }
    let of = |i| worked(view, i);
    line(view, 1.0, 0.5, of).map_or(vec![], |line| marked(view, of, line))
}

/// The same; bad is one that cost half as much again as one in a hundred used to.
pub fn far(view: &View) -> Vec<Thing> {
    if !view.has(requests::cpu) {
        return vec![];
    }
    let of = |i| worked(view, i);
    line(view, USUAL, 0.99, of).map_or(vec![], |line| marked(view, of, 1.5 * line))
}
