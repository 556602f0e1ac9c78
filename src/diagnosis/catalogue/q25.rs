//! Q25: work goes on after the client has left.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "detached-task",
        summary: "work is detached from the request that asked for it",
        signature: "work under way exceeds open connections, by those that have left",
        look_alikes: &["no-cancel-path", "disconnect-masked"],
        remedy: "tie the work to the request, or stop it at its end",
    },
    Known {
        id: "swallowed-cancellation",
        summary: "the cancellation is caught and dropped",
        signature: "cancels received, and the work goes on to its end",
        look_alikes: &["cancellation-hostile-driver", "disconnect-masked"],
        remedy: "let the cancellation through",
    },
    Known {
        id: "cancellation-hostile-driver",
        summary: "the driver cannot be interrupted",
        signature: "cancels sent and not acknowledged, at one dependency",
        look_alikes: &["swallowed-cancellation", "no-cancel-path"],
        remedy: "a driver that cancels, or a time-out on the server",
    },
    Known {
        id: "disconnect-masked",
        summary: "a middleware hides that the client has left",
        signature: "disconnects seen at the edge and none by the handler, from one version on",
        look_alikes: &["swallowed-cancellation", "detached-task"],
        remedy: "take the middleware out, or let it pass the signal on",
    },
    Known {
        id: "no-cancel-path",
        summary: "nothing can stop the work",
        signature: "busy workers stay after clients have left, and retries overlap their own first attempts",
        look_alikes: &["retry-storm", "disconnect-masked"],
        remedy: "a way to stop the work",
    },
    Known {
        id: "registry-leak",
        summary: "entries of finished requests stay",
        signature: "entries climb and never fall, busy workers as before",
        look_alikes: &["no-cancel-path", "pool-leak"],
        remedy: "remove the entry on every exit",
    },
    Known {
        id: "no-deadline",
        summary: "work has no deadline",
        signature: "calls far longer than anybody waits",
        look_alikes: &["deadline-ignored", "dependency-slow"],
        remedy: "a deadline on every call, handed on",
    },
    Known {
        id: "deadline-ignored",
        summary: "work past its deadline is done all the same",
        signature: "work is done and goodput falls to nothing above the knee; what starts has waited longer than its deadline",
        look_alikes: &["load-spike", "traffic-surge"],
        remedy: "drop what has expired when it is taken from the queue",
    },
    Known {
        id: "slot-leak-on-cancel",
        summary: "the pool loses a slot at a cancel",
        signature: "the size of the pool falls in steps after bursts of cancels, in use falls too, the dependency gets less",
        look_alikes: &["pool-leak", "pool-too-small"],
        remedy: "give the slot back when a waiter is cancelled",
    },
    Known {
        id: "connection-leak",
        summary: "a cancelled request keeps its connection",
        signature: "connections stay in use after cancelled requests",
        look_alikes: &["slot-leak-on-cancel", "pool-leak"],
        remedy: "clean up on every path",
    },
    Known {
        id: "audit-killed",
        summary: "work that is meant to go on is killed with the request",
        signature: "records of cancelled requests are missing",
        look_alikes: &["swallowed-cancellation", "detached-task"],
        remedy: "shield what is meant to go on, and say so",
    },
];
