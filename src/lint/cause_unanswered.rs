//! Causes that a review left alone.

use super::{Looks, Rule};

pub(super) const RULE: Rule = Rule {
    code: "cause-unanswered",
    summary: "the file has actions, and none answers one of its true causes",
    help: "an [[action]] with cause = \"...\"",
    looks: Looks::AtIncident(|linted, found| {
        let incident = linted.incident;
        if incident.actions.is_empty() {
            return;
        }
        let at = incident
            .root
            .get("action")
            .unwrap_or(&incident.root)
            .at
            .clone();
        for cause in incident.unanswered() {
            found(at.clone(), format!("no action answers {cause}"));
        }
    }),
};
