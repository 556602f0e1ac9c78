//! Actions whose gate measures nothing.

use super::{Looks, Rule};
use crate::incident::Proof;

pub(super) const RULE: Rule = Rule {
    code: "action-idle",
    summary: "an action's gate holds in the incident without its control too",
    help: "measure it by a gate that the incident breaches",
    looks: Looks::AtReplays(|linted, proofs, found| {
        for (action, tried) in linted.incident.actions.iter().zip(proofs) {
            if tried.proof == Proof::Idle {
                let detail = tried.without.as_ref().map_or("", |j| &j.detail);
                let message = format!("\"{}\" changes nothing: without it {detail}", action.name);
                found(action.at.clone(), message);
            }
        }
    }),
};
