//! One flag, or a constant, for an answer of several parts.

use super::{Looks, Rule, place};
use crate::service::ReportKind;

pub(super) const RULE: Rule = Rule {
    code: "one-flag",
    summary: "one flag, or a constant, says success for an answer of several parts",
    help: "report = { kind = \"honest\" }: 206, or 200 with a map of failures, and a status of each part",
    looks: Looks::AtIncident(|linted, found| {
        for spec in linted.versions {
            let Some(report) = &spec.report else { continue };
            let parts = spec.steps.len() > 1
                || spec.steps.iter().any(|s| {
                    let d = &spec.dependencies[s.dependency];
                    d.items.is_some() || d.shards.is_some() || d.stream.is_some()
                });
            if parts && report.kind != ReportKind::Honest {
                found(
                    place(spec, "service.report.kind"),
                    format!("\"{}\" hides which part has failed", report.kind.word()),
                );
            }
        }
    }),
};
