//! Conditions that are watched while a run goes on: what a guard acts on.
//!
//! Online only what is known by then can be held: the maximum over a sliding window of a time that every request has, or
//! the share of requests that ended in some way, against an amount. No percentile of a phase, no baseline, no scalar of the end.

use super::{
    Gate,
    syntax::{Bound, Expr, Name, Op, Quantity},
};
use crate::{
    config::{Node, Refusal},
    indicators::{Measure, Selector, Stage, Unit, of_requests},
};

/// What is held against an amount.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// The largest time of a request.
    Most {
        /// The time.
        stage: Stage,
        /// ns that it has to reach.
        least: u64,
    },
    /// A share of requests.
    Share {
        /// Counters above the line.
        of: &'static [usize],
        /// Counters below it.
        over: &'static [usize],
        /// The share that it has to exceed, or to reach.
        least: f64,
        /// Whether reaching it is enough.
        reached: bool,
    },
}

/// What a guard watches: `latency{tenant="acme"} max > 3s for 30s`, or `parse.error_rate > 2% for 30s`.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// Of which quantity, and the line.
    pub watched: Line,
    /// Which requests.
    pub select: Vec<Selector>,
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
                .help("write when = \"latency max > 3s for 30s\" (other stages: queue.wait, ttft, call and so on), or \"error_rate > 2% for 30s\"")
        };
        let Expr::Compare(condition) = &gate.expr else {
            return Err(no("it is no single comparison"));
        };
        let Quantity::Indicator(subject) = &condition.quantity else {
            return Err(no("it is known only when the run has ended"));
        };
        match (subject.measure, subject.name) {
            (Measure::Max(Stage::CallTime), _) => {
                return Err(no("it is of attempts, not of requests"));
            }
            (Measure::Max(_), Name::Listed(_)) => {}
            (Measure::Ratio(of, over), _)
                if subject.unit == Unit::Fraction && of_requests(of) && of_requests(over) => {}
            _ => {
                return Err(no(
                    "it is not the maximum of a time, nor a share of requests",
                ));
            }
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
        let reached = match condition.op {
            Op::More => false,
            Op::AtLeast => true,
            _ => return Err(no("a guard acts when something is more than it should be")),
        };
        let watched = match subject.measure {
            Measure::Ratio(of, over) => Line::Share {
                of,
                over,
                least: amount / 100.0,
                reached,
            },
            Measure::Max(stage) => Line::Most {
                stage,
                least: amount as u64 + u64::from(!reached),
            },
            _ => {
                return Err(no(
                    "it is not the maximum of a time, nor a share of requests",
                ));
            }
        };
        let Some(over) = condition.sliding else {
            return Err(no("it does not say over which time"));
        };
        Ok(Trigger {
            watched,
            select: subject.select.clone(),
            over,
        })
    }
}
