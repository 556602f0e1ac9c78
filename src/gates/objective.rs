//! A quantity that runs are compared by: one without a bound, of one phase. What a sweep tabulates and trades off.

use super::{
    Context, Gate, Stretch, each, parse,
    syntax::{Bound, By, Condition, Expr, Op, Quantity, Subject},
};
use crate::{
    config::{Refusal, Source},
    indicators::{Unit, Worse},
};
use std::fmt;

/// A quantity of the gates' language with the phase that it is of: `latency p(95) during incident`.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    quantity: Quantity,
    during: Option<&'static str>,
}

impl Objective {
    /// Reads it from a text that the user gave to an argument.
    ///
    /// # Errors
    /// What is no quantity, at its place in the argument.
    pub fn parse(argument: &str, text: &str) -> Result<Objective, Refusal> {
        let (quantity, during) = parse::parse_quantity(text).map_err(|wrong| {
            let refusal = Refusal::text(&Source::new(argument, text), wrong.range, wrong.message);
            match wrong.help {
                Some(help) => refusal.help(help),
                None => refusal,
            }
        })?;
        Ok(Objective { quantity, during })
    }

    /// The quantities of a gate, each once, with whether less of it is better. A comparison says so itself: a gate may well
    /// want a high rate to be low; where one of several conditions is enough, the quantity's own direction counts.
    pub fn of_gate(gate: &Gate) -> Vec<(Objective, bool)> {
        let says = match &gate.expr {
            Expr::Compare(_) => true,
            Expr::All(parts) => parts.iter().all(|p| matches!(p, Expr::Compare(_))),
            Expr::Any(_) | Expr::Named(_) => false,
        };
        let mut all: Vec<(Objective, bool)> = vec![];
        each(&gate.expr, &mut |condition| {
            let one = Objective {
                quantity: condition.quantity.clone(),
                during: condition.during,
            };
            let lower = match condition.op {
                Op::Less | Op::AtMost if says => true,
                Op::More | Op::AtLeast if says => false,
                _ => one.worse() == Worse::Higher,
            };
            if all.iter().all(|(o, _)| *o != one) {
                all.push((one, lower));
            }
        });
        all
    }

    /// What it is counted in.
    pub fn unit(&self) -> Unit {
        self.quantity.unit()
    }

    /// Which way is worse.
    pub fn worse(&self) -> Worse {
        match &self.quantity {
            Quantity::Indicator(subject) => subject.worse,
            Quantity::Scalar(scalar) => scalar.worse.unwrap_or(Worse::Higher),
        }
    }

    /// A gate that watches it and always holds: among an incident's `measures` it has the run accumulate what is needed.
    pub fn watching(&self) -> Gate {
        let text = self.to_string();
        Gate {
            name: text.clone(),
            expression: text,
            expr: Expr::Compare(Box::new(Condition {
                quantity: self.quantity.clone(),
                op: Op::AtLeast,
                bound: Bound::Amount(0.0),
                sliding: None,
                during: self.during,
            })),
            abort: None,
        }
    }

    /// The same of any phase: what it is over another stretch than the one that it names.
    pub fn of_any_phase(mut self) -> Objective {
        self.during = None;
        self
    }

    /// Its value in a run: over the phase that it names, or else over `otherwise`. Of a split the worst value of those with
    /// requests enough. `None`: no data, or no such phase.
    pub fn value(&self, context: &Context, otherwise: &Stretch) -> Option<f64> {
        let phase = match self.during {
            None => otherwise.from..otherwise.to,
            Some("all") => context.watched.windows.all(),
            Some(name) => context.stretch(name)?,
        };
        match &self.quantity {
            Quantity::Scalar(scalar) => context.scalars.get(scalar.name).copied(),
            Quantity::Indicator(subject) => {
                let watch = context.watched;
                let windows = watch.windows.within(phase.start, phase.end);
                match subject.by {
                    None => watch
                        .selected(&subject.select)?
                        .measure(&subject.measure, windows),
                    Some(by) => worst(subject, by, context, windows),
                }
            }
        }
    }
}

/// The worst of a split's values.
fn worst(
    subject: &Subject,
    by: By,
    context: &Context,
    windows: std::ops::Range<usize>,
) -> Option<f64> {
    let (segments, _) = context
        .watched
        .segments(&subject.select, by.column, context.names)?;
    let enough = segments
        .iter()
        .filter(|s| by.min == 0 || s.watch.requests(windows.clone()) >= by.min);
    let values = enough.filter_map(|s| s.watch.measure(&subject.measure, windows.clone()));
    values.reduce(match subject.worse {
        Worse::Higher => f64::max,
        Worse::Lower => f64::min,
    })
}

impl fmt::Display for Objective {
    /// In its shortest form, which is read back as the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.quantity.fmt(f)?;
        match self.during {
            Some(phase) => write!(f, " during {phase}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::At;

    #[test]
    fn a_quantity_is_read_back_as_the_same_and_a_bound_is_refused() {
        for text in [
            "latency.p95",
            "latency p(97.5) during incident",
            "error_rate{tenant=\"acme\"} by route (min 50 requests) during all",
            "recovery_time",
        ] {
            let read = Objective::parse("--minimize", text).unwrap();
            let again = Objective::parse("--minimize", &read.to_string()).unwrap();
            assert_eq!(read, again);
            assert!(read.watching().judge_text_is_readable());
        }
        let refused = |text| {
            Objective::parse("--minimize", text)
                .unwrap_err()
                .to_string()
        };
        assert!(refused("latency.p95 < 3s").contains("the quantity alone"));
        assert!(refused("latency.p95 during lunch").contains("no phase"));
        assert!(refused("latncy.p95").contains("unknown quantity"));
    }

    #[test]
    fn a_comparison_says_which_way_is_better_and_an_alternative_does_not() {
        let of = |text: &str| -> Vec<(String, bool)> {
            let gate = Gate::parse_text("x", text, &At::nowhere()).unwrap();
            let all = Objective::of_gate(&gate).into_iter();
            all.map(|(o, lower)| (o.to_string(), lower)).collect()
        };
        let pair = |name: &str, lower| (name.to_string(), lower);
        assert_eq!(
            of("throughput{quota=\"over\"} < 16/s and throughput > 3/s during recovered"),
            [
                pair("throughput{quota=\"over\"}", true),
                pair("throughput during recovered", false)
            ]
        );
        assert_eq!(
            of("tail_regression"),
            [pair("latency.p95", true), pair("latency.p50", true)]
        );
    }

    impl Gate {
        fn judge_text_is_readable(&self) -> bool {
            Gate::parse_text("x", &self.to_string(), &At::nowhere()).is_ok()
        }
    }
}
