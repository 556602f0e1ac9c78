//! `abort_on_breach`: a gate that ends the run as soon as it is broken for certain, so that nobody waits for the rest.
//!
//! Only what is known while the run goes on can do so: the maximum of a time that every request has, or a share of
//! requests, against an amount, over a sliding window (`for 30s`). A maximum is broken by the first request beyond it; a
//! share by a whole window of requests that have ended in which it is, of at least [`ENOUGH`] of them.
//! Not here: who hears of requests and stops the traffic (`incident/abort.rs`).

use super::{
    online::{Online, Watched},
    parse::Wrong,
    syntax::{Expr, Op},
};
use crate::indicators::{Selector, Unit};
use std::ops::Range;

/// Requests that have to have ended in a window before a share ends a run: that of fewer moves by more than five points
/// with a single request.
pub const ENOUGH: u64 = 20;

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
        let fits = |watched: &Watched, op| match (op, watched) {
            (Op::Less | Op::AtMost, _) => Ok(()),
            (Op::More | Op::AtLeast, Watched::Share(..)) => Ok(()),
            _ => Err("it does not say what must not be exceeded"),
        };
        let online = Online::of(expr, fits).map_err(|why| {
            Wrong::new(word.clone(), format!("a run cannot be ended by this: {why}")).help(
                "write one comparison that is known while it runs: error_rate < 5% for 30s abort_on_breach, or latency max < 3s for 30s abort_on_breach",
            )
        })?;
        Ok(Abort {
            watched: online.watched,
            select: online.select,
            over: online.over,
            op: online.op,
            bound: online.bound,
            unit: online.unit,
            quantity: online.quantity,
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
