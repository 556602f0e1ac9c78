//! Which indicators of a run are looked at first: what its gates are about, what the diagnosis saw move, and what every
//! service is judged by. Sparklines of the text and the key numbers of the page show these.

use super::Findings;
use crate::gates::{self, Verdict};
use crate::indicators::{Indicator, find};

/// What every service is judged by.
const ALWAYS: [&str; 3] = ["latency.p95", "error_rate", "throughput"];

/// An indicator in focus.
#[derive(Clone, Debug, PartialEq)]
pub struct Focus {
    /// Which.
    pub indicator: &'static Indicator,
    /// What its gates say: the worst of them; `None` when no gate is about it.
    pub verdict: Option<Verdict>,
}

/// At most so many, those of gates that do not pass first. One without data in every window is left out, and so is one
/// that is zero throughout, unless that is what breaks a gate.
pub fn focus(findings: &Findings, most: usize) -> Vec<Focus> {
    let mut all: Vec<Focus> = vec![];
    let mut put = |indicator: &'static Indicator, verdict: Option<Verdict>| {
        if all.iter().all(|f| f.indicator != indicator) {
            all.push(Focus { indicator, verdict });
        }
    };
    let judged = |verdict: Verdict| {
        findings
            .judgements
            .iter()
            .filter(move |j| j.verdict == verdict)
    };
    let about = |verdict| judged(verdict).flat_map(|j| gates::indicators(&j.expression));
    for verdict in [Verdict::Breach, Verdict::NoData] {
        about(verdict).for_each(|i| put(i, Some(verdict)));
    }
    let passing: Vec<_> = about(Verdict::Pass).collect();
    let verdict = |i: &Indicator| passing.contains(&i).then_some(Verdict::Pass);
    let moved = findings.diagnosis.symptoms.iter();
    let moved = moved.filter_map(|s| find(&s.indicator));
    let first = moved.chain(ALWAYS.iter().filter_map(|name| find(name)));
    first.for_each(|i| put(i, verdict(i)));
    passing.iter().for_each(|&i| put(i, Some(Verdict::Pass)));
    all.retain(|f| {
        let values = findings.series(f.indicator.name);
        let mut known = values.iter().flatten().peekable();
        let broken = f.verdict.is_some_and(|v| v != Verdict::Pass);
        known.peek().is_some() && (broken || known.any(|v| *v != 0.0))
    });
    all.truncate(most);
    all
}
