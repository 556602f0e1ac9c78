//! What broke, since when, for whom and why: from the recording alone.
//!
//! Nothing else comes in: [`diagnose`] takes a [`Recording`], and this room may not use the rooms that know what was
//! injected (tests/floors.rs).

use crate::recording::Recording;
use serde::Serialize;

/// The answer.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Diagnosis {
    /// Whether there is an incident at all, in one sentence: `no incident`, or since when and what users feel.
    pub summary: String,
    /// When it began; `None` when there is no incident.
    pub onset: Option<Onset>,
    /// What moved, worst first.
    pub symptoms: Vec<Symptom>,
    /// Ranked causes, the most probable first, at most five.
    pub causes: Vec<Ranked>,
    /// What the recording lacks, and what could therefore not be told.
    pub limits: Vec<String>,
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
    /// What to do.
    pub remedy: String,
    /// What to look at next.
    pub next: String,
}

/// Diagnoses a recording.
pub fn diagnose(_recording: &Recording) -> Diagnosis {
    Diagnosis {
        summary: "no incident".into(),
        ..Diagnosis::default()
    }
}
