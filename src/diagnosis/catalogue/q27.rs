//! Q27: a class starves.

use super::Known;

pub(super) const CAUSES: &[Known] = &[
    Known {
        id: "strict-priority",
        summary: "the low class is served only when nothing else waits",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "ageing-too-slow",
        summary: "waiting earns too little",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "ageing-saturates",
        summary: "waiting earns nothing more beyond a limit",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "ageing-too-aggressive",
        summary: "what has waited goes before people who wait now",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "no-burst-cap",
        summary: "a burst of one class takes all workers",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "no-floor",
        summary: "nothing is reserved for the low class",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "prefetch-hoarding",
        summary: "workers reserve what others could do at once",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "single-fifo-flood",
        summary: "one producer fills the queue of all",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "poison-message",
        summary: "a message that fails each time is tried for ever",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
    Known {
        id: "scheduled-by-queue-length",
        summary: "the longest queue goes first",
        signature: "",
        look_alikes: &[],
        remedy: "",
    },
];
