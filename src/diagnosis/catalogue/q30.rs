//! Q30: compound and self-sustaining.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "cold-cache-overload",
        summary: "an emptied cache loads what is behind it beyond its capacity",
        signature: "hit rate falls and cannot come back, load behind it rises more than in proportion",
        look_alikes: &["capacity-cut", "ttl-changed", "no-fill-on-timeout"],
        remedy: "throttle, a cheaper miss, then re-admit slowly",
    },
    Known {
        id: "no-fill-on-timeout",
        summary: "what times out does not fill the cache",
        signature: "misses that time out leave the cache as it was",
        look_alikes: &["cold-cache-overload"],
        remedy: "fill when the answer comes, whoever waits",
    },
    Known {
        id: "latent-bug-by-data",
        summary: "data wakes a bug that was deployed long ago",
        signature: "all versions and regions at once, without a deploy near",
        look_alikes: &["regex-backtracking", "enum-drift"],
        remedy: "switch it off by flag, then mend the data",
    },
    Known {
        id: "restart-herd",
        summary: "all that restart read the same at once",
        signature: "all replicas start at once, and what they read at the start is saturated",
        look_alikes: &["cold-start", "capacity-loss"],
        remedy: "spread the starts; back off with jitter",
    },
    Known {
        id: "shard-loss",
        summary: "some shards of a store are gone",
        signature: "failure by user has two humps, by the hash of the user and no other tag",
        look_alikes: &["partial-results-as-full", "dependency-errors"],
        remedy: "more capacity, slower retries, a local fall-back",
    },
    Known {
        id: "retry-without-backoff",
        summary: "retries come at once and keep the load up",
        signature: "attempts per request up, at once after each failure",
        look_alikes: &["retry-storm", "hidden-retry-layer"],
        remedy: "back off with jitter, and a budget",
    },
    Known {
        id: "retry-storm",
        summary: "retries multiply the load",
        signature: "attempts multiply the arrivals while goodput falls; it stays when the trigger has gone",
        look_alikes: &["load-spike", "retry-without-backoff"],
        remedy: "a budget of retries, a breaker; shed until it drains",
    },
    Known {
        id: "load-spike",
        summary: "more load than capacity, for a while",
        signature: "arrivals above capacity for a while, waits drain after it",
        look_alikes: &["traffic-surge", "capacity-loss"],
        remedy: "capacity, or shed early",
    },
    Known {
        id: "capacity-loss",
        summary: "less capacity than load, for a while",
        signature: "arrivals as before, fewer replicas or workers, waits grow",
        look_alikes: &["load-spike", "prefetch-hoarding"],
        remedy: "bring the capacity back; shed meanwhile",
    },
];
