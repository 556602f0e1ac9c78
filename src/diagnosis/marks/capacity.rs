//! What serves: replicas in service, by their gauge.

use crate::diagnosis::view::{Reading, Thing, View};

/// Gauges of what serves, the most telling first; where an autoscaler decides how many are wanted, fewer is no loss.
const SERVING: [&str; 2] = ["replicas.in_service", "replicas.up"];
const WANTED: &str = "replicas.wanted";
/// Share of the usual number below which capacity is missing: one of seven is more than a roll-out takes out for seconds.
const LESS: f64 = 0.86;

/// Failed starts between two readings that are counted: a broken gauge fills no memory.
const MOST: f64 = 1e4;

/// Readings of how much serves; none where that is not recorded, or decided by an autoscaler.
pub fn readings(view: &View) -> Option<Vec<Reading>> {
    if !view.readings(WANTED).is_empty() {
        return None;
    }
    SERVING
        .into_iter()
        .map(|gauge| view.readings(gauge))
        .find(|readings| !readings.is_empty())
}

/// Readings in order of time; bad is one with less than there usually is.
pub fn less(view: &View) -> Vec<Thing> {
    let readings = readings(view).unwrap_or_default();
    let mut values: Vec<f64> = readings.iter().map(|r| r.value).collect();
    values.sort_by(f64::total_cmp);
    // The better half of the run knows how many there are when all is well.
    let Some(&usual) = values.get(values.len() * 3 / 4) else {
        return vec![];
    };
    readings
        .iter()
        .map(|r| Thing {
            time: r.time,
            bad: r.value < LESS * usual,
        })
        .collect()
}

/// Starts that failed between two readings, at the later one, and each reading as one thing that is fine. The gauge counts up.
pub fn failed_starts(view: &View) -> Vec<Thing> {
    let readings = view.readings("replicas.failed_starts");
    let mut all: Vec<Thing> = vec![];
    let mut so_far = readings.first().map_or(0.0, |r| r.value);
    for r in &readings {
        let failed = (r.value - so_far).clamp(0.0, MOST) as usize;
        so_far = r.value;
        let thing = |bad| Thing { time: r.time, bad };
        all.push(thing(false));
        all.extend(std::iter::repeat_n(thing(true), failed));
    }
    all
}
