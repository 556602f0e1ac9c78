//! Retries in two layers.

use super::{Looks, Rule, place};

pub(super) const RULE: Rule = Rule {
    code: "retries-in-two-layers",
    summary: "clients and calls retry, and each failure is tried as often as both together",
    help: "retry in one layer; give the other a budget of 10% to 20%",
    looks: Looks::AtIncident(|linted, found| {
        for spec in linted.versions {
            let clients = &spec.clients.retry;
            let calls = spec.steps.iter().map(|s| &s.options.retry);
            let most = calls.filter(|r| r.budget.0 >= 1.0).map(|r| r.max).max();
            if let Some(most @ 1..) = most
                && clients.max > 0
                && clients.budget.0 >= 1.0
            {
                let times = (u64::from(clients.max) + 1) * (u64::from(most) + 1);
                found(
                    place(spec, "clients.retry"),
                    format!("one operation may make {times} attempts at a dependency"),
                );
            }
        }
    }),
};
