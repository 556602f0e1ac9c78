//! Calls that outlast whoever waits for them.

use super::{Looks, Rule, place};

pub(super) const RULE: Rule = Rule {
    code: "timeout-beyond-patience",
    summary: "a call may take longer than its client waits",
    help: "a timeout, or a budget of the request's deadline, below the patience of clients",
    looks: Looks::AtIncident(|linted, found| {
        for spec in linted.versions {
            let rules = spec.fan_out.as_ref();
            let deadline = rules.map_or(0, |r| r.deadline.0);
            let waits = [spec.clients.patience.0, deadline];
            let Some(waits) = waits.into_iter().filter(|&t| t > 0).min() else {
                continue;
            };
            let budget = rules.is_some_and(|r| r.budget.0 > 0.0 && r.deadline.0 > 0);
            for step in &spec.steps {
                let timeout = step.options.timeout.0;
                if !budget && step.options.budget.is_none() && timeout > waits {
                    found(
                        place(spec, "service.call"),
                        format!(
                            "\"{}\" is waited for longer than anybody waits for it",
                            step.name
                        ),
                    );
                }
            }
        }
    }),
};
