//! Q23: the limiter refuses good traffic.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "limiter-key-too-broad",
        summary: "many share one key of the limiter",
        signature: "few keys of the limiter, refusals follow the total rate, tenants below their quota refused as much as those above",
        look_alikes: &["stacked-limits", "refill-lost"],
        remedy: "a key of those who are meant: the trusted hop, or the tenant",
    },
    Known {
        id: "refill-lost",
        summary: "fractions of tokens are thrown away at each call",
        signature: "the more often a tenant calls the less of its rate it gets; slow callers are well",
        look_alikes: &["refill-too-slow", "burst-capacity-too-small"],
        remedy: "exact accrual: keep the fraction, or the mark",
    },
    Known {
        id: "refill-too-slow",
        summary: "the limit is below what is agreed",
        signature: "whoever calls above the set rate is refused, below the promised one, bursts or not",
        look_alikes: &["refill-lost", "limit-divided-by-replicas"],
        remedy: "the rate that was promised",
    },
    Known {
        id: "burst-capacity-too-small",
        summary: "the limit is finer than the traffic's natural clumps",
        signature: "refusals follow clumps and not the rate; the tail of a clump is refused; quota hardly used",
        look_alikes: &["window-cliff", "refill-lost"],
        remedy: "a burst of the size of natural clumps",
    },
    Known {
        id: "window-cliff",
        summary: "a fixed window refuses all that comes late in it",
        signature: "refusals late in each window, none after its start",
        look_alikes: &["burst-capacity-too-small", "refill-too-slow"],
        remedy: "a sliding window or a bucket",
    },
    Known {
        id: "clock-skew",
        summary: "replicas' clocks are apart, and the limiter goes by them",
        signature: "refusals differ by the replica that decides",
        look_alikes: &["limit-divided-by-replicas", "refill-lost"],
        remedy: "the store's clock; synchronised clocks",
    },
    Known {
        id: "stacked-limits",
        summary: "two limits in series, and either refuses",
        signature: "those refused have plenty left in their own limit; the level that refuses is another, and one network is hit",
        look_alikes: &["limiter-key-too-broad", "real-abuse"],
        remedy: "identity first, the address for those who have none",
    },
    Known {
        id: "limit-divided-by-replicas",
        summary: "each replica has a share of the limit, and traffic is not spread evenly",
        signature: "refusals rise where traffic is uneven over replicas, while the sum is below the limit",
        look_alikes: &["clock-skew", "refill-too-slow"],
        remedy: "a shared store, or stickiness and a share by traffic",
    },
    Known {
        id: "real-abuse",
        summary: "somebody sends far more than agreed: the limiter is right",
        signature: "refusals only of those above their quota",
        look_alikes: &["limiter-key-too-broad", "hot-tenant"],
        remedy: "none: the limiter is right; block at the edge",
    },
];
