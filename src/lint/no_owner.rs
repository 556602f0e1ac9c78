//! Dependencies that nobody owns.

use super::{Looks, Rule};

pub(super) const RULE: Rule = Rule {
    code: "no-owner",
    summary: "a dependency that is called has no owner",
    help: "name one under [owners]",
    looks: Looks::AtIncident(|linted, found| {
        let incident = linted.incident;
        for step in linted.versions.iter().flat_map(|v| &v.steps) {
            let name = &incident.service.dependencies[step.dependency].name;
            let owned = |of: &str| of == name || of == step.name || of == "call";
            if !incident.owners.iter().any(|(of, _)| owned(of)) {
                let node = incident.root.get("dependency").and_then(|d| d.get(name));
                let at = node.unwrap_or(&incident.root).at.clone();
                found(at, format!("nobody owns \"{name}\""));
            }
        }
    }),
};
