//! Readings of gauges: `name` is the mean of all readings of all replicas, `name.max` the largest.

use super::{
    Indicator, Unit,
    Worse::{self, Higher, Lower},
};
use crate::indicators::measure::{GaugeStat, Measure};

macro_rules! gauges {
    ($($name:literal, $worse:ident, $doc:literal;)+) => {
        &[$(
            reading($name, $worse, Measure::Gauge($name, GaugeStat::Mean), concat!("mean ", $doc)),
            reading(concat!($name, ".max"), $worse, Measure::Gauge($name, GaugeStat::Max), concat!("most ", $doc)),
        )+]
    };
}

const fn reading(
    name: &'static str,
    worse: Worse,
    measure: Measure,
    doc: &'static str,
) -> Indicator {
    Indicator {
        name,
        unit: Unit::Count,
        worse,
        doc,
        measure,
    }
}

pub(super) const INDICATORS: &[Indicator] = gauges! {
    "queue.depth", Higher, "requests waiting for a worker";
    "workers.busy", Higher, "workers at work";
    "workers", Lower, "workers there are";
    "pool.in_use", Higher, "connections in use";
    "pool.waiting", Higher, "requests waiting for a connection";
    "pool.size", Lower, "connections there may be";
    "cache.entries", Higher, "entries in the cache";
    "flights", Higher, "keys under way";
    "replicas", Lower, "replicas in service";
    "in_flight", Higher, "requests in the service";
    "connections", Higher, "open connections";
    "limiter.keys", Higher, "keys that the limiter remembers";
    "memory.live", Higher, "live bytes";
};
