//! Actions that are no more than a wish.

use super::{Looks, Rule};

pub(super) const RULE: Rule = Rule {
    code: "action-unready",
    summary: "an action lacks an owner, a due date, a gate that measures it, or a control that can be replayed",
    help: "owner = \"...\" of [owners], due = \"2026-12-15\", gate = a gate's name or a condition, control = { set = { ... } }",
    looks: Looks::AtIncident(|linted, found| {
        for action in &linted.incident.actions {
            let lacks = action.lacks();
            if !lacks.is_empty() {
                let message = format!("\"{}\" has no {}", action.name, lacks.join(", no "));
                found(action.at.clone(), message);
            }
        }
    }),
};
