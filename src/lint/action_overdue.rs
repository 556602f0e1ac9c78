//! Actions that should have been done by now.

use super::{Looks, Rule};
use crate::gates::Verdict;

pub(super) const RULE: Rule = Rule {
    code: "action-overdue",
    summary: "with --today: an action's day has passed, and its gate is still breached",
    help: "do it, or agree on another day; once it is done, the service of the file has its control",
    looks: Looks::AtReplays(|linted, proofs, found| {
        let Some(today) = linted.today else { return };
        for (action, tried) in linted.incident.actions.iter().zip(proofs) {
            let breached = tried.without.as_ref();
            if let Some(judgement) = breached.filter(|j| j.verdict == Verdict::Breach)
                && let Some(due) = action.due.filter(|due| *due < today)
            {
                let days = due.until(today);
                let message = format!(
                    "\"{}\" was due on {due}, {days} days ago, and {}",
                    action.name, judgement.detail
                );
                found(action.at.clone(), message);
            }
        }
    }),
};
