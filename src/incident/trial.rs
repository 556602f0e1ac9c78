//! An incident, tried with some of its actions done: what the review's controls are measured by.

use super::{
    action::Action,
    file::{Incident, Registries},
    run::{Run, RunOptions, context, run, stretches},
    truth::PhaseName,
};
use crate::{
    config::Refusal,
    gates::{Context, Gate, Judgement, Stretch, Verdict},
    indicators::Watched,
    recording::Keep,
};
use rayon::prelude::*;
use std::ops::Range;

/// What a measure says of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Its gate is breached without the control, and holds with it.
    Cures,
    /// Its gate is breached with the control too: what the action answers is still there.
    Symptom,
    /// Its gate holds without the control as well: it measures nothing.
    Idle,
    /// There is no control that could be replayed, or no gate, or the gate has no data.
    Unproved,
}

impl Proof {
    /// From what the gate says without the control, and with it.
    pub fn of(without: Option<Verdict>, with: Option<Verdict>) -> Proof {
        match (without, with) {
            (Some(Verdict::Breach), Some(Verdict::Pass)) => Proof::Cures,
            (Some(_), Some(Verdict::Breach)) => Proof::Symptom,
            (Some(Verdict::Pass), Some(Verdict::Pass)) => Proof::Idle,
            _ => Proof::Unproved,
        }
    }
}

/// Replays an incident with these actions done (by their place) and these entries of its timeline left out. Where an
/// action has people answer an alert, the fix begins so much after the first alert, if that is sooner than it was: the
/// incident is then replayed once more.
///
/// # Errors
/// As [`run`], and controls that do not fit each other.
pub fn trial(
    incident: &Incident,
    done: &[usize],
    left_out: &[usize],
    registries: &Registries,
    options: &RunOptions<'_>,
) -> Result<Run, Refusal> {
    let mut tried = incident.with_actions(done, registries)?;
    tried.left_out = left_out.to_vec();
    answered(tried, incident.response(done), registries, options)
}

/// Replays an incident in which people answer an alert: where `respond` (ns) after the first alert is sooner than the fix
/// came, it is replayed once more with the fix from there on.
///
/// # Errors
/// As [`run`].
pub fn answered(
    mut incident: Incident,
    respond: Option<u64>,
    registries: &Registries,
    options: &RunOptions<'_>,
) -> Result<Run, Refusal> {
    let first = run(&incident, registries, options)?;
    let truth = &first.truth;
    let began = truth.began().unwrap_or(0);
    let alerts = truth.entries.iter().filter(|e| e.is_alert());
    let alert = alerts.map(|e| e.at).find(|&at| at >= began);
    let (Some(respond), Some(alert)) = (respond, alert) else {
        return Ok(first);
    };
    let begins = alert.saturating_add(respond);
    if truth.mitigated().is_none_or(|at| at <= begins) {
        return Ok(first);
    }
    incident.fix_from(begins)?;
    run(&incident, registries, options)
}

impl Incident {
    /// How long people take from an alert to the fix with these actions done, if one of them says so. ns.
    pub fn response(&self, done: &[usize]) -> Option<u64> {
        let actions = done.iter().filter_map(|&i| self.actions.get(i));
        actions.filter_map(|a| a.control.as_ref()?.respond).min()
    }
}

/// What the gate of an action said.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Without the control; `None`: the action has no gate.
    pub without: Option<Judgement>,
    /// With it; `None`: there is none.
    pub with: Option<Judgement>,
    /// What follows from both.
    pub proof: Proof,
}

/// Tries each action of an incident by itself, over the incident phase as it was. Without a timeline, or without a gate,
/// nothing is replayed.
///
/// # Errors
/// As [`run`].
pub fn tried(incident: &Incident, registries: &Registries) -> Result<Vec<Tried>, Refusal> {
    let nothing = |_| Tried {
        without: None,
        with: None,
        proof: Proof::Unproved,
    };
    let measured = incident.actions.iter().any(|a| a.gate.is_some());
    if !measured || incident.timeline.is_empty() || incident.healthy {
        return Ok(incident.actions.iter().map(nothing).collect());
    }
    const OPTIONS: RunOptions<'static> = RunOptions {
        keep: Keep::NoRows,
        progress: None,
    };
    let as_it_is = run(incident, registries, &OPTIONS)?;
    let Some(standard) = Standard::of(&as_it_is) else {
        return Ok(incident.actions.iter().map(nothing).collect());
    };
    let of = |action: &Action, run: &Run| Some(standard.verdict(action.gate.as_ref()?, run));
    let without = incident.actions.iter().map(|a| of(a, &as_it_is));
    let without: Vec<Option<Judgement>> = without.collect();
    drop(as_it_is);
    let one = |(i, without): (usize, Option<Judgement>)| {
        let action = &incident.actions[i];
        let with = match (&action.gate, &action.control) {
            (Some(_), Some(_)) => of(action, &trial(incident, &[i], &[], registries, &OPTIONS)?),
            _ => None,
        };
        let said = |j: &Option<Judgement>| j.as_ref().map(|j| j.verdict);
        Ok(Tried {
            proof: Proof::of(said(&without), said(&with)),
            without,
            with,
        })
    };
    without.into_par_iter().enumerate().map(one).collect()
}

/// What runs with controls are held to: the incident as it was.
#[derive(Clone, Debug)]
pub struct Standard {
    /// Its incident phase: every run is held to the same time.
    pub stretch: Stretch,
    /// Its indicators, whose baseline counts: a control does not pass by making the baseline worse.
    watched: Watched,
    baseline: Option<Range<u64>>,
}

impl Standard {
    /// Of a run; `None` where it is too short to have phases.
    pub fn of(run: &Run) -> Option<Standard> {
        let baseline = run
            .truth
            .phases
            .iter()
            .find(|p| p.name == PhaseName::Baseline);
        Some(Standard {
            stretch: incident_stretch(run)?,
            watched: run.watched.clone(),
            baseline: baseline.map(|p| p.from..p.to),
        })
    }

    /// A run, with what gates are held against.
    pub fn hold<T>(&self, run: &Run, with: impl FnOnce(&Context<'_>) -> T) -> T {
        let phases = stretches(&run.truth);
        let context = Context {
            baseline: self.baseline.clone(),
            baseline_of: Some(&self.watched),
            ..context(
                &run.watched,
                &run.recording,
                &run.truth,
                &phases,
                &run.scalars,
            )
        };
        with(&context)
    }

    /// What a gate says of a run.
    pub fn verdict(&self, gate: &Gate, run: &Run) -> Judgement {
        self.hold(run, |context| gate.judge(context, &self.stretch))
    }
}

/// The incident phase of a run, or its baseline where it has none.
fn incident_stretch(run: &Run) -> Option<Stretch> {
    let phases = stretches(&run.truth);
    let named = |name: PhaseName| phases.iter().find(|s| s.name == name.word()).cloned();
    named(PhaseName::Incident).or_else(|| named(PhaseName::Baseline))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cure_is_breached_without_and_holds_with() {
        use Verdict::{Breach, NoData, Pass};
        let of = |without, with| Proof::of(Some(without), Some(with));
        assert_eq!(of(Breach, Pass), Proof::Cures);
        assert_eq!(of(Breach, Breach), Proof::Symptom);
        assert_eq!(of(Pass, Breach), Proof::Symptom);
        assert_eq!(of(Pass, Pass), Proof::Idle);
        assert_eq!(of(NoData, Pass), Proof::Unproved);
        assert_eq!(Proof::of(Some(Breach), None), Proof::Unproved);
    }
}
