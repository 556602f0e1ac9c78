//! Everything that a report says about one run, in one place. The command fills it; text, JSON, pictures and histograms
//! read it, so that they cannot disagree.
//!
//! Not here: wall-clock times, speeds, paths of the machine. What is not in here is in no file, which is why every file
//! of a report is the same to the byte on every run and machine.

use crate::baseline::Movement;
use crate::diagnosis::Diagnosis;
use crate::gates::{Judgement, Verdict};
use crate::incident::{Phase, PhaseName, Truth};
use crate::indicators::{Indicator, Stage, Watch, find};
use crate::recording::Recording;
use hdrhistogram::Histogram;

/// What a report says about one run.
#[derive(Clone)]
pub struct Findings<'a> {
    /// The incident's title.
    pub title: &'a str,
    /// The question that it answers, such as `Q24`.
    pub question: Option<&'a str>,
    /// The incident's name: its file without the ending. Names the report's folder.
    pub incident: &'a str,
    /// The variant that was overlaid, or a word for what was left out (`healthy`, `no-fix`).
    pub variant: Option<&'a str>,
    /// The seed; `None` of a recording, which does not know it.
    pub seed: Option<u64>,
    /// The digest of the run's recording.
    pub digest: &'a str,
    /// Operations of the trace that were replayed. Retries of a client share one.
    pub requests_replayed: u64,
    /// Tries of clients: rows of the recording, background requests left out.
    pub tries: u64,
    /// Requests of no user: warming, audits.
    pub background: u64,
    /// Length of the run in virtual ns.
    pub virtual_length: u64,
    /// What the trace had and what was made up.
    pub trace: TraceFacts<'a>,
    /// What only the lab knows.
    pub truth: &'a Truth,
    /// What the gates say, in the order of the file.
    pub judgements: &'a [Judgement],
    /// What has moved since a baseline, if the run was held against one.
    pub moved: Option<&'a Movement>,
    /// What was concluded from the recording alone.
    pub diagnosis: &'a Diagnosis,
    /// The indicators of all users' traffic, window by window.
    pub watch: &'a Watch,
    /// The recording; `None` when its rows were not kept.
    pub recording: Option<&'a Recording>,
    /// Bytes that the kept rows take.
    pub bytes_kept: u64,
    /// The command that does it again; of a riddle, the one that reveals it.
    pub reproduce: &'a str,
    /// What the run was, sealed: of a report for somebody who is to find out. It then says what the recording alone says, and its
    /// phases are where an alarm would put them (`training`).
    pub sealed: Option<&'a str>,
}

/// What is known about the trace besides its requests, in words: the report does not look into traces.
#[derive(Clone, Debug, Default)]
pub struct TraceFacts<'a> {
    /// The file as the user wrote it, or what the generator is called.
    pub name: &'a str,
    /// The format's name, or `generated`.
    pub format: &'a str,
    /// Real time of the trace's start, ns since 1970, if it has one.
    pub origin: Option<i64>,
    /// Fields that the file has.
    pub captured: Vec<&'a str>,
    /// Fields that were made up, each with how.
    pub filled: Vec<(&'a str, &'a str)>,
    /// Lines of the file that were skipped.
    pub skipped_lines: u64,
}

impl Findings<'_> {
    /// The phases that a report compares, in order of time; without the warm-up, and the whole run if there is no other.
    pub fn phases(&self) -> Vec<Phase> {
        let shown = |p: &&Phase| p.name != PhaseName::WarmUp && p.to > p.from;
        let phases: Vec<Phase> = self.truth.phases.iter().filter(shown).copied().collect();
        if phases.is_empty() {
            let (from, to) = self.bounds();
            return vec![Phase {
                name: PhaseName::Baseline,
                from,
                to,
            }];
        }
        phases
    }

    /// The phases that people compare side by side: while it recovers is of interest only when it never recovered.
    pub fn compared(&self) -> Vec<Phase> {
        let mut phases = self.phases();
        if phases.iter().any(|p| p.name == PhaseName::Recovered) {
            phases.retain(|p| p.name != PhaseName::Recovering);
        }
        phases
    }

    /// First and last edge of the windows, ns.
    pub fn bounds(&self) -> (u64, u64) {
        let edges = &self.watch.windows.edges;
        (
            edges.first().copied().unwrap_or(0),
            edges.last().copied().unwrap_or(self.virtual_length),
        )
    }

    /// The value of an indicator of the catalogue in a phase; `None` is "no data" (or no such indicator).
    pub fn value(&self, name: &str, phase: &Phase) -> Option<f64> {
        self.value_over(find(name)?, phase.from, phase.to)
    }

    /// The value over any stretch between two edges. A value that is no number is no data.
    pub fn value_over(&self, indicator: &Indicator, from: u64, to: u64) -> Option<f64> {
        self.watch
            .over(indicator, from, to)
            .filter(|v| v.is_finite())
    }

    /// The value in each window.
    pub fn series(&self, name: &str) -> Vec<Option<f64>> {
        let values = find(name).map(|i| self.watch.series(i)).unwrap_or_default();
        values
            .into_iter()
            .map(|v| v.filter(|v| v.is_finite()))
            .collect()
    }

    /// Whether gates passed, in one word for people: the worst verdict, or `None` without gates.
    pub fn verdict(&self) -> Option<Verdict> {
        let any = |v: Verdict| self.judgements.iter().any(|j| j.verdict == v);
        if self.judgements.is_empty() {
            return None;
        }
        Some(if any(Verdict::Breach) {
            Verdict::Breach
        } else if any(Verdict::NoData) {
            Verdict::NoData
        } else {
            Verdict::Pass
        })
    }

    /// Whether the diagnosis names what the truth expects: the right causes on top, or rightly none. `None` when nothing is
    /// expected, or when there were no rows to diagnose.
    pub fn diagnosis_agrees(&self) -> Option<bool> {
        let expected = self.truth.causes.as_ref()?;
        self.recording?;
        let named = self.diagnosis.causes.iter().take(expected.len().max(1));
        let named: Vec<&str> = named.map(|c| c.cause.as_str()).collect();
        Some(if expected.is_empty() {
            self.diagnosis.onset.is_none()
        } else {
            expected.iter().all(|cause| named.contains(&cause.as_str()))
        })
    }

    /// Whether anything was done to the run: a healthy one has the phases of its incident, and nothing in them.
    pub fn anything_happened(&self) -> bool {
        self.sealed.is_some() || self.truth.anything_happened()
    }

    /// When the incident began in truth: the start of the incident phase unless something harmless came first, if there
    /// was an incident. What is expected to go unnoticed is none.
    pub fn true_onset(&self) -> Option<u64> {
        // That of a riddle is not told.
        self.truth.true_onset().filter(|_| self.sealed.is_none())
    }

    /// The folder of this run's report: `incident-24`, `incident-24-no-fix`.
    pub fn folder_name(&self) -> String {
        // Whatever a file is called, the report stays in its folder.
        let plain = |text: &str| -> String {
            let fit = |c: char| {
                if c.is_alphanumeric() || "-_.".contains(c) {
                    c
                } else {
                    '-'
                }
            };
            text.chars()
                .map(fit)
                .collect::<String>()
                .trim_matches('.')
                .to_owned()
        };
        let name = plain(self.incident);
        let name = if name.is_empty() {
            "run".to_owned()
        } else {
            name
        };
        match self.variant.map(plain).filter(|v| !v.is_empty()) {
            Some(variant) => format!("{name}-{variant}"),
            None => name,
        }
    }
}

impl Findings<'_> {
    /// Latencies from the intended arrival of the requests that arrived in `[from, to)`, ns.
    pub fn histogram(&self, from: u64, to: u64) -> Histogram<u64> {
        self.watch
            .tally(Stage::Latency, self.watch.windows.within(from, to))
            .to_histogram()
    }
}
