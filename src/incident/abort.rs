//! Ends a run as soon as a gate with `abort_on_breach` is broken for certain: hears of requests as they end, and stops the
//! traffic. What is under way then still ends; phases end with the window in which it happened.

use super::{
    sums::Sums,
    truth::{self, Entry, EntryKind, Phase, PhaseName, Truth},
};
use crate::{
    config::show_nanos,
    gates::{Abort, AbortOn, ENOUGH, Gate},
    indicators::{Filter, Lookup, Windows, sums},
    recording::{Observer, RequestRow},
};
use std::cell::RefCell;

/// A run that a gate ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aborted {
    /// When, ns.
    pub at: u64,
    /// The gate's name.
    pub gate: String,
    /// What was found beside what is allowed, for people.
    pub words: String,
}

/// One gate that may end the run.
struct Standing<'a> {
    gate: &'a Gate,
    on: &'a Abort,
    filter: Filter,
    sums: Sums,
}

/// The gates of a run that may end it.
pub(super) struct Aborts<'a> {
    standing: Vec<Standing<'a>>,
    names: Box<dyn Lookup + 'a>,
    /// Requests that arrived before are of no phase that gates are held in, ns.
    since: u64,
    ended: &'a RefCell<Option<Aborted>>,
}

impl<'a> Aborts<'a> {
    /// Those of these gates. They are held from the incident phase on, or, without one, from the baseline on. `ended` is
    /// told.
    pub fn new(
        gates: &'a [Gate],
        phases: &[Phase],
        names: impl Lookup + 'a,
        ended: &'a RefCell<Option<Aborted>>,
    ) -> Aborts<'a> {
        let start = |name: PhaseName| phases.iter().find(|p| p.name == name).map(|p| p.from);
        let since = start(PhaseName::Incident).or(start(PhaseName::Baseline));
        let standing = |gate: &'a Gate| {
            let on = gate.abort()?;
            Some(Standing {
                gate,
                on,
                filter: Filter::new(&on.select),
                sums: Sums::default(),
            })
        };
        Aborts {
            standing: gates.iter().filter_map(standing).collect(),
            names: Box::new(names),
            since: since.unwrap_or(0),
            ended,
        }
    }

    /// Whether there is any.
    pub fn any(&self) -> bool {
        !self.standing.is_empty()
    }
}

impl Standing<'_> {
    /// The value that breaks the gate, once there is one.
    fn take(&mut self, row: &RequestRow, now: u64, since: u64) -> Option<f64> {
        match self.on.watched {
            AbortOn::Most(stage) => {
                let value = stage.of(row)? as f64;
                self.on.broken_by(value).then_some(value)
            }
            AbortOn::Share(of, over) => {
                self.sums.record(sums(row, of, over), now, self.on.over);
                // Less than a whole window is a start that says little.
                if now < since.saturating_add(self.on.over) {
                    return None;
                }
                let (of, over) = self.sums.read(now, self.on.over);
                let share = of as f64 / over as f64;
                (over >= ENOUGH && self.on.broken_by(share)).then_some(share)
            }
        }
    }
}

impl Observer for Aborts<'_> {
    fn request(&mut self, row: &RequestRow, ended: u64) {
        if row.arrived < self.since || row.background != 0 || self.ended.borrow().is_some() {
            return;
        }
        for standing in &mut self.standing {
            if !standing.filter.lets_in(row, &*self.names) {
                continue;
            }
            if let Some(value) = standing.take(row, ended, self.since) {
                *self.ended.borrow_mut() = Some(Aborted {
                    at: ended,
                    gate: standing.gate.name().into(),
                    words: standing.on.words(value),
                });
                return;
            }
        }
    }
}

/// What the truth is of a run that was ended: nothing after that happened, and no phase came after it.
pub(super) fn cut(truth: &mut Truth, aborted: &Aborted, windows: &Windows) {
    let end = windows.edges.iter().find(|&&edge| edge > aborted.at);
    let end = end.copied().unwrap_or(windows.all().end);
    for phase in &mut truth.phases {
        phase.to = phase.to.min(end);
    }
    truth.phases.retain(|p| p.from < p.to);
    truth.entries.retain(|entry| entry.at <= aborted.at);
    for entry in &mut truth.entries {
        entry.until = entry.until.filter(|&until| until <= aborted.at);
    }
    truth.entries.push(Entry {
        kind: EntryKind::Guard,
        label: format!("{}{}: {}", truth::ABORT, aborted.gate, aborted.words),
        at: aborted.at,
        until: None,
        hits: 0,
    });
}

impl Aborted {
    /// In one sentence.
    pub fn sentence(&self) -> String {
        format!("ended the run at {}: {}", show_nanos(self.at), self.words)
    }
}
