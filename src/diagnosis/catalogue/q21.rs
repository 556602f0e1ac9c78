//! Q21: the tail rises, the median stays.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "slow-minority-dependency",
        summary: "a dependency is slow for a minority of calls",
        signature: "the tail of calls up, the median of calls and all other stages as before",
        look_alikes: &["retries-in-tail", "runtime-pause", "pool-too-small"],
        remedy: "the dependency's own; a hedge or a shorter time-out for the slow share",
    },
    Known {
        id: "new-connection-penalty",
        summary: "every new connection costs a fixed time, and connections are not kept",
        signature: "connection time up on the calls that open one, all others as fast as before; connections opened per second up",
        look_alikes: &["dependency-slow", "slow-minority-dependency"],
        remedy: "keep connections alive, and more of them idle",
    },
    Known {
        id: "hot-tenant-queue",
        summary: "a tenant's requests fill the queue that all wait in",
        signature: "queue wait up for all, arrivals of one tenant up, calls as fast as before",
        look_alikes: &["hot-tenant", "traffic-surge"],
        remedy: "fair queuing by tenant, or a limit for each",
    },
    Known {
        id: "cold-start",
        summary: "new replicas take requests before they are warm",
        signature: "slow answers of replicas that are young, a scaling event or restart before each",
        look_alikes: &["autoscaler-lag", "runtime-pause"],
        remedy: "warm before taking traffic; a pool of warm replicas",
    },
    Known {
        id: "autoscaler-lag",
        summary: "replicas come later than the load",
        signature: "queue wait rises with the load and falls when replicas come; wanted replicas above those that are up",
        look_alikes: &["cold-start", "traffic-surge"],
        remedy: "a shorter interval, a lower target, a warm pool",
    },
    Known {
        id: "pool-too-small",
        summary: "fewer connections than requests that are let in at once",
        signature: "wait for a connection up in duration, calls as fast as before, two humps at one and two service times",
        look_alikes: &["slow-minority-dependency", "pool-leak"],
        remedy: "a pool as large as what is let in at once",
    },
    Known {
        id: "pool-leak",
        summary: "connections are not given back",
        signature: "connections in use climb in a straight line at constant traffic and the wait follows; a restart cures",
        look_alikes: &["pool-too-small", "slot-leak-on-cancel"],
        remedy: "give connections back on every path",
    },
    Known {
        id: "retries-in-tail",
        summary: "failures are retried, and the tail is made of second attempts",
        signature: "attempts per request up, and the tail is of requests with more than one",
        look_alikes: &["slow-minority-dependency", "dependency-errors"],
        remedy: "cure the failures; backoff below the deadline, a budget",
    },
    Known {
        id: "request-size-grown",
        summary: "requests ask for more",
        signature: "sizes up, and time per unit of size as before",
        look_alikes: &["traffic-mix-shift", "size-shift-blocks-others"],
        remedy: "capacity for the sizes; a bound on them",
    },
    Known {
        id: "size-shift-blocks-others",
        summary: "large requests hold up the small ones beside them",
        signature: "share of large requests up first, then the time between tokens of small ones, whatever their own size",
        look_alikes: &["dependency-slow", "hot-tenant"],
        remedy: "smaller chunks, or a lane of their own for large requests",
    },
    Known {
        id: "cpu-quota-throttling",
        summary: "the CPU quota of a period is spent by a burst, and the process stands still",
        signature: "compute in steps up to the period, in bursts; throttled periods up first, average CPU low",
        look_alikes: &["runtime-pause", "lock-contention"],
        remedy: "lift the quota, or fewer threads than it has cores",
    },
    Known {
        id: "runtime-pause",
        summary: "the runtime stops the process now and then",
        signature: "all that is under way on one replica ends late at the same instant, at even intervals and whatever the load",
        look_alikes: &["cpu-quota-throttling", "hot-tenant-queue"],
        remedy: "a smaller or frozen live heap; a concurrent collector",
    },
    Known {
        id: "lock-contention",
        summary: "requests wait for one another's lock",
        signature: "compute up with concurrency, throughput down, CPU not used up",
        look_alikes: &["cpu-quota-throttling", "global-lock"],
        remedy: "hold the lock for less, or split it",
    },
];
