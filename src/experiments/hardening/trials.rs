//! The replays that a plan rests on: each set-up once, spread over all cores, reduced to numbers as soon as it has run.

use super::harm::{self, Harmed, Yardstick};
use crate::{
    config::Refusal,
    gates::{Gate, Judgement, Verdict},
    incident::{self, Incident, PhaseName, Registries, Run, RunOptions, Standard},
    recording::Keep,
};
use rayon::prelude::*;
use serde::Serialize;
use std::{collections::BTreeMap, ops::Range};

/// What a replay differs in from the file: both lists sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Setup {
    /// Actions that are done, by their place.
    pub done: Vec<usize>,
    /// Entries of the timeline that are left out, by their place.
    pub left_out: Vec<usize>,
}

impl Setup {
    pub(super) fn done(done: &[usize]) -> Setup {
        let mut done = done.to_vec();
        done.sort_unstable();
        Setup {
            done,
            left_out: vec![],
        }
    }
}

/// What a replay came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Requests that were harmed, from the trigger until the service had recovered as it was.
    pub harmed: Harmed,
    /// Gates of the file that are breached over the incident phase as it was.
    pub breached: Vec<String>,
    /// Time, within the same, in which a gate that was breached as it was did not hold, ns.
    pub broken_for: u64,
    /// From the last step of the fix until recovered, ns; `None`: never, or no fix.
    pub recovery: Option<u64>,
    /// From the trigger until a guard acted, or else the fix began, ns.
    pub detect: Option<u64>,
    /// From the trigger until a guard rolled back or the fix began, ns.
    pub mitigate: Option<u64>,
    /// What the gate of each action says, in their order.
    #[serde(skip)]
    pub measured: Vec<Option<(Verdict, String)>>,
}

impl Outcome {
    /// Whether one of these gates is breached.
    pub fn breaks(&self, gates: &[String]) -> bool {
        self.breached.iter().any(|g| gates.contains(g))
    }
}

/// All that is held against the incident as it was.
pub(super) struct Trials<'a> {
    pub incident: &'a Incident,
    pub registries: &'a Registries,
    pub yardstick: Yardstick,
    /// The incident as it was, to which all are held.
    standard: Standard,
    /// The gates that were breached in it.
    pub breached: Vec<String>,
    known: BTreeMap<Setup, Outcome>,
}

/// The incident as it was, with its rows, and the operations of the same traffic without it.
pub(super) struct AsItWas {
    pub run: Run,
    pub ops: Vec<harm::Op>,
    healthy: Vec<harm::Op>,
}

const ROWS: RunOptions<'static> = RunOptions {
    keep: Keep::Rows,
    progress: None,
};

/// Replays the incident as it was, and healthy.
pub(super) fn as_it_was(incident: &Incident, registries: &Registries) -> Result<AsItWas, Refusal> {
    let healthy = || {
        let mut healthy = incident.clone();
        healthy.healthy = true;
        let run = incident::run(&healthy, registries, &ROWS)?;
        Ok(harm::ops(&run.recording))
    };
    let was = || incident::run(incident, registries, &ROWS);
    let (healthy, was): (Result<_, Refusal>, Result<_, Refusal>) = rayon::join(healthy, was);
    let run = was?;
    Ok(AsItWas {
        ops: harm::ops(&run.recording),
        run,
        healthy: healthy?,
    })
}

impl AsItWas {
    /// From the trigger until recovered, or until the end.
    pub(super) fn harmful(&self) -> Range<u64> {
        let truth = &self.run.truth;
        let recovered = truth.phases.iter().find(|p| p.name == PhaseName::Recovered);
        let from = truth.began().unwrap_or(0);
        from..recovered.map_or(u64::MAX, |p| p.from)
    }

    /// The bound on a latency that tells who was slow: the tightest of those gates that are breached, or else of the
    /// highest percentile that a gate bounds.
    fn slow(&self, gates: &[Gate], breached: &[String]) -> Option<u64> {
        let run = &self.run;
        let phases = incident::stretches(&run.truth);
        let context = incident::context(
            &run.watched,
            &run.recording,
            &run.truth,
            &phases,
            &run.scalars,
        );
        let of = |gate: &Gate| gate.latencies(&context);
        let broken = gates
            .iter()
            .filter(|g| breached.iter().any(|b| b == g.name()));
        let tightest = broken.flat_map(of).map(|(_, most)| most).min();
        let all = gates.iter().flat_map(of);
        let widest = all.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        tightest.or(widest.map(|(_, most)| most))
    }
}

impl<'a> Trials<'a> {
    pub(super) fn new(
        incident: &'a Incident,
        registries: &'a Registries,
        was: &AsItWas,
    ) -> Result<Trials<'a>, Refusal> {
        let standard = Standard::of(&was.run)
            .ok_or_else(|| Refusal::new("the trace is too short for an incident"))?;
        let gates = incident.gates.iter();
        let said: Vec<Judgement> = gates.map(|g| standard.verdict(g, &was.run)).collect();
        let breached = said.iter().filter(|j| j.verdict == Verdict::Breach);
        let breached: Vec<String> = breached.map(|j| j.gate.clone()).collect();
        let yardstick = Yardstick {
            healthy: was.healthy.clone(),
            over: was.harmful(),
            slow: was.slow(&incident.gates, &breached),
        };
        let mut trials = Trials {
            incident,
            registries,
            yardstick,
            standard,
            breached,
            known: BTreeMap::new(),
        };
        let outcome = trials.outcome(&was.run, &was.ops);
        trials.known.insert(Setup::default(), outcome);
        Ok(trials)
    }

    /// How many replays there were, the healthy one included.
    pub(super) fn replays(&self) -> usize {
        self.known.len() + 1
    }

    /// Replays those of the set-ups that were not yet.
    pub(super) fn all(&mut self, setups: impl IntoIterator<Item = Setup>) -> Result<(), Refusal> {
        let mut new: Vec<Setup> = setups
            .into_iter()
            .filter(|s| !self.known.contains_key(s))
            .collect();
        new.sort();
        new.dedup();
        let this = &*self;
        let one = |setup: Setup| {
            let (incident, registries) = (this.incident, this.registries);
            let run = incident::trial(incident, &setup.done, &setup.left_out, registries, &ROWS)?;
            let outcome = this.outcome(&run, &harm::ops(&run.recording));
            Ok((setup, outcome))
        };
        let outcomes: Result<Vec<_>, Refusal> = new.into_par_iter().map(one).collect();
        self.known.extend(outcomes?);
        Ok(())
    }

    /// What a set-up came to.
    pub(super) fn get(&mut self, setup: Setup) -> Result<Outcome, Refusal> {
        self.all([setup.clone()])?;
        self.known
            .get(&setup)
            .cloned()
            .ok_or_else(|| Refusal::new("a replay got lost"))
    }

    fn outcome(&self, run: &Run, ops: &[harm::Op]) -> Outcome {
        let judged = |gate: &Gate| self.standard.verdict(gate, run);
        let breached = self.incident.gates.iter().map(judged);
        let breached = breached.filter(|j| j.verdict == Verdict::Breach);
        let truth = &run.truth;
        let since = |at: Option<u64>| Some(at?.saturating_sub(truth.began()?));
        let measured = self.incident.actions.iter().map(|action| {
            let judgement = judged(action.gate.as_ref()?);
            Some((judgement.verdict, judgement.detail))
        });
        Outcome {
            harmed: self.yardstick.count(ops),
            breached: breached.map(|j| j.gate).collect(),
            broken_for: self.broken(run).iter().map(|w| w.end - w.start).sum(),
            recovery: truth.recovery_time,
            detect: since(truth.noticed()),
            mitigate: since(truth.mitigated()),
            measured: measured.collect(),
        }
    }

    /// The windows in which a gate that was breached as it was does not hold. Of an incident that breached none: any gate.
    pub(super) fn broken(&self, run: &Run) -> Vec<Range<u64>> {
        let counts =
            |g: &&Gate| self.breached.is_empty() || self.breached.iter().any(|b| b == g.name());
        let gates: Vec<&Gate> = self.incident.gates.iter().filter(counts).collect();
        let windows = &run.watched.windows;
        let over = &self.yardstick.over;
        let within = windows.within(over.start, over.end.min(windows.all().end));
        let broken: Vec<usize> = self.standard.hold(run, |context| {
            let breaks = |w: usize| move |g: &&Gate| g.holds_in(context, w..w + 1) == Some(false);
            within.filter(|&w| gates.iter().any(breaks(w))).collect()
        });
        let span = |w: usize| windows.edges[w]..windows.edges[w + 1];
        broken.into_iter().map(span).collect()
    }
}
