//! How much work comes in beside what the workers can do: the load that is offered, which may be more than all of it.

use super::view::View;
use crate::recording::{outcome, requests};

/// Requests of which a worker was seen to be held, below which nothing is said.
const LEAST: f64 = 100.0;
/// Seconds below which nobody was held: who left the queue without a turn.
const HELD: f32 = 1e-6;

/// Requests times the seconds that each holds a worker, by the workers there are: below one, a queue drains; above it, it grows for
/// as long as this lasts. Whoever is turned away or leaves before his turn would have held a worker for as long as the others.
/// `None` where waits or workers are not recorded.
pub fn offered(view: &View, from: u64, to: u64) -> Option<f64> {
    if !view.has(requests::queue_wait) || !view.has(requests::latency) || to <= from {
        return None;
    }
    let sizes = view.readings("workers.size");
    let within: Vec<_> = sizes
        .iter()
        .filter(|r| (from..to).contains(&r.time))
        .collect();
    let mut times: Vec<u64> = within.iter().map(|r| r.time).collect();
    times.dedup();
    let workers = within.iter().map(|r| r.value).sum::<f64>() / times.len().max(1) as f64;
    let (mut came, mut served, mut held) = (0.0f64, 0.0f64, 0.0);
    for i in view.between(from, to) {
        if view.get(requests::outcome, i) == u64::from(outcome::REJECTED) {
            continue;
        }
        came += 1.0;
        let seconds = view.seconds(requests::latency, i) - view.seconds(requests::queue_wait, i);
        let shed = view.get(requests::outcome, i) == u64::from(outcome::SHED);
        if seconds > HELD && !shed {
            served += 1.0;
            held += f64::from(seconds);
        }
    }
    (workers > 0.0 && served >= LEAST)
        .then(|| came * held / served / (workers * (to - from) as f64 * 1e-9))
}
