//! Gates that count statuses only, where answers may lack something.

use super::{Looks, Rule};
use crate::components::dag::OnFailure;

pub(super) const RULE: Rule = Rule {
    code: "status-only",
    summary: "gates count failed statuses only, where an answer may go without some of its parts",
    help: "add a gate on partial_failure_rate, success.honest or degraded_rate",
    looks: Looks::AtIncident(|linted, found| {
        let optional = linted.versions.iter().flat_map(|v| &v.steps);
        let Some(step) = { optional }.find(|s| s.on_failure != OnFailure::Fail) else {
            return;
        };
        let gates = &linted.incident.gates;
        let says = |word: &str| gates.iter().any(|g| g.expression().contains(word));
        let sees = [
            "partial_failure",
            "success.",
            "degraded_rate",
            "steps.failed",
            "call.error",
        ];
        if says("error_rate") && !sees.into_iter().any(says) {
            let node = linted.incident.root.get("gates");
            let at = node.unwrap_or(&linted.incident.root).at.clone();
            let message = format!(
                "no gate sees that \"{}\" is missing from answers",
                step.name
            );
            found(at, message);
        }
    }),
};
