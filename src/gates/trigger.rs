//! Conditions that are watched while a run goes on: what a guard acts on.
//!
//! Online only what is known by then can be held: the maximum over a sliding window of a time that every request has,
//! against an amount. No percentile of a phase, no baseline, no scalar of the end.

use super::{
    Gate,
    syntax::{Bound, Expr, Name, Op, Quantity},
};
use crate::{
    config::{Node, Refusal},
    indicators::{Measure, Selector, Stage},
};

/// What a guard watches: `latency{tenant="acme"} max > 3s for 30s`.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// The time of a request.
    pub stage: Stage,
    /// Which requests.
    pub select: Vec<Selector>,
    /// ns that the maximum has to reach.
    pub least: u64,
    /// ns of the sliding window.
    pub over: u64,
}

impl Trigger {
    /// Reads a condition that can be watched online.
    ///
    /// # Errors
    /// What is no condition, and what is known only at the end.
    pub fn parse(node: &Node) -> Result<Trigger, Refusal> {
        let gate = Gate::parse("guard", node)?;
        let no = |why: &str| {
            Refusal::at(&node.at, format!("a guard cannot watch this: {why}"))
                .help("write when = \"latency max > 3s for 30s\"; other stages: queue.wait, ttft, call and so on")
        };
        let Expr::Compare(condition) = &gate.expr else {
            return Err(no("it is no single comparison"));
        };
        let Quantity::Indicator(subject) = &condition.quantity else {
            return Err(no("it is known only when the run has ended"));
        };
        let (Measure::Max(stage), Name::Listed(_)) = (subject.measure, subject.name) else {
            return Err(no("it is not the maximum of a time"));
        };
        if stage == Stage::CallTime {
            return Err(no("it is of attempts, not of requests"));
        }
        if subject.by.is_some() {
            return Err(no("it is split"));
        }
        if condition.during.is_some() {
            return Err(no("a run does not know its phases"));
        }
        let Bound::Amount(amount) = condition.bound else {
            return Err(no("what it is compared with is not known yet"));
        };
        let least = match condition.op {
            Op::More => amount as u64 + 1,
            Op::AtLeast => amount as u64,
            _ => return Err(no("a guard acts when something is more than it should be")),
        };
        let Some(over) = condition.sliding else {
            return Err(no("it does not say over which time"));
        };
        Ok(Trigger {
            stage,
            select: subject.select.clone(),
            least,
            over,
        })
    }
}
