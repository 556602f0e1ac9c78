//! Readings of gauges: `name` is the mean of all readings of all replicas, `name.max` the largest. A gauge that there
//! is one of for each dependency, such as `pool.in_use.llm`, is part of `pool.in_use`; alone it is
//! `pool.in_use{gauge="pool.in_use.llm"}`.

use super::{
    Indicator, Unit,
    Worse::{self, Higher, Lower},
};
use crate::indicators::measure::{GaugeStat, Measure};

macro_rules! gauges {
    ($unit:ident: $($name:literal, $worse:ident, $doc:literal;)+) => {
        &[$(
            reading($name, Unit::$unit, $worse, Measure::Gauge($name, GaugeStat::Mean), concat!("mean ", $doc)),
            reading(concat!($name, ".max"), Unit::$unit, $worse, Measure::Gauge($name, GaugeStat::Max), concat!("most ", $doc)),
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

/// Readings that are times, in ns.
pub(super) const TIMES: &[Indicator] = gauges! {
    Nanos:
    "queue.class_age", Higher, "wait, so far, of the first in the line of a class";
    "cpu.spent", Higher, "CPU spent by a replica between two readings, by stage, site and part of the work";
    "runtime.paused", Higher, "time that a process stood still between two readings, as its runtime says";
    "queue.started_age", Higher, "wait of those that workers began with between two readings, gone or not";
    "cleanup.time", Higher, "time from a client's leaving until all that was done for it had ended, in the mean of those ended between two readings";
    "cleanup.longest", Higher, "longest time from a client's leaving until all that was done for it had ended, of those ended between two readings";
    "latency.sliding_max", Higher, "latency over the last while, as a dashboard shows it";
};

pub(super) const INDICATORS: &[Indicator] = gauges! { Count:
    "queue.depth", Higher, "requests waiting for a worker";
    "workers.busy", Higher, "workers at work";
    "workers.own", Lower, "workers that a class has of its own";
    "workers.own_busy", Higher, "workers at work of those that a class has of its own";
    "workers.kept_idle", Higher, "workers who idle though somebody waits whom they could serve, where queue.prefetch is said";
    "workers.size", Lower, "workers there are";
    "pool.in_use", Higher, "connections in use";
    "pool.waiting", Higher, "requests waiting for a connection";
    "pool.size", Lower, "connections there may be";
    "cache.entries", Higher, "entries in the cache";
    "cache.capacity", Lower, "entries that the cache may hold";
    "cache.bytes", Higher, "bytes in the cache";
    "cache.evictions", Higher, "entries that had to make room, so far";
    "cache.evicted_early", Higher, "entries that had to make room in their shard while others had room, so far";
    "cache.stampede", Higher, "misses of answers that another request was sent for before, so far";
    "cache.refreshes", Higher, "requests sent to renew an answer that others were still served, so far";
    "cache.tenants", Higher, "tenants with an entry in the cache";
    "cache.fairness", Lower, "Jain's index of the tenants' hit rates: 1 when all are alike, 1/n when one of n has all hits";
    "cache.unfair_evictions", Higher, "entries that left for another tenant's sake while their own held no more than an even part of the room, so far";
    "cache.over_budget", Higher, "writes above the budget of their tenant, so far";
    "requests.in_flight", Higher, "requests in a replica";
    "replicas.up", Lower, "replicas in service";
    "replicas.in_service", Lower, "replicas that the load balancer sends requests to, where it probes them";
    "replicas.wanted", Higher, "replicas that the autoscaler wants";
    "replicas.starting", Higher, "replicas that are starting up";
    "replicas.reading", Higher, "replicas that wait for what they read before they serve";
    "replicas.failed_starts", Higher, "starts that gave up on what they read, so far";
    "region.up", Lower, "replicas of a region in service, such as region.up.eu";
    "region.starting", Higher, "replicas of a region that are starting up, such as region.starting.eu";
    "limiter.keys", Higher, "keys that the limiter remembers";
    "limiter.rate", Lower, "requests a second that the limiter grants a key";
    "limiter.rejects", Higher, "requests that a level of the limiter refused, so far";
    "limiter.fallback", Higher, "decisions of a replica without its limiter's store, so far";
    "queue.class_depth", Higher, "requests of a class waiting for a worker";
    "queue.reserved", Higher, "requests that workers have taken in advance and do not run, where queue.prefetch is said";
    "queue.dead_letters", Higher, "requests that a queue has set aside, so far";
    "retry.error", Higher, "retries of calls that failed, so far";
    "retry.timeout", Higher, "retries of calls that timed out, so far";
    "retry.throttled", Higher, "retries of calls that were throttled, so far";
    "retry.refused", Higher, "retries of calls that a breaker refused, so far";
    "retry.permanent", Higher, "retries of calls that fail each time, so far";
    "retry.programmer", Higher, "retries of calls that were wrong, so far";
    "retry.denied", Higher, "retries that a budget denied, so far";
    "flight.entries", Higher, "keys of single-flight that are, or seem, under way";
    "flight.late", Higher, "flights, so far, whose leader still worked when its lease had ended";
    "write.tries", Higher, "looks into the ledger by who wants to write, so far";
    "write.found", Higher, "looks that found a record, so far";
    "write.intents", Higher, "intents that were to be written, so far";
    "write.keys", Higher, "idempotency keys of these intents, so far";
    "write.repeats", Higher, "writes beyond the first of their intent in the dependency's books, since gauges were last read";
    "write.shared_keys", Higher, "intents whose idempotency key had stood for another intent, since gauges were last read";
    "write.keys_per_intent", Higher, "idempotency keys an intent, since gauges were last read";
    "write.redelivered", Higher, "copies that a queue handed out besides the first of each job or request, since gauges were last read";
    "write.waiting", Higher, "jobs that were taken and are not written yet";
    "write.unpublished", Higher, "writes without a second step half a minute after they were done, found since gauges were last read";
    "write.published_twice", Higher, "second steps beyond the first of their write, since gauges were last read";
    "write.outbox", Higher, "second steps that a ledger has stored and nobody has acknowledged";
    "breaker.open", Higher, "breakers that refuse calls";
    "calls.running", Higher, "calls of fan-outs under way";
    "calls.orphans", Higher, "calls of fan-outs whose request has ended";
    "orphan.tasks", Higher, "requests and calls that go on for clients that have left";
    "orphan.intended", Higher, "calls that go on though their client has left, and are meant to";
    "orphan.seconds", Higher, "seconds of work for clients that had left, between two readings";
    "work.seconds", Higher, "seconds of work, of workers and at dependencies, between two readings";
    "intended.seconds", Higher, "seconds of work for clients that had left and that was meant to be done, between two readings";
    "intended.killed", Higher, "calls between two readings that were meant to be made though their client had left, and were not";
    "disconnects.edge", Higher, "clients that left between two readings, as the edge sees it";
    "disconnects.handler", Higher, "clients that left between two readings, as handlers were told";
    "cancels.sent", Higher, "cancellations between two readings that were sent to calls under way";
    "cancels.received", Higher, "cancellations between two readings that the code of a call received";
    "cancels.honoured", Higher, "cancellations between two readings that ended their call";
    "queue.expired_dropped", Higher, "requests between two readings that were dropped when their turn came, since nobody waited for them any more";
    "queue.expired_served", Higher, "requests between two readings that a worker began with when nobody waited for them any more";
    "registry.entries", Higher, "requests that a replica believes to be under way";
    "engine.batch", Higher, "sequences in the batches of an engine dependency";
    "engine.waiting", Higher, "sequences waiting for a batch";
    "engine.kv_blocks.used", Higher, "KV blocks that sequences hold";
    "engine.kv_blocks.cached", Lower, "KV blocks of prefixes that nobody holds";
    "engine.kv_blocks.evicted", Higher, "KV blocks of prefixes that had to make room, so far";
    "engine.preemptions", Higher, "sequences that had to give their KV blocks back, so far";
    "parse.unknown_fields", Higher, "fields that a version of clients sent and the parser did not know, so far";
    "parse.missing_fields", Higher, "fields that a version of clients did not send, so far";
    "trending.entries", Higher, "counts and places in heaps that a trending list holds";
    "trending.bound", Higher, "events that a listed count may be wrong by, as the list itself says";
    "connections.idle", Lower, "connections of a replica that lie idle";
    "connections.opened", Higher, "connections that a replica opened between two readings";
    "cpu.used", Higher, "cores that a replica kept busy between two readings";
    "cpu.queue", Higher, "requests of a replica that wait for a core, or for the interpreter";
    "memory.live", Higher, "live bytes";
};

const fn share(
    name: &'static str,
    worse: Worse,
    of: &'static str,
    over: &'static str,
    doc: &'static str,
) -> Indicator {
    reading(
        name,
        Unit::Fraction,
        worse,
        Measure::GaugeShare(of, over),
        doc,
    )
}

/// Readings over readings.
pub(super) const RATIOS: &[Indicator] = &[
    share(
        "orphan.share",
        Higher,
        "orphan.seconds",
        "work.seconds",
        "share of all work that was for clients that had left",
    ),
    share(
        "workers.idle_share",
        Higher,
        "workers.kept_idle",
        "workers.size",
        "share of the workers who idle though somebody waits whom they could serve",
    ),
    share(
        "disconnects.heard",
        Lower,
        "disconnects.handler",
        "disconnects.edge",
        "share of the clients that left whose handler was told",
    ),
    share(
        "cancels.received_rate",
        Lower,
        "cancels.received",
        "cancels.sent",
        "share of cancellations that the code of the call received",
    ),
    share(
        "cancels.honour_rate",
        Lower,
        "cancels.honoured",
        "cancels.sent",
        "share of cancellations that ended their call",
    ),
];
/// Exponents.
pub(super) const POWERS: &[Indicator] = gauges! { Ratio:
    "cpu.slope", Higher, "power by which CPU of a request grows with the bytes worked on: 1 is linear, 2 quadratic";
    "cpu.site_slope", Higher, "power by which CPU of a site grows with the size of its jobs, such as cpu.site_slope.relay";
};

/// Those that are shares.
pub(super) const SHARES: &[Indicator] = gauges! { Fraction:
    "items.field_stored", Lower, "share stored of the items that carry a field, such as items.field_stored.due; those without any are items.field_stored.plain";
    "cpu.busy", Higher, "share of a replica's cores that were held between two readings";
    "cpu.throttled", Higher, "share of accounting periods, between two readings, in which a replica had no CPU left and stood still";
    "trending.coverage", Lower, "share of requests that are for what stands on the trending list";
    "trending.sure", Lower, "share of a trending list that its own bounds prove to belong there";
    "trending.wrong", Higher, "share of what is asked for most that a trending list lacks, or has others in place of";
    "trending.overcount", Higher, "events that listed counts are too high by, as a share of the true ones";
    "trending.false_bounds", Higher, "share of a trending list whose true count lies outside of what is said of it";
    "merge.displaced", Higher, "share of the best documents found that a merged page lacks";
    "merge.duplicates", Higher, "share of a merged page that stands there already";
    "merge.unstable", Higher, "share of merged pages that depend on who answered first";
    "merge.contribution", Higher, "share of merged pages by one source";
};
