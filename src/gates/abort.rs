//! `abort_on_breach`: a gate that ends the run as soon as it is broken for certain, so that nobody waits for the rest.
//!
//! Only what is known while the run goes on can do so: the maximum of a time that every request has, or a share of
//! requests, against an amount, over a sliding window (`for 30s`). A maximum is broken by the first request beyond it; a
//! share by a whole window of requests that have ended in which it is, of at least [`ENOUGH`] of them.
//! Not here: who hears of requests and stops the traffic (`incident/abort.rs`).

use super::{
    parse::Wrong,
    syntax::{Bound, Condition, Expr, Name, Op, Quantity, value_of},
};
use crate::indicators::{Measure, Selector, Stage, Unit, of_requests};
use std::ops::Range;

/// Requests that have to have ended in a window before a share ends a run: that of fewer moves by more than five points
/// with a single request.
pub const ENOUGH: u64 = 20;

/// What is watched.
#[derive(Clone, Debug, PartialEq)]
pub enum Watched {
    /// The largest time of a request.
    Most(Stage),
    /// A share of requests: counters above the line, and below it.
    Share(&'static [usize], &'static [usize]),
}

/// A condition that may end a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Abort {
    /// Of which quantity.
    pub watched: Watched,
    /// Which requests.
    pub select: Vec<Selector>,
    /// ns of the sliding window.
    pub over: u64,
    op: Op,
    /// ns, or a fraction.
    bound: f64,
    unit: Unit,
    quantity: String,
}

impl Abort {
    /// Reads it off a gate's expression; `word` is where `abort_on_breach` stands.
    pub(super) fn of(expr: &Expr, word: &Range<usize>) -> Result<Abort, Wrong> {
        let no = |why: &str| {
            Wrong::new(word.clone(), format!("a run cannot be ended by this: {why}")).help(
                "write one comparison that is known while it runs: error_rate < 5% for 30s abort_on_breach, or latency max < 3s for 30s abort_on_breach",
            )
        };
        let Expr::Compare(condition) = expr else {
            return Err(no("it is no single comparison"));
        };
        Abort::of_condition(condition).map_err(no)
    }

    fn of_condition(condition: &Condition) -> Result<Abort, &'static str> {
        let Quantity::Indicator(subject) = &condition.quantity else {
            return Err("it is known only when the run has ended");
        };
        let watched = match (subject.measure, subject.name) {
            (Measure::Max(Stage::CallTime), _) => return Err("it is of attempts, not of requests"),
            (Measure::Max(stage), Name::Listed(_)) => Watched::Most(stage),
            (Measure::Ratio(of, over), _)
                if subject.unit == Unit::Fraction && of_requests(of) && of_requests(over) =>
            {
                Watched::Share(of, over)
            }
            _ => return Err("it is not the maximum of a time, nor a share of requests"),
        };
        if subject.by.is_some() {
            return Err("it is split");
        }
        if condition.during.is_some() {
            return Err("a run does not know its phases");
        }
        let Bound::Amount(amount) = condition.bound else {
            return Err("what it is compared with is not known yet");
        };
        let below = matches!(condition.op, Op::Less | Op::AtMost);
        if !below
            && (matches!(watched, Watched::Most(_))
                || matches!(condition.op, Op::Equal | Op::NotEqual))
        {
            return Err("it does not say what must not be exceeded");
        }
        let Some(over) = condition.sliding else {
            return Err("it does not say over which time");
        };
        Ok(Abort {
            watched,
            select: subject.select.clone(),
            over,
            op: condition.op,
            bound: value_of(amount, subject.unit),
            unit: subject.unit,
            quantity: condition.quantity.to_string(),
        })
    }

    /// Whether a value breaks it: ns of a maximum, or a share as a fraction.
    pub fn broken_by(&self, value: f64) -> bool {
        !self.op.holds(value, self.bound)
    }

    /// A value beside what is allowed, for people: `error_rate 7.2%, allowed 5%`.
    pub fn words(&self, value: f64) -> String {
        format!(
            "{} {}, {} {}",
            self.quantity,
            self.unit.show(value),
            self.op.bound_word(),
            self.unit.show(self.bound)
        )
    }
}
