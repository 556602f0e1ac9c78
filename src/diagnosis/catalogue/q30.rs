//! Q30: compound and self-sustaining.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "no-fill-on-timeout",
        summary: "what times out does not fill the cache",
        signature: "misses that time out leave the cache as it was",
        look_alikes: &["cold-cache-overload"],
        remedy: "fill when the answer comes, whoever waits",
    },
    Known {
        id: "load-spike",
        summary: "more load than capacity, for a while",
        signature: "arrivals above capacity for a while, waits drain after it",
        look_alikes: &["traffic-surge", "capacity-loss"],
        remedy: "capacity, or shed early",
    },
];
