//! Nothing to judge by.

use super::{Looks, Rule};

pub(super) const RULE: Rule = Rule {
    code: "no-gates",
    summary: "the file has no gates: nothing says when it is an incident",
    help: "add [gates]: what users feel, and the indicator of the cause",
    looks: Looks::AtIncident(|linted, found| {
        if linted.incident.gates.is_empty() {
            let at = linted.incident.root.at.clone();
            found(at, "an incident without gates".into());
        }
    }),
};
