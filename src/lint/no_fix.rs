//! Something happens, and nothing is done.

use super::{Looks, Rule};

pub(super) const RULE: Rule = Rule {
    code: "no-fix",
    summary: "gates are expected to be breached, and there is no fix",
    help: "add a [[fix]]: a rollback, or a change",
    looks: Looks::AtIncident(|linted, found| {
        let incident = linted.incident;
        let expects = incident
            .expect
            .as_ref()
            .is_some_and(|e| !e.breached.is_empty());
        if expects && incident.fix.is_empty() && !incident.timeline.is_empty() {
            let node = incident.root.get("timeline");
            let at = node.unwrap_or(&incident.root).at.clone();
            found(at, "what is broken here is never repaired".into());
        }
    }),
};
