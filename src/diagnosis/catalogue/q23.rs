//! Q23: the limiter refuses good traffic.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "limiter-key-too-broad",
        summary: "many share one key of the limiter",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "refill-lost",
        summary: "fractions of tokens are thrown away at each call",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "refill-too-slow",
        summary: "the limit is below what is agreed",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "burst-capacity-too-small",
        summary: "the limit is finer than the traffic's natural clumps",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "window-cliff",
        summary: "a fixed window refuses all that comes late in it",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "clock-skew",
        summary: "replicas' clocks are apart, and the limiter goes by them",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "stacked-limits",
        summary: "two limits in series, and either refuses",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "limit-divided-by-replicas",
        summary: "each replica has a share of the limit, and traffic is not spread evenly",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "real-abuse",
        summary: "somebody sends far more than agreed: the limiter is right",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
];
