//! Classes of requests, and one threshold for all of them.

use super::{Looks, Rule};

pub(super) const RULE: Rule = Rule {
    code: "no-class-gate",
    summary: "requests have classes, and no gate tells them apart",
    help: "a gate with {class=\"...\"} or `by class`",
    looks: Looks::AtIncident(|linted, found| {
        let incident = linted.incident;
        let Some(classes) = incident.root.get("trace.classes") else {
            return;
        };
        let tells = |text: &str| text.contains("class=") || text.contains("by class");
        let told = incident.gates.iter().any(|g| tells(g.expression()));
        if !told {
            let message = "a class may starve and no gate sees it".to_string();
            found(classes.at.clone(), message);
        }
    }),
};
