//! Whom a queue serves: turns that pass over somebody who has waited long, lines that stand, workers who idle meanwhile.

use crate::{
    diagnosis::view::{Reading, Thing, View},
    recording::requests,
};
use std::collections::BTreeMap;

/// Beginnings of work; bad is one while somebody of another class has waited long, and several times as long.
pub fn passed_over(view: &View) -> Vec<Thing> {
    let turns = &view.turns;
    if turns.classes.len() < 2 {
        return vec![];
    }
    let long = turns.long();
    turns
        .began
        .iter()
        .map(|b| Thing {
            time: b.time,
            bad: b.other > long && b.other > 4.0 * b.waited,
        })
        .collect()
}

/// Requests of the class that goes before others, by its turns in the first third of the recording; bad is one that waits for
/// twice the time that a worker is busy with one.
pub fn urgent_waits(view: &View) -> Vec<Thing> {
    let Some(urgent) = urgent(view) else {
        return vec![];
    };
    let line = (2.0 * view.turns.work) as f32;
    let class = view.turns.classes[urgent];
    view.turns
        .began
        .iter()
        .filter(|b| view.get(requests::class, b.request as usize) == class)
        .map(|b| Thing {
            time: b.time,
            bad: b.waited > line,
        })
        .collect()
}

/// The class that goes before somebody who has waited longer, most often; `None`: first come, first served, as far as can be seen.
pub fn urgent(view: &View) -> Option<usize> {
    let turns = &view.turns;
    if turns.classes.len() < 2 {
        return None;
    }
    let early = turns.between(&(0..view.end / 3));
    let mut before = [[0u32; 2]; crate::diagnosis::turns::CLASSES];
    for turn in early {
        let k = usize::from(turn.chosen);
        let first = turn.oldest().0 != k;
        before[k][usize::from(first)] += 1;
    }
    let (best, n) = before
        .iter()
        .enumerate()
        .max_by_key(|(k, n)| (n[1], usize::MAX - k))?;
    // A tenth of its turns: jitter of a few ms makes no rule.
    (n[1] >= 10 && 10 * n[1] > n[0] + n[1]).then_some(best)
}

/// Readings summed over replicas, by time.
fn summed(readings: &[Reading]) -> BTreeMap<u64, f64> {
    let mut all = BTreeMap::new();
    for r in readings {
        *all.entry(r.time).or_insert(0.0) += r.value;
    }
    all
}

/// Readings of a replica; bad is one where a tenth of its workers idle while somebody waits there, as nobody may who takes what
/// comes next. Nothing where classes have workers of their own: those idle by rights.
pub fn idle_waits(view: &View) -> Vec<Thing> {
    let own = |names: &crate::config::Names| names.iter().any(|n| n.starts_with("workers.own."));
    if view.recording.names.get("gauge").is_none_or(own) {
        return vec![];
    }
    let each = |gauge: &str| -> BTreeMap<(u64, u16), f64> {
        let all = view.readings(gauge);
        all.iter().map(|r| ((r.time, r.replica), r.value)).collect()
    };
    let (size, busy) = (each("workers.size"), each("workers.busy"));
    let (depth, reserved) = (each("queue.depth"), each("queue.reserved"));
    size.iter()
        .filter_map(|(at, size)| {
            let idle = size - busy.get(at)?;
            let waiting = depth.get(at)?.max(*reserved.get(at).unwrap_or(&0.0));
            Some(Thing {
                time: at.0,
                bad: waiting >= 1.0 && idle >= (0.1 * size).max(1.0),
            })
        })
        .collect()
}

/// Requests; bad is a try beyond those that any sound client makes.
pub fn many_tries(view: &View) -> Vec<Thing> {
    if !view.has(requests::tries) && !view.has(requests::attempts) {
        return vec![];
    }
    (0..view.len())
        .map(|i| Thing {
            time: view.arrived[i],
            bad: view
                .get(requests::tries, i)
                .max(view.get(requests::attempts, i))
                > TRIES,
        })
        .collect()
}

/// A first try and three more: what clients of public services are shipped with (AWS SDKs: three in all; gRPC: five at most).
pub const TRIES: u64 = 5;

/// Readings of workers that classes have of their own; bad is one below the most that there were.
pub fn own_workers(view: &View) -> Vec<Thing> {
    let Some(names) = view.recording.names.get("gauge") else {
        return vec![];
    };
    let mut things = vec![];
    for name in names.iter().filter(|n| n.starts_with("workers.own.")) {
        let all = summed(&view.readings(name));
        let usual = all
            .values()
            .take(all.len() / 4 + 1)
            .fold(0.0, |a: f64, b| a.max(*b));
        things.extend(all.iter().map(|(time, n)| Thing {
            time: *time,
            bad: *n < usual,
        }));
    }
    things.sort_by_key(|t| t.time);
    things
}

/// Arrivals; bad is one before which many wait, most of them of one producer who sends less than that as a rule.
pub fn flooded(view: &View) -> Vec<Thing> {
    let Some(flood) = flood(view) else {
        return vec![];
    };
    view.arrived
        .iter()
        .zip(&flood.ahead)
        .map(|(time, (of_it, all))| Thing {
            time: *time,
            bad: flood.is(*of_it, *all),
        })
        .collect()
}

/// Who fills the queue.
pub struct Flood {
    /// The column by which producers are told.
    pub column: usize,
    /// The producer.
    pub producer: u64,
    /// His share of what comes, as a rule.
    pub usual: f64,
    /// Requests of his, and all, that wait at each arrival.
    pub ahead: Vec<(u32, u32)>,
}

impl Flood {
    /// Whether the line is his.
    pub fn is(&self, of_it: u32, all: u32) -> bool {
        let share = f64::from(of_it) / f64::from(all.max(1));
        all >= MANY && share > 0.5 && share > self.usual + 0.25
    }
}

/// Requests that wait from which there is a flood and no fluctuation.
const MANY: u32 = 50;

/// The producer, tenant or class, of whom most wait when most wait; `None` when never many wait.
pub fn flood(view: &View) -> Option<Flood> {
    let mut left: Vec<(u64, u32)> = view
        .turns
        .began
        .iter()
        .filter(|b| b.waited > 0.0)
        .map(|b| (b.time, b.request))
        .collect();
    left.sort_unstable();
    let came = |b: u32| crate::diagnosis::turns::came(view, b as usize);
    let mut joined: Vec<(u64, u32)> = left.iter().map(|(_, r)| (came(*r), *r)).collect();
    joined.sort_unstable();
    let mut best: Option<Flood> = None;
    let mut most = 0;
    for column in [requests::tenant, requests::class] {
        if !view.has(column) {
            continue;
        }
        // Where most wait, and of whom.
        let (mut j, mut l) = (0, 0);
        let mut waiting: BTreeMap<u64, u32> = BTreeMap::new();
        let mut all = 0u32;
        let mut peak: Option<(u32, u64)> = None;
        for &t in &view.arrived {
            while j < joined.len() && joined[j].0 < t {
                *waiting
                    .entry(view.get(column, joined[j].1 as usize))
                    .or_default() += 1;
                all += 1;
                j += 1;
            }
            while l < left.len() && left[l].0 <= t {
                if let Some(n) = waiting.get_mut(&view.get(column, left[l].1 as usize)) {
                    *n = n.saturating_sub(1);
                }
                all = all.saturating_sub(1);
                l += 1;
            }
            if all >= MANY && peak.is_none_or(|p| all > p.0) {
                peak = waiting
                    .iter()
                    .max_by_key(|(who, n)| (**n, u64::MAX - **who))
                    .map(|(who, _)| (all, *who));
            }
        }
        let Some((_, producer)) = peak else { continue };
        let early = view.between(0, view.end / 4);
        let n = early.len().max(1) as f64;
        let usual = early.filter(|&i| view.get(column, i) == producer).count() as f64 / n;
        let mut flood = Flood {
            column,
            producer,
            usual,
            ahead: Vec::with_capacity(view.len()),
        };
        let (mut j, mut l, mut of_it, mut all) = (0, 0, 0u32, 0u32);
        let mut bad = 0;
        for &t in &view.arrived {
            while j < joined.len() && joined[j].0 < t {
                of_it += u32::from(view.get(column, joined[j].1 as usize) == producer);
                all += 1;
                j += 1;
            }
            while l < left.len() && left[l].0 <= t {
                let his = view.get(column, left[l].1 as usize) == producer;
                of_it = of_it.saturating_sub(u32::from(his));
                all = all.saturating_sub(1);
                l += 1;
            }
            bad += usize::from(flood.is(of_it, all));
            flood.ahead.push((of_it, all));
        }
        if best.is_none() || bad > most {
            (best, most) = (Some(flood), bad);
        }
    }
    best
}
