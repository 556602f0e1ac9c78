//! Two baselines that know no mechanism: the loudest quantity wins, and stands for the cause that most often moves it.
//!
//! They are here to be beaten, and to be fair to them: each is given the quantities that a dashboard has, in windows of ten
//! seconds, and the name of the commonest cause behind each.

use super::Answer;
use crate::recording::{Recording, cache, outcome, requests};

/// Width of a window, ns.
const WIDTH: u64 = 10_000_000_000;
/// Windows that are "before" for the z-score.
const BEFORE: f64 = 0.25;
/// Standard deviations, three windows in a row, from which it alarms.
const ALARM: f64 = 3.0;
/// Interquartile ranges by which the medians of before and after must differ for the other.
const SHIFT: f64 = 1.5;

/// A quantity by window, and the cause that it stands for.
struct Quantity {
    cause: &'static str,
    values: Vec<f64>,
}

/// z-scores against the first quarter.
pub(super) fn by_z_score(recording: &Recording) -> Answer {
    let all = quantities(recording);
    let windows = all.first().map_or(0, |q| q.values.len());
    let before = (windows as f64 * BEFORE) as usize;
    if before < 5 {
        return Answer::default();
    }
    let z: Vec<Vec<f64>> = all
        .iter()
        .map(|q| {
            let (mean, sd) = moments(&q.values[..before]);
            let of = |x: &f64| (x - mean).abs() / sd.max(1e-3 * mean.abs()).max(1e-9);
            q.values.iter().map(of).collect()
        })
        .collect();
    let onset = (before..windows.saturating_sub(2))
        .find(|&w| z.iter().any(|z| z[w..w + 3].iter().all(|z| *z > ALARM)));
    let Some(onset) = onset else {
        return Answer::default();
    };
    let loud = |z: &Vec<f64>| z[onset..].iter().fold(0.0, |a: f64, b| a.max(*b));
    ranked(&all, z.iter().map(loud).collect(), onset)
}

/// The best single change-point of all quantities together, and distances from the median in interquartile ranges.
pub(super) fn in_the_manner_of_baro(recording: &Recording) -> Answer {
    let all = quantities(recording);
    let windows = all.first().map_or(0, |q| q.values.len());
    if windows < 20 {
        return Answer::default();
    }
    let scaled: Vec<Vec<f64>> = all
        .iter()
        .map(|q| {
            let (median, range) = robust(&q.values);
            q.values.iter().map(|x| (x - median) / range).collect()
        })
        .collect();
    let gain = |at: usize| -> f64 {
        scaled
            .iter()
            .map(|v| {
                let (a, b) = (moments(&v[..at]).0, moments(&v[at..]).0);
                (a - b) * (a - b) * (at * (windows - at)) as f64 / windows as f64
            })
            .sum()
    };
    let onset = (5..windows - 5).max_by(|&a, &b| gain(a).total_cmp(&gain(b)).then(b.cmp(&a)));
    let Some(onset) = onset else {
        return Answer::default();
    };
    let loud: Vec<f64> = all
        .iter()
        .map(|q| {
            let (median, range) = robust(&q.values[..onset]);
            let of = |x: &f64| (x - median).abs() / range;
            q.values[onset..].iter().map(of).fold(0.0, f64::max)
        })
        .collect();
    let shifted = all.iter().any(|q| {
        let ((a, range), (b, _)) = (robust(&q.values[..onset]), robust(&q.values[onset..]));
        (a - b).abs() / range > SHIFT
    });
    if shifted {
        ranked(&all, loud, onset)
    } else {
        Answer::default()
    }
}

fn ranked(all: &[Quantity], loud: Vec<f64>, onset: usize) -> Answer {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|&a, &b| loud[b].total_cmp(&loud[a]).then(a.cmp(&b)));
    let total: f64 = loud.iter().sum::<f64>().max(1e-9);
    let mut causes: Vec<(String, f64)> = vec![];
    for i in order {
        if !causes.iter().any(|(c, _)| c == all[i].cause) {
            causes.push((all[i].cause.into(), loud[i] / total));
        }
    }
    causes.truncate(5);
    Answer {
        seen: true,
        causes,
        tied: 0,
        second: vec![],
        onset: Some(onset as u64 * WIDTH),
    }
}

fn moments(v: &[f64]) -> (f64, f64) {
    let n = v.len().max(1) as f64;
    let mean = v.iter().sum::<f64>() / n;
    let variance = v.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// Median and interquartile range, the latter not nothing.
fn robust(v: &[f64]) -> (f64, f64) {
    let mut sorted = v.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |q: f64| {
        sorted
            .get((sorted.len() as f64 * q) as usize)
            .copied()
            .unwrap_or(0.0)
    };
    let median = at(0.5);
    (
        median,
        (at(0.75) - at(0.25)).max(1e-3 * median.abs()).max(1e-9),
    )
}

/// What a dashboard shows.
fn quantities(recording: &Recording) -> Vec<Quantity> {
    let table = &recording.requests;
    let windows = (recording.span / WIDTH) as usize;
    let mut by: Vec<Vec<usize>> = vec![vec![]; windows];
    for row in 0..table.len() {
        let w = (table.value(requests::arrived, row) / WIDTH) as usize;
        if let Some(rows) = by.get_mut(w)
            && table.value(requests::background, row) == 0
        {
            rows.push(row);
        }
    }
    let mean = |column: usize| -> Vec<f64> {
        let of = |rows: &Vec<usize>| {
            rows.iter()
                .map(|&r| table.value(column, r) as f64)
                .sum::<f64>()
                / rows.len().max(1) as f64
        };
        by.iter().map(of).collect()
    };
    let share = |column: usize, word: u8| -> Vec<f64> {
        let of = |rows: &Vec<usize>| {
            let k = rows
                .iter()
                .filter(|&&r| table.value(column, r) == u64::from(word))
                .count();
            k as f64 / rows.len().max(1) as f64
        };
        by.iter().map(of).collect()
    };
    let arrivals: Vec<f64> = by.iter().map(|rows| rows.len() as f64).collect();
    let mut all = vec![
        Quantity {
            cause: "dependency-slow",
            values: mean(requests::call),
        },
        Quantity {
            cause: "retries-in-tail",
            values: mean(requests::attempts),
        },
        Quantity {
            cause: "traffic-surge",
            values: arrivals,
        },
        Quantity {
            cause: "hot-tenant-queue",
            values: mean(requests::queue_wait),
        },
        Quantity {
            cause: "pool-too-small",
            values: mean(requests::pool_wait),
        },
        Quantity {
            cause: "regex-backtracking",
            values: mean(requests::compute),
        },
        Quantity {
            cause: "request-size-grown",
            values: mean(requests::bytes),
        },
        Quantity {
            cause: "key-field-added",
            values: share(requests::cache, cache::MISS),
        },
        Quantity {
            cause: "dependency-errors",
            values: share(requests::outcome, outcome::ERROR),
        },
        Quantity {
            cause: "missing-field",
            values: share(requests::outcome, outcome::PARSE_ERROR),
        },
        Quantity {
            cause: "limiter-key-too-broad",
            values: share(requests::outcome, outcome::REJECTED),
        },
        Quantity {
            cause: "capacity-loss",
            values: share(requests::outcome, outcome::SHED),
        },
        Quantity {
            cause: "retry-storm",
            values: share(requests::outcome, outcome::TIMEOUT),
        },
        Quantity {
            cause: "tool-failure-swallowed",
            values: mean(requests::steps_failed),
        },
        Quantity {
            cause: "silent-fallback",
            values: share(requests::served_by, 4),
        },
        Quantity {
            cause: "detached-task",
            values: mean(requests::disconnected),
        },
    ];
    all.retain(|q| q.values.iter().any(|v| *v != 0.0));
    all
}
