//! Q30: compound and self-sustaining.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "cold-cache-overload",
        summary: "an emptied cache loads what is behind it beyond its capacity",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "no-fill-on-timeout",
        summary: "what times out does not fill the cache",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "latent-bug-by-data",
        summary: "data wakes a bug that was deployed long ago",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "restart-herd",
        summary: "all that restart read the same at once",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "shard-loss",
        summary: "some shards of a store are gone",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "retry-without-backoff",
        summary: "retries come at once and keep the load up",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "retry-storm",
        summary: "retries multiply the load",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "load-spike",
        summary: "more load than capacity, for a while",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "capacity-loss",
        summary: "less capacity than load, for a while",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
];
