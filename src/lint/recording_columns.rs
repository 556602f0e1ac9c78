//! Columns without which the usual questions have no answer.

use super::{Looks, Rule};
use crate::recording::requests;

const NEEDED: &[(usize, &str)] = &[
    (requests::outcome, "how requests ended"),
    (requests::latency, "how long they took"),
    (requests::service_version, "which version served them"),
    (requests::tenant, "whose they were"),
    (requests::replica, "which replica served them"),
    (requests::honest, "what their sub-steps came to"),
];

pub(super) const RULE: Rule = Rule {
    code: "missing-column",
    summary: "a recording lacks a column that a diagnosis needs",
    help: "export it; docs/recording.md lists the columns",
    looks: Looks::AtRecording(|recording, found| {
        for (column, what) in NEEDED {
            if !recording.requests.has(*column) {
                found(format!("it is not recorded {what}"));
            }
        }
    }),
};
