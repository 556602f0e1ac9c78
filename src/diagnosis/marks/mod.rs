//! Things that are neither a request, a call nor a look-up, or that are marked by more than their own row: readings of gauges,
//! jobs, operations. One file a kind of thing; a line in [`MARKS`] makes a series of it, which alarms and has an onset like
//! any other (its name, unit and thresholds: `series`, `threshold`).

pub mod capacity;
pub mod cpu;
pub mod held;
pub mod leavers;
pub mod prefix;
pub mod queue;
pub mod stood;
pub mod written;

use super::{
    series::What,
    view::{Thing, View},
};
use std::collections::BTreeMap;

/// The things of one quantity, in order of time; none when the recording cannot tell.
type Of = fn(&View) -> Vec<Thing>;

/// What is marked, and by whom.
const MARKS: &[(What, Of)] = &[
    (What::PrefixMisses, prefix::of),
    (What::CapacityLess, capacity::less),
    (What::CpuMore, cpu::more),
    (What::CpuFar, cpu::far),
    (What::Orphans, leavers::orphans),
    (What::RecordsKilled, leavers::killed),
    (What::Held, held::held),
    (What::Listed, held::listed),
    (What::PoolSmaller, held::smaller),
    (What::Repeats, written::repeats),
    (What::SharedKeys, written::shared),
    (What::Unpublished, written::unpublished),
    (What::Throttled, stood::throttled),
    (What::Paused, stood::paused),
    (What::Behind, stood::behind),
    (What::PassedOver, queue::passed_over),
    (What::UrgentWaits, queue::urgent_waits),
    (What::IdleWaits, queue::idle_waits),
    (What::ManyTries, queue::many_tries),
    (What::WorkersGone, queue::own_workers),
    (What::StartsFailed, capacity::failed_starts),
    (What::Flooded, queue::flooded),
];

/// Whether a quantity is marked here.
pub fn covers(what: What) -> bool {
    MARKS.iter().any(|(of, _)| *of == what)
}

/// All things that the recording has.
pub fn all(view: &View) -> BTreeMap<What, Vec<Thing>> {
    MARKS
        .iter()
        .map(|(what, of)| (*what, of(view)))
        .filter(|(_, things)| !things.is_empty())
        .collect()
}
