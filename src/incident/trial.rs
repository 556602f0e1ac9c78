//! An incident, tried with some of its actions done: what the review's controls are measured by.

use super::{
    file::{Incident, Registries},
    run::{Run, RunOptions, context, run, stretches},
    truth::PhaseName,
};
use crate::{
    config::Refusal,
    gates::{Gate, Judgement, Stretch, Verdict},
};

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
    let first = run(&tried, registries, options)?;
    let responds = done.iter().filter_map(|&i| incident.actions.get(i));
    let responds = responds.filter_map(|a| a.control.as_ref()?.respond).min();
    let truth = &first.truth;
    let began = truth.began().unwrap_or(0);
    let alerts = truth.entries.iter().filter(|e| e.is_alert());
    let alert = alerts.map(|e| e.at).find(|&at| at >= began);
    let (Some(respond), Some(alert)) = (responds, alert) else {
        return Ok(first);
    };
    let begins = alert.saturating_add(respond);
    if truth.mitigated().is_none_or(|at| at <= begins) {
        return Ok(first);
    }
    tried.fix_from(begins)?;
    run(&tried, registries, options)
}

/// What a gate says of a run over a stretch: the incident phase of another run, say, so that both are held to the same time.
pub fn verdict(gate: &Gate, run: &Run, stretch: &Stretch) -> Judgement {
    let phases = stretches(&run.truth);
    let context = context(
        &run.watched,
        &run.recording,
        &run.truth,
        &phases,
        &run.scalars,
    );
    gate.judge(&context, stretch)
}

/// The incident phase of a run, or its baseline where it has none.
pub fn incident_stretch(run: &Run) -> Option<Stretch> {
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
