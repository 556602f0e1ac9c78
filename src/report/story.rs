//! What happened, and what was concluded beside the truth, in sentences. Text and HTML tell the same.

use super::words::{clock, thousands};
use super::{Findings, diagnosed};
use crate::config::{show_bytes, show_nanos};
use crate::gates::{Judgement, Verdict};
use crate::incident::{Entry, EntryKind, PhaseName};
use indexmap::IndexMap;
use std::cmp::Ordering;

/// A sentence, and whether it is good news. `None`: neither.
pub type Told = (String, Option<bool>);

/// A line of what happened.
#[derive(Clone, Debug)]
pub struct Happening {
    /// When, ns.
    pub at: u64,
    /// The beginning of a phase, rather than an entry of the timeline.
    pub phase: bool,
    /// What.
    pub words: String,
}

/// Phases and the timeline as carried out, in order of time.
pub fn happenings(findings: &Findings) -> Vec<Happening> {
    let end = findings.bounds().1;
    let phases = findings.truth.phases.iter().map(|p| {
        let until = if p.to >= end {
            String::new()
        } else {
            format!(" until {}", clock(p.to))
        };
        Happening {
            at: p.from,
            phase: true,
            words: format!("{}{until}", p.name.word()),
        }
    });
    let entries = findings.truth.entries.iter();
    let entries = entries.map(|e| Happening {
        at: e.at,
        phase: false,
        words: entry(e),
    });
    let mut all: Vec<Happening> = phases.chain(entries).collect();
    if let Some(incident) = findings
        .truth
        .phases
        .iter()
        .find(|p| p.name == PhaseName::Incident)
        && !findings.anything_happened()
    {
        all.push(Happening {
            at: incident.from,
            phase: false,
            words: "nothing was done to this run; its phases are where the incident's would be"
                .to_owned(),
        });
    }
    all.sort_by_key(|h| (h.at, !h.phase));
    all
}

/// The name of an entry with its kind: `deploy 7f3a`, `fault: latency llm`.
pub fn entry_name(entry: &Entry) -> String {
    let kind = match entry.kind {
        EntryKind::Change => "deploy",
        EntryKind::Fault => "fault",
        EntryKind::Drift => "drift",
        EntryKind::Fix => "fix",
        EntryKind::Guard => "guard",
    };
    // A label often says its kind already; those of changes say what was done: deploy, set, warm, flush, restart.
    match entry.kind {
        EntryKind::Change => entry.label.clone(),
        _ if entry.label.starts_with(kind) => entry.label.clone(),
        _ => format!("{kind}: {}", entry.label),
    }
}

fn entry(entry: &Entry) -> String {
    let until = entry
        .until
        .map(|u| format!(" until {}", clock(u)))
        .unwrap_or_default();
    // Only faults count whom they touch.
    let hits = match (entry.kind, entry.hits) {
        (EntryKind::Fault, 0) => ", touched nothing".to_owned(),
        (EntryKind::Fault, 1) => ", touched 1 time".to_owned(),
        (EntryKind::Fault, n) => format!(", touched {} times", thousands(n)),
        _ => String::new(),
    };
    format!("{}{until}{hits}", entry_name(entry))
}

/// Whether it recovered; nothing when there was nothing to recover from.
pub fn recovery(findings: &Findings) -> Option<Told> {
    let truth = findings.truth;
    let fixed = truth.entries.iter().any(|e| e.kind == EntryKind::Fix);
    // Faults may end by themselves.
    let end = if fixed {
        "the last step of the fix"
    } else {
        "the end of the last fault"
    };
    match truth.recovery_time {
        _ if findings.sealed.is_some() || !findings.anything_happened() => None,
        Some(0) => Some((format!("recovered at once with {end}"), Some(true))),
        Some(ns) => Some((
            format!("recovered {} after {end}", show_nanos(ns)),
            Some(true),
        )),
        None if let Some(at) = truth.held_at => {
            let words = format!(
                "not recovered after {end}: the gates held at {}, and broke again",
                clock(at)
            );
            Some((words, Some(false)))
        }
        None if fixed => Some(("not recovered after the fix".to_owned(), Some(false))),
        // What nobody is to notice needs none.
        None if findings.true_onset().is_none() => None,
        None => Some(("no fix was applied".to_owned(), None)),
    }
}

/// Since when, as diagnosed, beside the truth: agreed when the true onset lies in the interval, or no further off than
/// a window, which is what a report resolves.
pub fn onset(findings: &Findings) -> Option<Told> {
    let onset = findings.diagnosis.onset.as_ref()?;
    let mut words = diagnosed::since(onset);
    let Some(truth) = findings.true_onset() else {
        return Some((words, None));
    };
    words += &format!("; in truth {}", clock(truth));
    let near = onset.at.abs_diff(truth) <= findings.watch.windows.width;
    let agrees = near || (onset.from..=onset.to).contains(&truth);
    if !agrees {
        words += &format!(", {}", off(onset.at, truth));
    }
    Some((words, Some(agrees)))
}

/// How far a diagnosed time is from the true one: `2s late`.
pub fn off(diagnosed: u64, truth: u64) -> String {
    let by = show_nanos(diagnosed.abs_diff(truth));
    match diagnosed.cmp(&truth) {
        Ordering::Less => format!("{by} early"),
        Ordering::Equal => "exact".to_owned(),
        Ordering::Greater => format!("{by} late"),
    }
}

/// The verdicts by gate, in the order in which gates first appear.
pub fn by_gate<'f>(findings: &Findings<'f>) -> Vec<(&'f str, Vec<&'f Judgement>)> {
    let mut gates: IndexMap<&str, Vec<&Judgement>> = IndexMap::new();
    for judgement in findings.judgements {
        gates.entry(&judgement.gate).or_default().push(judgement);
    }
    gates.into_iter().collect()
}

/// Whether it may ship: in a word, and which gates say so.
pub fn verdict(findings: &Findings) -> (&'static str, String) {
    let gates = by_gate(findings);
    let said = |verdict: Verdict| -> Vec<&str> {
        let of = gates
            .iter()
            .filter(|(_, judgements)| worst(judgements) == Some(verdict));
        of.map(|(name, _)| *name).collect()
    };
    let (broken, unknown, all) = (said(Verdict::Breach), said(Verdict::NoData), gates.len());
    let of_all = |n: usize| format!("{n} of {all} {}", if all == 1 { "gate" } else { "gates" });
    let no_data = |words: String| match unknown.is_empty() {
        true => words,
        false => format!("{words}; no data for {}", unknown.join(", ")),
    };
    match findings.verdict() {
        None if findings.sealed.is_some() => (
            "WHAT BROKE?",
            "and since when: that is for you to say".to_owned(),
        ),
        None => ("NO GATES", "nothing was asked of this run".to_owned()),
        Some(Verdict::Pass) if all == 1 => ("PASS", "the gate holds".to_owned()),
        Some(Verdict::Pass) => ("PASS", format!("all {all} gates hold")),
        Some(Verdict::NoData) => (
            "NO DATA",
            format!("{}: {}", of_all(unknown.len()), unknown.join(", ")),
        ),
        Some(Verdict::Breach) => {
            let mut phases: Vec<&str> = vec![];
            let breaches = findings.judgements.iter();
            for judgement in breaches.filter(|j| j.verdict == Verdict::Breach) {
                if !judgement.phase.is_empty() && !phases.contains(&judgement.phase.as_str()) {
                    phases.push(&judgement.phase);
                }
            }
            let during = match &phases[..] {
                [] => String::new(),
                [one] => format!(" in {one}"),
                [others @ .., last] => format!(" in {} and {last}", others.join(", ")),
            };
            let broken = format!(
                "{} broken{during}: {}",
                of_all(broken.len()),
                broken.join(", ")
            );
            ("BREACH", no_data(broken))
        }
    }
}

/// The worst of a gate's verdicts.
pub fn worst(judgements: &[&Judgement]) -> Option<Verdict> {
    let any = |v: Verdict| judgements.iter().any(|j| j.verdict == v);
    let order = [Verdict::Breach, Verdict::NoData, Verdict::Pass];
    order.into_iter().find(|v| any(*v))
}

/// What somebody on call asks first, with its label: since when, for whom, why, and whether it is over.
pub fn brief(findings: &Findings) -> Vec<(&'static str, Told)> {
    let diagnosis = findings.diagnosis;
    let whom = diagnosed::whom(diagnosis).map(|words| (words, None));
    let cause = diagnosis.causes.first().map(|c| {
        let mut words = diagnosed::cause(c);
        let agrees = findings.diagnosis_agrees();
        if let (Some(false), Some((expected, _))) = (agrees, expected(findings)) {
            words += &format!("; expected {expected}");
        }
        (words, agrees)
    });
    let quiet = diagnosis.onset.is_none() && !diagnosis.summary.is_empty();
    let quiet = quiet.then(|| (diagnosis.summary.clone(), findings.diagnosis_agrees()));
    let all = [
        ("found", quiet),
        ("since", onset(findings)),
        ("for", whom),
        ("cause", cause),
        ("now", recovery(findings)),
    ];
    let told = all.into_iter();
    told.filter_map(|(label, told)| Some((label, told?)))
        .collect()
}

/// What a correct lab must find, and whether it did; nothing when the file expects nothing.
pub fn expected(findings: &Findings) -> Option<Told> {
    let causes = findings.truth.causes.as_ref()?;
    let words = if causes.is_empty() {
        "no incident".to_owned()
    } else {
        causes.join(" and ")
    };
    Some((words, findings.diagnosis_agrees()))
}

/// What the command of a report does: the run again, or it says what a riddle was.
pub fn again(findings: &Findings) -> &'static str {
    match findings.sealed {
        Some(_) => "reveal",
        None => "again",
    }
}

/// What a section of what was concluded is called.
pub fn concluded(findings: &Findings) -> &'static str {
    match findings.sealed {
        Some(_) => "Seen",
        None => "Diagnosis",
    }
}

/// Incident, question and variant: `Q24 · incident-24 · no-fix`.
pub fn name(findings: &Findings) -> String {
    let parts = [findings.question, Some(findings.incident), findings.variant];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// What was replayed and what it takes to do it again: label and words.
pub fn run(findings: &Findings) -> Vec<(&'static str, String)> {
    let done = findings.seed.map_or("recorded", |_| "replayed");
    let mut requests = format!("{} {done}", thousands(findings.requests_replayed));
    if findings.tries != findings.requests_replayed {
        requests += &format!(" in {} tries", thousands(findings.tries));
    }
    if findings.background > 0 {
        requests += &format!(", and {} in the background", thousands(findings.background));
    }
    requests += &format!(
        ", {}{}",
        show_nanos(findings.virtual_length),
        findings.seed.map_or("", |_| " of virtual time"),
    );
    let facts = &findings.trace;
    let mut trace = facts.name.to_owned();
    if !facts.format.is_empty() && facts.format != facts.name {
        trace += &format!(" ({})", facts.format);
    }
    if facts.skipped_lines > 0 {
        let lines = if facts.skipped_lines == 1 {
            "line"
        } else {
            "lines"
        };
        trace += &format!(", {} {lines} skipped", thousands(facts.skipped_lines));
    }
    let mut lines = vec![("requests", requests)];
    lines.extend(findings.seed.map(|seed| ("seed", seed.to_string())));
    lines.extend([("digest", findings.digest.to_owned()), ("trace", trace)]);
    if !facts.captured.is_empty() {
        lines.push(("captured", facts.captured.join(", ")));
    }
    if !facts.filled.is_empty() {
        let one = |(field, how): &(&str, &str)| match how.is_empty() {
            true => (*field).to_owned(),
            false => format!("{field} ({how})"),
        };
        lines.push((
            "filled",
            facts.filled.iter().map(one).collect::<Vec<_>>().join(", "),
        ));
    }
    lines.push(match findings.recording {
        Some(_) => ("rows", format!("kept, {}", show_bytes(findings.bytes_kept))),
        None => ("rows", "not kept".to_owned()),
    });
    lines.push((again(findings), findings.reproduce.to_owned()));
    lines
}
