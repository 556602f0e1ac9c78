//! Actions that treat a symptom.

use super::{Looks, Rule};
use crate::incident::Proof;

pub(super) const RULE: Rule = Rule {
    code: "action-symptom",
    summary: "replayed with an action's control in place from the start, the action's own gate is still breached",
    help: "answer the cause: `gameday plan` shows what the incident takes; or measure by a gate that this control can hold",
    looks: Looks::AtReplays(|linted, proofs, found| {
        for (action, tried) in linted.incident.actions.iter().zip(proofs) {
            if tried.proof == Proof::Symptom {
                let detail = tried.with.as_ref().map_or("", |j| &j.detail);
                let message = format!("\"{}\" treats a symptom: with it {detail}", action.name);
                found(action.at.clone(), message);
            }
        }
    }),
};
