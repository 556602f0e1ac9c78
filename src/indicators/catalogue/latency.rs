//! Where time goes. See [`Stage`] for which requests count.

use super::{Indicator, Unit, Worse::Higher};
use crate::indicators::{counts::Stage, measure::Measure};

macro_rules! stages {
    ($($name:literal, $stage:ident, $doc:literal;)+) => {
        &[$(
            time(concat!($name, ".p50"), Measure::Quantile(Stage::$stage, 0.5), concat!("median of ", $doc)),
            time(concat!($name, ".p95"), Measure::Quantile(Stage::$stage, 0.95), concat!("95th percentile of ", $doc)),
            time(concat!($name, ".p99"), Measure::Quantile(Stage::$stage, 0.99), concat!("99th percentile of ", $doc)),
            time(concat!($name, ".p999"), Measure::Quantile(Stage::$stage, 0.999), concat!("99.9th percentile of ", $doc)),
            time(concat!($name, ".max"), Measure::Max(Stage::$stage), concat!("longest ", $doc)),
            time(concat!($name, ".mean"), Measure::Mean(Stage::$stage), concat!("mean of ", $doc)),
        )+]
    };
}

const fn time(name: &'static str, measure: Measure, doc: &'static str) -> Indicator {
    Indicator {
        name,
        unit: Unit::Nanos,
        worse: Higher,
        doc,
        measure,
    }
}

pub(super) const INDICATORS: &[Indicator] = stages! {
    "latency", Latency, "time from a client's sending to its answer (or to its leaving)";
    "latency.service", Service, "latency less the wait for a worker";
    "queue.wait", QueueWait, "wait for a worker";
    "flight.wait", FlightWait, "wait for another request with the same key";
    "pool.wait", PoolWait, "wait for a connection to a dependency, all attempts together";
    "backoff", Backoff, "wait between attempts";
    "compute", Compute, "work in the service itself";
    "call", Call, "time in dependencies, all attempts together";
    "call.time", CallTime, "time of one attempt at a dependency";
    "hit_age", HitAge, "age of a cache entry at a hit";
    "ttft", Ttft, "time from a client's sending to the first token of its answer";
    "cpu.per_request", Cpu, "CPU that a request took, without waits, where work is counted";
    "cpu.wait", CoreWait, "wait for a core";
    "lock.wait", LockWait, "wait for a lock that is held while computing, such as an interpreter's";
    "itl", Itl, "time between two tokens of an answer";
};
