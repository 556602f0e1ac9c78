//! Readings of gauges: `name` is the mean of all readings of all replicas, `name.max` the largest. A gauge that there
//! is one of for each dependency, such as `pool.in_use.llm`, is part of `pool.in_use`; alone it is
//! `pool.in_use{gauge="pool.in_use.llm"}`.

use super::{
    Indicator,
    Unit::{self, Count, Nanos},
    Worse::{self, Higher, Lower},
};
use crate::indicators::measure::{GaugeStat, Measure};

macro_rules! gauges {
    ($($name:literal, $unit:ident, $worse:ident, $doc:literal;)+) => {
        &[$(
            reading($name, $unit, $worse, Measure::Gauge($name, GaugeStat::Mean), concat!("mean ", $doc)),
            reading(concat!($name, ".max"), $unit, $worse, Measure::Gauge($name, GaugeStat::Max), concat!("most ", $doc)),
        )+]
    };
}

const fn reading(
    name: &'static str,
    unit: Unit,
    worse: Worse,
    measure: Measure,
    doc: &'static str,
) -> Indicator {
    Indicator {
        name,
        unit,
        worse,
        doc,
        measure,
    }
}

pub(super) const INDICATORS: &[Indicator] = gauges! {
    "queue.depth", Count, Higher, "requests waiting for a worker";
    "workers.busy", Count, Higher, "workers at work";
    "workers.size", Count, Lower, "workers there are";
    "pool.in_use", Count, Higher, "connections in use";
    "pool.waiting", Count, Higher, "requests waiting for a connection";
    "pool.size", Count, Lower, "connections there may be";
    "cache.entries", Count, Higher, "entries in the cache";
    "cache.capacity", Count, Lower, "entries that the cache may hold";
    "cache.bytes", Count, Higher, "bytes in the cache";
    "requests.in_flight", Count, Higher, "requests in a replica";
    "replicas.up", Count, Lower, "replicas in service";
    "limiter.keys", Count, Higher, "keys that the limiter remembers";
    "limiter.rate", Count, Lower, "requests a second that the limiter grants a key";
    "queue.class_depth", Count, Higher, "requests of a class waiting for a worker";
    "breaker.open", Count, Higher, "breakers that refuse calls";
    "calls.running", Count, Higher, "calls of fan-outs under way";
    "calls.orphans", Count, Higher, "calls of fan-outs whose request has ended";
    "engine.batch", Count, Higher, "sequences in the batches of an engine dependency";
    "engine.waiting", Count, Higher, "sequences waiting for a batch";
    "engine.kv_blocks.used", Count, Higher, "KV blocks that sequences hold";
    "engine.kv_blocks.cached", Count, Lower, "KV blocks of prefixes that nobody holds";
    "engine.kv_blocks.evicted", Count, Higher, "KV blocks of prefixes that had to make room, so far";
    "engine.preemptions", Count, Higher, "sequences that had to give their KV blocks back, so far";
    "memory.live", Count, Higher, "live bytes";
    "latency.sliding_max", Nanos, Higher, "latency over the last while, as a dashboard shows it";
};
