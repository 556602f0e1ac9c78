//! Which controls first: each replayed by itself from the start, then the best together with the best of the rest.

use super::trials::{Outcome, Setup, Trials};
use crate::config::Refusal;
use serde::Serialize;

/// Controls that are proposed for funding.
pub const FIRST: usize = 3;

/// Below this share of harmed requests the time outside of the gates says more than they do.
const FEW: f64 = 0.01;

/// What the order goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Requests that are no longer harmed.
    Harmed,
    /// Time in which a gate does not hold.
    BrokenFor,
}

/// A control, or several, with what is left of the incident.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// Places of the actions.
    pub actions: Vec<usize>,
    /// What a replay with them came to.
    pub outcome: Outcome,
}

/// The order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Funding {
    /// What it goes by.
    pub by: By,
    /// Each action that has a control, by itself, in the order of the file.
    pub alone: Vec<Effect>,
    /// The first, the first two, the first three: each the best that can be added.
    pub together: Vec<Effect>,
}

/// What is left, smaller being better: the measure, then the other, then recovery.
fn left(by: By, outcome: &Outcome) -> [u64; 3] {
    let (harmed, broken) = (outcome.harmed.harmed, outcome.broken_for);
    let recovery = outcome.recovery.unwrap_or(u64::MAX);
    match by {
        By::Harmed => [harmed, broken, recovery],
        By::BrokenFor => [broken, harmed, recovery],
    }
}

pub(super) fn funding(trials: &mut Trials<'_>) -> Result<Funding, Refusal> {
    let was = trials.get(Setup::default())?;
    let few = (was.harmed.harmed as f64) < FEW * was.harmed.requests as f64;
    let by = if few && was.broken_for > 0 {
        By::BrokenFor
    } else {
        By::Harmed
    };
    let actions = trials.incident.actions.iter().enumerate();
    let able: Vec<usize> = actions
        .filter(|(_, a)| a.control.is_some())
        .map(|(i, _)| i)
        .collect();
    trials.all(able.iter().map(|&i| Setup::done(&[i])))?;
    let mut alone = vec![];
    for &i in &able {
        alone.push(Effect {
            actions: vec![i],
            outcome: trials.get(Setup::done(&[i]))?,
        });
    }
    let mut together: Vec<Effect> = vec![];
    let mut before = left(by, &was);
    while together.len() < FIRST {
        let chosen = together.last().map_or(vec![], |e| e.actions.clone());
        let rest = able.iter().filter(|i| !chosen.contains(i));
        let tries: Vec<Vec<usize>> = rest.map(|&i| [&chosen[..], &[i]].concat()).collect();
        trials.all(tries.iter().map(|t| Setup::done(t)))?;
        let mut best: Option<(Effect, [u64; 3])> = None;
        for actions in tries {
            let outcome = trials.get(Setup::done(&actions))?;
            let key = left(by, &outcome);
            // Of equals the first of the file.
            if best.as_ref().is_none_or(|(_, than)| key < *than) {
                best = Some((Effect { actions, outcome }, key));
            }
        }
        // What changes nothing is not worth money.
        let Some((effect, key)) = best.filter(|(_, key)| *key < before) else {
            break;
        };
        before = key;
        together.push(effect);
    }
    Ok(Funding {
        by,
        alone,
        together,
    })
}
