//! What broke, since when, for whom and why: from the recording alone.
//!
//! Nothing else comes in: [`diagnose`] takes a [`Recording`], and this room may not use the rooms that know what was
//! injected (tests/floors.rs). The way through it: `view` (what users did) → `windows`, `series` (what may move) → `scan`,
//! `contrast`, `threshold`, `episode` (what moved together, beyond what the run does by itself) → `refine` (since when, to
//! the instant) → `evidence/` (facts) → `causes/`, `rank` (why) → `users`, `segments`, `say` (in words).
//!
//! The method, with its sources, is on the page DIAGNOSIS. Not here: what was injected, gates, and blame of people.

pub mod catalogue;
mod causes;
mod contrast;
mod deploys;
mod episode;
mod evidence;
mod expiry;
mod incident;
mod lives;
mod locate;
mod marks;
mod narrowed;
mod overload;
mod rank;
mod refine;
mod repeats;
mod say;
mod scan;
mod segments;
mod series;
mod stats;
mod tenants;
mod threshold;
mod trouble;
mod turns;
mod users;
mod view;
mod windows;

pub use causes::{Cause, Family};
pub use episode::Loud;
pub use rank::NONE;
pub use say::clock;

use crate::recording::Recording;
use serde::Serialize;
use std::ops::Range;

/// The answer.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Diagnosis {
    /// Whether there is an incident at all, in one sentence: `no incident`, `undecided: too little to tell`, or since when and
    /// what users feel.
    pub summary: String,
    /// When it began; `None` when there is no incident.
    pub onset: Option<Onset>,
    /// What moved, worst first.
    pub symptoms: Vec<Symptom>,
    /// Ranked causes, the most probable first, at most five.
    pub causes: Vec<Ranked>,
    /// For whom it is worse than for the others; empty: for everybody alike.
    pub segments: Vec<Segment>,
    /// In which stage the tail grew, as shares of its growth, largest first.
    pub tail: Vec<(String, f64)>,
    /// Further sentences: what it is confined to, what else moved.
    pub notes: Vec<String>,
    /// Changes that are not to blame, and why.
    pub cleared: Vec<String>,
    /// Other, smaller episodes.
    pub also: Vec<String>,
    /// The first causes of other episodes, where they stand: two things went wrong, at times of their own.
    pub second: Vec<String>,
    /// The facts that the causes were weighed by.
    pub facts: Vec<Known>,
    /// What the recording lacks, and what could therefore not be told.
    pub limits: Vec<String>,
    /// What was compared: the stretch before, and the episode, ns.
    #[serde(skip)]
    pub compared: Option<(Range<u64>, Range<u64>)>,
}

/// A time with its uncertainty, ns from the start.
#[derive(Clone, Debug, Serialize)]
pub struct Onset {
    /// Most likely instant.
    pub at: u64,
    /// Interval of about 95 %.
    pub from: u64,
    /// End of the interval.
    pub to: u64,
    /// When the indicators were well again, if they were.
    pub until: Option<u64>,
    /// A change over time instead of at once.
    pub ramp: bool,
}

/// An indicator that moved.
#[derive(Clone, Debug, Serialize)]
pub struct Symptom {
    /// The indicator's name.
    pub indicator: String,
    /// Its value before.
    pub before: f64,
    /// Its value during.
    pub during: f64,
    /// In words: `cache.hit_rate 81% → 12%`.
    pub words: String,
}

/// A cause with the evidence for and against it.
#[derive(Clone, Debug, Serialize)]
pub struct Ranked {
    /// Its name in the catalogue, or `none-of-these`.
    pub cause: String,
    /// What exactly, where the evidence names it: the field, the tenant, the dependency.
    pub subject: Option<String>,
    /// Probability among the causes considered.
    pub probability: f64,
    /// Same rank as its neighbour, within the noise.
    pub tied: bool,
    /// Numbers that speak for it.
    pub evidence: Vec<String>,
    /// Numbers that speak against it.
    pub against: Vec<String>,
    /// What stops the harm now.
    pub containment: String,
    /// What cures it.
    pub remedy: String,
    /// What to look at next.
    pub next: String,
    /// When an automated roll-back should have acted.
    pub trigger: String,
}

/// A fact of the episode with its standard error: differences of shares as shares, ratios as logarithms.
#[derive(Clone, Debug, Serialize)]
pub struct Known {
    /// Its name, such as `deploy_at_onset`.
    pub fact: String,
    /// Its value.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
}

/// A value of a tag whose requests got worse than the others'.
#[derive(Clone, Debug, Serialize)]
pub struct Segment {
    /// The tag.
    pub tag: String,
    /// Its value.
    pub value: String,
    /// How many times the odds of a bad request grew, beyond the others'.
    pub odds: f64,
    /// Its share of requests.
    pub share: f64,
    /// How sure: standard errors.
    pub z: f64,
}

/// Diagnoses a recording.
pub fn diagnose(recording: &Recording) -> Diagnosis {
    incident::diagnose(recording, None)
}

/// Diagnoses a recording that is known to be healthy until an instant, ns: nothing begins before it, and what is before it is
/// what the rest is compared with. For two recordings set one behind the other, and for one whose onset is known.
pub fn diagnose_from(recording: &Recording, healthy: u64) -> Diagnosis {
    incident::diagnose(recording, Some(healthy))
}

/// What a recording made elsewhere does not hold, and what can therefore not be told: a sentence each.
pub fn narrowed(recording: &Recording) -> Vec<String> {
    narrowed::sentences(recording)
}

/// What would come first if these causes were not in the catalogue: an honest diagnosis then says [`NONE`].
pub fn first_without(diagnosis: &Diagnosis, causes: &[&str]) -> String {
    rank::first_without(&diagnosis.facts, causes)
}

/// A cause weighed by the facts of a diagnosis, also where it came too far down to be listed; `None` of one that the diagnosis
/// does not know. It is of probability 0 there.
pub fn weighed(diagnosis: &Diagnosis, cause: &str) -> Option<Ranked> {
    let listed = diagnosis.causes.iter().find(|c| c.cause == cause);
    let first = diagnosis.causes.first().map(|c| c.cause.as_str());
    listed
        .cloned()
        .or_else(|| rank::weighed(&diagnosis.facts, cause, first))
}

/// Whether what the first cause rests on stands in another recording over the same stretches: in a run without the cause it
/// must not. `None`: no cause is named.
pub fn stands_in(diagnosis: &Diagnosis, other: &Recording) -> Option<bool> {
    incident::stands_in(diagnosis, other)
}

/// How loud each quantity is: its largest Z, and that of the stretches which would alarm alone. The thresholds are read off
/// the latter on healthy runs (`gameday blind --healthy`, `examples/diagnosis_study.rs`).
pub fn loudest(recording: &Recording) -> Vec<Loud> {
    incident::loudest(recording)
}

/// All causes that this room knows, in families.
pub fn catalogue() -> &'static [&'static Cause] {
    causes::CAUSES
}
