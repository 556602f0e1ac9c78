//! Q25: work goes on after the client has left.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "detached-task",
        summary: "work is detached from the request that asked for it",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "swallowed-cancellation",
        summary: "the cancellation is caught and dropped",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "cancellation-hostile-driver",
        summary: "the driver cannot be interrupted",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "disconnect-masked",
        summary: "a middleware hides that the client has left",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "no-cancel-path",
        summary: "nothing can stop the work",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "registry-leak",
        summary: "entries of finished requests stay",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "no-deadline",
        summary: "work has no deadline",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "deadline-ignored",
        summary: "work past its deadline is done all the same",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "slot-leak-on-cancel",
        summary: "the pool loses a slot at a cancel",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "connection-leak",
        summary: "a cancelled request keeps its connection",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "audit-killed",
        summary: "work that is meant to go on is killed with the request",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
];
