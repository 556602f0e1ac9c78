//! Conditions that are known while a run goes on: the maximum over a sliding window of a time that every request has, or the
//! share of requests that ended in some way, against an amount. No percentile of a phase, no baseline, no scalar of the end.

use super::syntax::{Bound, Expr, Name, Op, Quantity, value_of};
use crate::indicators::{Measure, Selector, Stage, Unit, of_requests};

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Watched {
    /// The largest time of a request.
    Most(Stage),
    /// A share of requests: counters above the line, and below it.
    Share(&'static [usize], &'static [usize]),
}

/// Such a condition.
pub(super) struct Online {
    pub watched: Watched,
    pub select: Vec<Selector>,
    /// ns of the sliding window.
    pub over: u64,
    pub op: Op,
    /// ns, or a fraction.
    pub bound: f64,
    pub unit: Unit,
    /// As written.
    pub quantity: String,
}

impl Online {
    /// Reads it off an expression; `Err` says why it cannot be known in time. `fits` refuses comparisons that the caller
    /// has no use for.
    pub fn of(
        expr: &Expr,
        fits: impl Fn(&Watched, Op) -> Result<(), &'static str>,
    ) -> Result<Online, &'static str> {
        let Expr::Compare(condition) = expr else {
            return Err("it is no single comparison");
        };
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
        fits(&watched, condition.op)?;
        let Some(over) = condition.sliding else {
            return Err("it does not say over which time");
        };
        Ok(Online {
            watched,
            select: subject.select.clone(),
            over,
            op: condition.op,
            bound: value_of(amount, subject.unit),
            unit: subject.unit,
            quantity: condition.quantity.to_string(),
        })
    }
}
