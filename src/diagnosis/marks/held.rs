//! What is held by nobody: connections of a pool, entries of a registry, and pools that have become smaller.

use crate::{
    diagnosis::view::{Reading, Thing, View},
    recording::{attempts, result},
};
use std::collections::BTreeMap;

/// Readings of the first part of the run say what is usual: no onset is looked for there.
pub const USUAL: f64 = 0.2;

/// One pool or registry of one replica: its readings, less what is known to be in use.
pub struct Line {
    /// Whose.
    pub replica: u16,
    /// The dependency, where it is a pool.
    pub dependency: u16,
    /// In order of time.
    pub readings: Vec<Reading>,
}

fn by_replica(readings: Vec<Reading>) -> BTreeMap<u16, Vec<Reading>> {
    let mut all: BTreeMap<u16, Vec<Reading>> = BTreeMap::new();
    for reading in readings {
        all.entry(reading.replica).or_default().push(reading);
    }
    all
}

fn number(view: &View, dictionary: &str, name: &str) -> Option<u16> {
    let of = view.recording.names.get(dictionary)?;
    u16::try_from(of.find(name)?).ok()
}

/// Connections in use beyond the calls under way, of each pool.
pub fn pools(view: &View) -> Vec<Line> {
    let calls = &view.recording.attempts;
    let mut lines = vec![];
    for name in view.gauges("pool.in_use.") {
        let Some(dependency) = number(view, "dependency", &name) else {
            continue;
        };
        // When calls began and ended, by replica.
        let mut times: BTreeMap<u16, (Vec<u64>, Vec<u64>)> = BTreeMap::new();
        for row in 0..calls.len() {
            let refused = calls.value(attempts::result, row) == u64::from(result::REFUSED);
            if calls.value(attempts::dependency, row) != u64::from(dependency) || refused {
                continue;
            }
            let started = calls.value(attempts::started, row);
            let of = times
                .entry(calls.value(attempts::replica, row) as u16)
                .or_default();
            of.0.push(started);
            of.1.push(started.saturating_add(calls.value(attempts::time, row)));
        }
        for (starts, ends) in times.values_mut() {
            starts.sort_unstable();
            ends.sort_unstable();
        }
        for (replica, mut readings) in by_replica(view.readings(&format!("pool.in_use.{name}"))) {
            if let Some((starts, ends)) = times.get(&replica) {
                for reading in &mut readings {
                    let (begun, ended) = (
                        starts.partition_point(|&t| t <= reading.time),
                        ends.partition_point(|&t| t < reading.time),
                    );
                    reading.value -= begun.saturating_sub(ended) as f64;
                }
                lines.push(Line {
                    replica,
                    dependency,
                    readings,
                });
            }
        }
    }
    lines
}

/// Entries of registries beyond the requests under way.
pub fn registries(view: &View) -> Vec<Line> {
    let in_flight = by_replica(view.readings("requests.in_flight"));
    by_replica(view.readings("registry.entries"))
        .into_iter()
        .filter_map(|(replica, mut readings)| {
            let under_way = in_flight.get(&replica)?;
            for reading in &mut readings {
                let at = under_way.partition_point(|r| r.time < reading.time);
                reading.value -= under_way.get(at)?.value;
            }
            Some(Line {
                replica,
                dependency: 0,
                readings,
            })
        })
        .collect()
}

/// Sizes of pools.
pub fn sizes(view: &View) -> Vec<Line> {
    let mut lines = vec![];
    for name in view.gauges("pool.size.") {
        let dependency = number(view, "dependency", &name).unwrap_or(0);
        for (replica, readings) in by_replica(view.readings(&format!("pool.size.{name}"))) {
            lines.push(Line {
                replica,
                dependency,
                readings,
            });
        }
    }
    lines
}

fn things(view: &View, lines: Vec<Line>, bad: impl Fn(f64, &[f64]) -> bool) -> Vec<Thing> {
    let early = (view.end as f64 * USUAL) as u64;
    let mut all = vec![];
    for line in lines {
        let first = line.readings.iter().take_while(|r| r.time <= early);
        let usual: Vec<f64> = first.map(|r| r.value).collect();
        if usual.is_empty() {
            continue;
        }
        all.extend(line.readings.iter().map(|r| Thing {
            time: r.time,
            bad: bad(r.value, &usual),
        }));
    }
    all.sort_by_key(|t| t.time);
    all
}

fn most(of: &[f64]) -> f64 {
    of.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// Readings of pools; bad is one with connections that no call uses.
pub fn held(view: &View) -> Vec<Thing> {
    // A call that ends in the instant of a reading is one; two are a leak.
    things(view, pools(view), |value, usual| value > most(usual) + 1.5)
}

/// Readings of registries; bad is one with entries of requests that are over.
pub fn listed(view: &View) -> Vec<Thing> {
    things(view, registries(view), |value, usual| {
        value > most(usual) + 2.5
    })
}

/// Readings of the size of pools; bad is one below what it was.
pub fn smaller(view: &View) -> Vec<Thing> {
    let least = |of: &[f64]| of.iter().copied().fold(f64::INFINITY, f64::min);
    things(view, sizes(view), |value, usual| value < least(usual) - 0.5)
}

/// Readings of how many replicas a load balancer sends requests to; bad is one with fewer than there were.
pub fn out_of_service(view: &View) -> Vec<Thing> {
    let least = |of: &[f64]| of.iter().copied().fold(f64::INFINITY, f64::min);
    let readings = view.readings("replicas.in_service");
    let lines = by_replica(readings).into_iter();
    let lines = lines.map(|(replica, readings)| Line {
        replica,
        dependency: 0,
        readings,
    });
    things(view, lines.collect(), |value, usual| {
        value < least(usual) - 0.5
    })
}
