//! One run of a sweep, and what is kept of it: a line.

use super::plan::{Base, Plan};
use crate::{
    config::Refusal,
    gates::Verdict,
    incident::{self, PhaseName, Registries, RunOptions, judge, stretches},
    recording::Keep,
};
use serde_json::{Value, json};

/// What a run came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Its number in the plan.
    pub run: u64,
    /// Digest of its recording.
    pub digest: String,
    /// Gate, phase, verdict.
    pub verdicts: Vec<(String, String, Verdict)>,
    /// Of the plan's goals, in their order; `None`: no data.
    pub values: Vec<Option<f64>>,
}

impl Outcome {
    /// Whether all gates hold in all phases.
    pub fn passes(&self) -> bool {
        self.verdicts.iter().all(|(.., v)| *v == Verdict::Pass)
    }

    /// As a line of JSON.
    pub fn line(&self, plan: &Plan) -> String {
        let (point, seed) = plan.run(self.run);
        let verdicts: Vec<Value> = self
            .verdicts
            .iter()
            .map(|(gate, phase, verdict)| json!([gate, phase, word(*verdict)]))
            .collect();
        json!({
            "run": self.run,
            "point": point,
            "seed": seed,
            "digest": self.digest,
            "gates": verdicts,
            "values": self.values,
        })
        .to_string()
    }

    /// Reads such a line. `None`: it is none.
    pub fn of_line(line: &str, plan: &Plan) -> Option<Outcome> {
        let json: Value = serde_json::from_str(line).ok()?;
        let run = json["run"].as_u64().filter(|r| *r < plan.runs())?;
        let mut verdicts = vec![];
        for verdict in json["gates"].as_array()? {
            let text = |i: usize| Some(verdict.get(i)?.as_str()?.to_string());
            verdicts.push((text(0)?, text(1)?, of_word(&text(2)?)?));
        }
        let values = json["values"].as_array()?;
        let outcome = Outcome {
            run,
            digest: json["digest"].as_str()?.into(),
            verdicts,
            values: values.iter().map(Value::as_f64).collect(),
        };
        (outcome.values.len() == plan.goals.len()).then_some(outcome)
    }
}

/// As files write it.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Breach => "breach",
        Verdict::NoData => "no_data",
    }
}

fn of_word(text: &str) -> Option<Verdict> {
    [Verdict::Pass, Verdict::Breach, Verdict::NoData]
        .into_iter()
        .find(|v| word(*v) == text)
}

/// Replays a run of the plan. Goals without a phase of their own are of the incident phase, or of the baseline where
/// there is none: the phases that gates are held in.
///
/// # Errors
/// As [`incident::run`].
pub fn replay(base: &Base, plan: &Plan, run: u64) -> Result<Outcome, Refusal> {
    let (point, seed) = plan.run(run);
    let registries = Registries::builtin();
    let mut incident = base.read(plan.settings(point), Some(seed), &registries)?;
    incident.measures.extend(plan.watched());
    let options = RunOptions {
        keep: Keep::NoRows,
        progress: None,
    };
    let done = incident::run(&incident, &registries, &options)?;
    let verdicts = judge(&incident, &done)
        .into_iter()
        .map(|j| (j.gate, j.phase, j.verdict))
        .collect();
    let phases = stretches(&done.truth);
    let named = |name: PhaseName| phases.iter().find(|s| s.name == name.word());
    let phase = named(PhaseName::Incident).or_else(|| named(PhaseName::Baseline));
    let context = incident::context(
        &done.watched,
        &done.recording,
        &done.truth,
        &phases,
        &done.scalars,
    );
    let places = plan.places(point);
    let value = |goal: &super::Goal| goal.value(&context, phase?, &plan.axes, &places);
    Ok(Outcome {
        run,
        digest: done.digest.to_string(),
        verdicts,
        values: plan.goals.iter().map(value).collect(),
    })
}
