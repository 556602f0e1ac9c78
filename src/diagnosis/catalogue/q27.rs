//! Q27: a class starves.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "strict-priority",
        summary: "the low class is served only when nothing else waits",
        signature: "throughput of the low class is nothing, its longest wait grows by a second a second, the high class is well",
        look_alikes: &["ageing-saturates", "no-floor", "worker-loss"],
        remedy: "weights with a floor",
    },
    Known {
        id: "ageing-too-slow",
        summary: "waiting earns too little",
        signature: "the low class waits long, and comes in the end",
        look_alikes: &["strict-priority", "no-floor"],
        remedy: "a larger step of ageing",
    },
    Known {
        id: "ageing-saturates",
        summary: "waiting earns nothing more beyond a limit",
        signature: "waits pile up just beyond the limit of the credit, then grow",
        look_alikes: &["strict-priority", "ageing-too-slow"],
        remedy: "credit without a limit, or a reserved share",
    },
    Known {
        id: "ageing-too-aggressive",
        summary: "what has waited goes before people who wait now",
        signature: "the high class waits behind what is old, at no more load",
        look_alikes: &["single-fifo-flood", "no-burst-cap"],
        remedy: "a smaller step of ageing",
    },
    Known {
        id: "no-burst-cap",
        summary: "a burst of one class takes all workers",
        signature: "one class has all workers for as long as its burst lasts",
        look_alikes: &["strict-priority", "load-spike"],
        remedy: "a bound on what a class takes at once",
    },
    Known {
        id: "no-floor",
        summary: "nothing is reserved for the low class",
        signature: "the low class gets little, and nothing in a surge",
        look_alikes: &["strict-priority", "ageing-too-slow"],
        remedy: "a reserved share",
    },
    Known {
        id: "prefetch-hoarding",
        summary: "workers reserve what others could do at once",
        signature: "the queue is empty, waits are long and workers idle, all at once",
        look_alikes: &["capacity-loss"],
        remedy: "prefetch of one",
    },
    Known {
        id: "single-fifo-flood",
        summary: "one producer fills the queue of all",
        signature: "equal waits for all producers, depth divided by drain rate; the depth is one producer's",
        look_alikes: &["capacity-loss", "load-spike"],
        remedy: "turns by producer",
    },
    Known {
        id: "poison-message",
        summary: "a message that fails each time is tried for ever",
        signature: "attempts of few messages without end, none of which succeeds",
        look_alikes: &["lease-shorter-than-work", "retry-storm"],
        remedy: "an end to attempts, and a place for dead letters",
    },
    Known {
        id: "scheduled-by-queue-length",
        summary: "the longest queue goes first",
        signature: "whoever floods is served most",
        look_alikes: &["strict-priority", "single-fifo-flood"],
        remedy: "turns by weight, not by length",
    },
    Known {
        id: "worker-loss",
        summary: "workers are dead, and nobody starts others in their place",
        signature: "throughput of that class is nothing, its longest wait grows by a second a second; load, waits and busy workers of the others are as before",
        look_alikes: &["strict-priority", "no-floor"],
        remedy: "other workers in their place, and an alert on how many live",
    },
];
