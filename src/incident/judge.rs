//! Gates held against a run, and a run held against what its incident expects.

use super::{
    file::{Incident, recovery_bound},
    run::{Run, context, stretches},
    truth::PhaseName,
};
use crate::{
    config::show_nanos,
    diagnosis::Diagnosis,
    gates::{Context, Gate, Judgement, Verdict},
};
use indexmap::IndexMap;

/// Holds every gate in the incident phase and, once recovered, in the recovered phase; one that is about the run as a whole
/// says the same in both, and is held once. A run without an incident phase is judged as a whole, in its baseline.
pub fn judge(incident: &Incident, run: &Run) -> Vec<Judgement> {
    judge_against(incident, run, &|_| None)
}

/// The same, with what `reference` stands for in a phase: see [`Context::reference`](crate::gates::Context::reference).
pub fn judge_against(
    incident: &Incident,
    run: &Run,
    reference: &dyn Fn(&str) -> Option<IndexMap<String, f64>>,
) -> Vec<Judgement> {
    let stretches = stretches(&run.truth);
    let context = context(
        &run.watched,
        &run.recording,
        &run.truth,
        &stretches,
        &run.scalars,
    );
    let named = |name: PhaseName| stretches.iter().find(|s| s.name == name.word());
    let held: Vec<_> = match named(PhaseName::Incident) {
        Some(during) => std::iter::once(during)
            .chain(named(PhaseName::Recovered))
            .collect(),
        None => named(PhaseName::Baseline).into_iter().collect(),
    };
    let first = held.first().map(|phase| phase.name.as_str());
    let last = held.last().map(|phase| phase.name.as_str());
    let mut judgements: Vec<Judgement> = held
        .iter()
        .flat_map(|phase| {
            let reference = reference(&phase.name);
            let context = Context {
                reference: reference.as_ref(),
                ..context.clone()
            };
            let counts = |gate: &&Gate| {
                !gate.is_of_the_run() || first.is_some_and(|name| name == phase.name)
            };
            let gates = incident.gates.iter().filter(counts);
            gates
                .map(|gate| gate.judge(&context, phase))
                .collect::<Vec<_>>()
        })
        .collect();
    // It was broken where it ended the run, whatever windows that begin elsewhere say.
    if let Some(aborted) = &run.aborted
        && let Some(judgement) = judgements
            .iter_mut()
            .find(|j| j.gate == aborted.gate && last == Some(j.phase.as_str()))
    {
        judgement.verdict = Verdict::Breach;
        judgement.detail = aborted.sentence();
    }
    judgements
}

/// One way in which a run is not what its incident expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall(pub String);

/// Holds a run against `[expect]`: the causes, the gates that are breached and those that are not, the recovery.
pub fn meets(
    incident: &Incident,
    run: &Run,
    judgements: &[Judgement],
    diagnosis: &Diagnosis,
) -> Vec<Shortfall> {
    let mut out = vec![];
    let mut say = |text: String| out.push(Shortfall(text));
    let Some(expect) = &incident.expect else {
        say("the incident has no [expect]".into());
        return out;
    };
    let causes: Option<Vec<&str>> = if incident.healthy {
        Some(vec![])
    } else {
        let causes = expect.causes.as_ref();
        causes.map(|all| all.iter().map(|(c, _)| c.as_str()).collect())
    };
    if let Some(causes) = causes
        && let Err(text) = names(diagnosis, &causes)
    {
        say(text);
    }
    for judgement in judgements {
        let breached = judgement.phase == PhaseName::Incident.word()
            && !incident.healthy
            && expect
                .breached
                .iter()
                .any(|(gate, _)| *gate == judgement.gate);
        let wanted = if breached {
            Verdict::Breach
        } else {
            Verdict::Pass
        };
        if judgement.verdict != wanted {
            say(format!(
                "gate {} in {}: expected {}, found {}: {}",
                judgement.gate,
                judgement.phase,
                word(wanted),
                word(judgement.verdict),
                judgement.detail
            ));
        }
    }
    if let Some((text, _)) = expect
        .recovery
        .as_ref()
        .filter(|_| !incident.fix.is_empty() && !incident.healthy)
    {
        match (recovery_bound(text), run.truth.recovery_time) {
            (Ok(Some(bound)), Some(time)) if time >= bound => say(format!(
                "recovered after {}, expected {text}",
                show_nanos(time)
            )),
            (Ok(Some(_)), None) => say(format!("never recovered, expected {text}")),
            (Ok(None), Some(time)) => say(format!(
                "recovered after {}, expected never",
                show_nanos(time)
            )),
            _ => {}
        }
    }
    out
}

/// Whether the diagnosis names these causes on top, or rightly none.
fn names(diagnosis: &Diagnosis, causes: &[&str]) -> Result<(), String> {
    let found: Vec<&str> = diagnosis
        .causes
        .iter()
        .take(causes.len().max(1))
        .map(|c| c.cause.as_str())
        .collect();
    let (expected, said) = (causes.join(", "), found.join(", "));
    match (causes.is_empty(), diagnosis.onset.is_some()) {
        (true, true) => Err(format!(
            "no incident was expected, and the diagnosis says {said}"
        )),
        (false, false) => Err(format!(
            "expected {expected}, and the diagnosis sees no incident"
        )),
        (false, true) if !causes.iter().all(|c| found.contains(c)) => Err(format!(
            "expected {expected}, and the diagnosis says {said}"
        )),
        _ => Ok(()),
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Breach => "breach",
        Verdict::NoData => "no data",
    }
}
