//! One request's way through the graph.

use super::{Dag, FanOut, Leftovers, OnFailure};
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Succeeded,
    Failed,
    /// It never ran, for what it waits for is not there.
    Skipped,
}

/// What a request comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not decided.
    Open,
    /// There is an answer; `whole` when nothing is missing that was asked for.
    Answer {
        /// Nothing is missing.
        whole: bool,
    },
    /// There is none; the step to blame, `None` when too few succeeded.
    Failed(Option<usize>),
}

/// See the module. Plain state: [`start_next`](Walk::start_next) says what to start, the caller says what [`ended`](Walk::ended).
#[derive(Clone)]
pub struct Walk<'d> {
    dag: &'d Dag,
    rules: &'d FanOut,
    state: Vec<State>,
    /// How many each step still waits for.
    waits_for: Vec<u32>,
    /// Whether something that it waits for is missing.
    lacks: Vec<bool>,
    ready: BTreeSet<usize>,
    running: usize,
    succeeded: usize,
    /// Steps that have not ended and were not skipped.
    open: usize,
    blame: Option<usize>,
    looked: u64,
}

impl<'d> Walk<'d> {
    /// At its beginning.
    pub fn new(dag: &'d Dag, rules: &'d FanOut) -> Walk<'d> {
        let n = dag.len();
        Walk {
            dag,
            rules,
            state: vec![State::Waiting; n],
            waits_for: dag.parents().to_vec(),
            lacks: vec![false; n],
            ready: (0..n).filter(|&i| dag.parents()[i] == 0).collect(),
            running: 0,
            succeeded: 0,
            open: n,
            blame: None,
            looked: 0,
        }
    }

    /// A step to start now, which counts as running from here on; those listed first go first.
    pub fn start_next(&mut self) -> Option<usize> {
        let bound = match self.rules.parallel {
            0 => usize::MAX,
            bound => bound as usize,
        };
        if self.running >= bound || self.verdict() != Verdict::Open {
            return None;
        }
        let step = self.ready.pop_first()?;
        self.state[step] = State::Running;
        self.running += 1;
        Some(step)
    }

    /// A running step has ended. `policy` is its `on_failure`, and counts when it failed.
    pub fn ended(&mut self, step: usize, ok: bool, policy: OnFailure) {
        if self.state.get(step) != Some(&State::Running) {
            return;
        }
        self.running -= 1;
        self.open -= 1;
        let there = ok || policy == OnFailure::Default;
        if ok {
            self.state[step] = State::Succeeded;
            self.succeeded += 1;
        } else {
            self.state[step] = State::Failed;
            // A quorum decides by number, and needs no single one.
            if policy == OnFailure::Fail && self.rules.need.of_them == 0 {
                self.blame.get_or_insert(step);
            }
        }
        self.settle(step, there);
    }

    /// Tells those that wait for a step that it has ended, and skips those that can no longer run.
    fn settle(&mut self, step: usize, there: bool) {
        let mut ended = vec![(step, there)];
        while let Some((step, there)) = ended.pop() {
            for &child in self.dag.children(step) {
                let child = child as usize;
                self.looked += 1;
                self.waits_for[child] -= 1;
                self.lacks[child] |= !there;
                if self.waits_for[child] > 0 {
                    continue;
                }
                if self.lacks[child] {
                    self.state[child] = State::Skipped;
                    self.open -= 1;
                    ended.push((child, false));
                } else {
                    self.ready.insert(child);
                }
            }
        }
    }

    /// Whether the request is decided.
    pub fn verdict(&self) -> Verdict {
        if let Some(step) = self.blame {
            return Verdict::Failed(Some(step));
        }
        let need = self.rules.need.of_them as usize;
        if need > 0 {
            if self.rules.early && self.succeeded >= need {
                return Verdict::Answer { whole: true };
            }
            if self.succeeded + self.open < need {
                return Verdict::Failed(None);
            }
        }
        if self.open > 0 {
            return Verdict::Open;
        }
        Verdict::Answer {
            whole: self.succeeded == self.state.len(),
        }
    }

    /// The deadline has come: what has not ended by now counts as failed. `policy` gives each step's `on_failure`.
    pub fn at_deadline(&self, policy: impl Fn(usize) -> OnFailure) -> Verdict {
        match self.verdict() {
            Verdict::Open => {}
            decided => return decided,
        }
        let mut then = self.clone();
        let mut failing: Vec<usize> = (0..self.state.len())
            .filter(|&i| self.state[i] == State::Running)
            .collect();
        while then.verdict() == Verdict::Open {
            failing.extend(std::mem::take(&mut then.ready));
            let Some(step) = failing.pop() else { break };
            if then.state[step] == State::Waiting {
                then.state[step] = State::Running;
                then.running += 1;
            }
            then.ended(step, false, policy(step));
        }
        then.verdict()
    }

    /// Steps that run, now that the request is decided, and are to be cancelled.
    pub fn leftovers(&self) -> impl Iterator<Item = usize> {
        let cancel = self.rules.leftovers == Leftovers::Cancel;
        (0..self.state.len()).filter(move |&i| cancel && self.state[i] == State::Running)
    }

    /// Steps that run.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Steps that never ran, for what they wait for is not there.
    pub fn skipped(&self) -> impl Iterator<Item = usize> {
        (0..self.state.len()).filter(|&i| self.state[i] == State::Skipped)
    }

    /// Steps without a result: failed, never run, or not ended yet.
    pub fn missing(&self) -> impl Iterator<Item = usize> {
        (0..self.state.len()).filter(|&i| self.state[i] != State::Succeeded)
    }

    /// Edges looked at so far.
    pub fn looked(&self) -> u64 {
        self.looked
    }
}
