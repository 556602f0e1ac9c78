//! Retries without back-off or jitter.

use super::{Looks, Rule, place};
use crate::components::retry::Jitter;

pub(super) const RULE: Rule = Rule {
    code: "retry-unbounded",
    summary: "calls are retried without back-off or jitter",
    help: "retry = { max = 2, backoff = \"50ms\", jitter = \"full\", budget = \"20%\" }",
    looks: Looks::AtIncident(|linted, found| {
        for spec in linted.versions {
            for step in &spec.steps {
                let retry = &step.options.retry;
                if retry.max == 0 {
                    continue;
                }
                let lacks = match (retry.backoff.0, retry.jitter) {
                    (0, _) => "back-off",
                    (_, Jitter::None) => "jitter",
                    _ => continue,
                };
                found(
                    place(spec, "service.call"),
                    format!("\"{}\" is retried without {lacks}", step.name),
                );
            }
        }
    }),
};
