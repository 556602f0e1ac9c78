//! Q21: the tail rises, the median stays.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "slow-minority-dependency",
        summary: "a dependency is slow for a minority of calls",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "new-connection-penalty",
        summary: "every new connection costs a fixed time, and connections are not kept",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "hot-tenant-queue",
        summary: "a tenant's requests fill the queue that all wait in",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "cold-start",
        summary: "new replicas take requests before they are warm",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "autoscaler-lag",
        summary: "replicas come later than the load",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "pool-too-small",
        summary: "fewer connections than requests that are let in at once",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "pool-leak",
        summary: "connections are not given back",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "retries-in-tail",
        summary: "failures are retried, and the tail is made of second attempts",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "request-size-grown",
        summary: "requests ask for more",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "size-shift-blocks-others",
        summary: "large requests hold up the small ones beside them",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "cpu-quota-throttling",
        summary: "the CPU quota of a period is spent by a burst, and the process stands still",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "runtime-pause",
        summary: "the runtime stops the process now and then",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "lock-contention",
        summary: "requests wait for one another's lock",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
];
