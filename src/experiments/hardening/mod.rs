//! What is learnt from one incident: its course, what it takes for it to happen, whom it reached, what was missing, and
//! which controls to pay for first, each by replay.
//!
//! Everything is a replay of the same traffic with the same dice, so a difference between two of them is the effect of
//! what differs, and not chance. Whether it holds for other draws is the game day's question (`recurrence`).

mod course;
mod emit;
mod funding;
mod harm;
mod tree;
mod trials;

pub use course::{Course, Kind, Moment};
pub use emit::{CONTROL, Emitted, emit};
pub use funding::{By, Effect, FIRST, Funding};
pub use harm::{Blast, Harmed, Row};
pub use tree::{EVERY, Factor, Part, Subset, Tree};
pub use trials::Outcome;

use crate::{
    config::Refusal,
    gates::Verdict,
    incident::{Gap, Incident, Proof, Registries, RunOptions},
    recording::Keep,
};
use serde::Serialize;
use trials::{Setup, Trials, as_it_was};

/// Numbers alone.
const ROWLESS: RunOptions<'static> = RunOptions {
    keep: Keep::NoRows,
    progress: None,
};

/// What a plan says of an action.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reviewed {
    /// Its name.
    pub name: String,
    /// What was missing.
    pub gap: String,
    /// The cause that it answers.
    pub cause: Option<String>,
    /// What the control is.
    pub control: Option<String>,
    /// Who does it.
    pub owner: Option<String>,
    /// By when.
    pub due: Option<String>,
    /// The gate, as written.
    pub gate: Option<String>,
    /// What the gate said as it was.
    pub before: Option<String>,
    /// What it says with the control.
    pub after: Option<String>,
    /// What follows from both.
    pub proof: Proof,
}

/// A plan.
#[derive(Clone, Debug, Serialize)]
pub struct Hardening {
    /// The incident's title.
    pub title: String,
    /// Its question.
    pub question: String,
    /// Its name, with the variant.
    pub incident: String,
    /// The seed.
    pub seed: u64,
    /// Gates that were breached in the incident phase.
    pub breached: Vec<String>,
    /// What happened.
    pub course: Course,
    /// What it came to.
    pub was: Outcome,
    /// Longer than this was slow, ns; `None`: no gate bounds a latency.
    pub slow: Option<u64>,
    /// Whom it reached.
    pub blast: Blast,
    /// What it takes for it to happen.
    pub tree: Tree,
    /// What was decided, in the order of the file.
    pub actions: Vec<Reviewed>,
    /// True causes that no action answers.
    pub unanswered: Vec<String>,
    /// What to pay for first.
    pub funding: Funding,
    /// How many replays this rests on.
    pub replays: usize,
}

/// Makes the plan.
///
/// # Errors
/// As a run; and an incident in which nothing happens has no plan.
pub fn harden(incident: &Incident, registries: &Registries) -> Result<Hardening, Refusal> {
    if incident.timeline.is_empty() || incident.healthy {
        return Err(
            Refusal::new("nothing happens in this incident").help("a plan needs a [[timeline]]")
        );
    }
    let was = as_it_was(incident, registries)?;
    let mut trials = Trials::new(incident, registries, &was)?;
    let course = course::course(&was, &trials);
    let blast = trials.yardstick.blast(&was.ops, &was.run.recording);
    drop(was);
    let tree = tree::tree(&mut trials)?;
    let funding = funding::funding(&mut trials)?;
    let as_was = trials.get(Setup::default())?;
    let mut actions = vec![];
    for (i, action) in incident.actions.iter().enumerate() {
        let with = match &action.control {
            Some(_) => trials.get(Setup::done(&[i]))?.measured[i].clone(),
            None => None,
        };
        let without = as_was.measured[i].clone();
        let verdict = |said: &Option<(Verdict, String)>| said.as_ref().map(|(v, _)| *v);
        let proof = Proof::of(verdict(&without), verdict(&with));
        let detail = |said: Option<(Verdict, String)>| said.map(|(_, detail)| detail);
        actions.push(Reviewed {
            name: action.name.clone(),
            gap: action.gap.word().into(),
            cause: action.cause.clone(),
            control: action.control.as_ref().map(|c| c.words()),
            owner: action.owner.clone(),
            due: action.due.map(|d| d.to_string()),
            gate: action.gate.as_ref().map(|g| g.expression().to_owned()),
            before: detail(without),
            after: detail(with),
            proof,
        });
    }
    Ok(Hardening {
        title: incident.title.clone(),
        question: incident.question.clone(),
        incident: incident.label(),
        seed: incident.seed,
        breached: trials.breached.clone(),
        course,
        was: as_was,
        slow: trials.yardstick.slow,
        blast,
        tree,
        actions,
        unanswered: incident.unanswered(),
        funding,
        replays: trials.replays(),
    })
}

/// The gaps in the order in which people speak of them.
pub const GAPS: [Gap; 3] = [Gap::Detection, Gap::Design, Gap::Operational];
