//! What happened, from the trigger to recovery, with the times that a review asks for.

use super::trials::{AsItWas, Trials};
use crate::{
    gates::Gate,
    incident::{Entry, EntryKind, PhaseName},
};
use serde::Serialize;
use std::ops::Range;

/// What a moment was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An entry of the timeline.
    Trigger,
    /// The end of one that ended by itself.
    TriggerOver,
    /// Users began to feel it: a gate that was breached did not hold for the first time.
    Onset,
    /// A guard acted.
    Guard,
    /// A step of the fix.
    Fix,
    /// The gates held again.
    Recovered,
}

/// A moment of the incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// ns from the start of the trace.
    pub at: u64,
    /// What it was.
    pub kind: Kind,
    /// In words.
    pub what: String,
}

/// The course of the incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Course {
    /// In order of time.
    pub moments: Vec<Moment>,
    /// When it began, ns from the start of the trace.
    pub began: Option<u64>,
    /// From there until a gate did not hold, ns.
    pub onset: Option<u64>,
    /// From there until somebody knew, ns.
    pub detect: Option<u64>,
    /// Whether a guard told them.
    pub by_guard: bool,
    /// From there until something was done, ns.
    pub mitigate: Option<u64>,
    /// From there until the gates held again, ns.
    pub recover: Option<u64>,
    /// From the last step of the fix until then, ns.
    pub recovery: Option<u64>,
}

/// Windows in a row in which a gate does not hold before users are said to feel it: as many as have to hold for recovery.
const ROW: usize = 3;

pub(super) fn course(was: &AsItWas, trials: &Trials<'_>) -> Course {
    let truth = &was.run.truth;
    let began = truth.began();
    let since = |at: Option<u64>| Some(at?.saturating_sub(began?));
    let mut moments = vec![];
    for entry in &truth.entries {
        let kind = match entry.kind {
            EntryKind::Change | EntryKind::Fault | EntryKind::Drift => Kind::Trigger,
            EntryKind::Fix => Kind::Fix,
            EntryKind::Guard => Kind::Guard,
        };
        moments.push(Moment {
            at: entry.at,
            kind,
            what: words(entry),
        });
        let end = was.run.watched.windows.all().end;
        if let Some(until) = entry.until.filter(|&until| until < end) {
            moments.push(Moment {
                at: until,
                kind: Kind::TriggerOver,
                what: format!("{} is over", entry.label),
            });
        }
    }
    let broken = trials.broken(&was.run);
    let onset = first_of_row(&broken).filter(|_| !trials.breached.is_empty());
    if let Some(at) = onset {
        let gate = first_gate(was, trials, at);
        moments.push(Moment {
            at,
            kind: Kind::Onset,
            what: format!("{gate} no longer holds"),
        });
    }
    let recovered = truth.phases.iter().find(|p| p.name == PhaseName::Recovered);
    let recovered = recovered.map(|p| p.from).filter(|_| onset.is_some());
    if let Some(at) = recovered {
        moments.push(Moment {
            at,
            kind: Kind::Recovered,
            what: "all gates hold again".into(),
        });
    }
    moments.sort_by_key(|m| (m.at, m.kind));
    let guard = |e: &&Entry| e.kind == EntryKind::Guard && began.is_some_and(|b| e.at >= b);
    Course {
        moments,
        began,
        onset: since(onset),
        detect: since(truth.noticed()),
        by_guard: truth.entries.iter().any(|e| guard(&e)),
        mitigate: since(truth.mitigated()),
        recover: since(recovered),
        recovery: truth.recovery_time.filter(|_| onset.is_some()),
    }
}

/// The start of the first three windows in a row; of the first window, where there are no three.
fn first_of_row(broken: &[Range<u64>]) -> Option<u64> {
    let in_a_row = |some: &&[Range<u64>]| some.windows(2).all(|two| two[0].end == two[1].start);
    let row = broken.windows(ROW).find(in_a_row);
    row.and_then(|row| row.first())
        .or(broken.first())
        .map(|w| w.start)
}

/// The first gate, in the order of the file, that does not hold in the window that begins here.
fn first_gate(was: &AsItWas, trials: &Trials<'_>, at: u64) -> String {
    let run = &was.run;
    let phases = crate::incident::stretches(&run.truth);
    let context = crate::incident::context(
        &run.watched,
        &run.recording,
        &run.truth,
        &phases,
        &run.scalars,
    );
    let window = run.watched.windows.index(at);
    let breaks = |g: &&Gate| {
        trials.breached.iter().any(|b| b == g.name())
            && g.holds_in(&context, window..window + 1) == Some(false)
    };
    let gate = trials.incident.gates.iter().find(breaks);
    gate.map_or_else(String::new, |g| {
        format!("{} ({})", g.name(), g.expression())
    })
}

fn words(entry: &Entry) -> String {
    match (entry.kind, entry.hits) {
        (EntryKind::Fault, n) if n > 0 => format!("{}, touched {n} times", entry.label),
        (EntryKind::Fault, _) => format!("{}, touched nothing", entry.label),
        _ => entry.label.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_window_is_an_onset_only_where_no_row_of_them_is() {
        let at = |starts: &[u64]| -> Vec<Range<u64>> { starts.iter().map(|&s| s..s + 5).collect() };
        assert_eq!(first_of_row(&at(&[5, 20, 25, 30, 35])), Some(20));
        assert_eq!(first_of_row(&at(&[5, 20, 25])), Some(5));
        assert_eq!(first_of_row(&[]), None);
    }
}
