//! Thresholds on indicators: the expression language, and what it says of a run.
//!
//! ```text
//! latency p(95) < 250ms
//! latency.p95{tenant="acme", route="/chat"} <= 1.15x baseline
//! cache.hit_rate > 0.9x baseline and error_rate < 2% for 30s
//! error_rate < baseline + 2 points
//! reject_rate by tenant (min 500 requests) < 5%
//! queue.wait p(95) < 50ms during incident
//! recovery_time < 90s
//! error_rate < 5% for 30s abort_on_breach
//! tail_regression
//! ```
//!
//! An expression says what must *hold*. `baseline` is the run's own baseline phase, `reference` a committed file. The
//! grammar stands in `parse`, the named conditions in `named`; `tail_regression` holds when there is none.
//!
//! **`for 30s`**: broken if and only if the value over *some* sliding window of 30 s breaks the bound, so that a short
//! outage is not diluted by a long phase. Sliding windows begin on the edges of the run's windows and are the shortest
//! runs of them that last 30 s: with windows of 5 s an outage is seen by one that begins at most 5 s before it; with
//! windows of 60 s they are 60 s long. A phase shorter than that is taken whole.
//!
//! **No data** fails. There is none when nothing was counted, when a column is not recorded, when the baseline is
//! missing, or when it is 0 and a multiple of it is allowed.

mod abort;
mod amount;
mod judge;
mod lex;
mod named;
mod objective;
mod online;
mod parse;
mod recovery;
mod scalars;
mod syntax;
mod trigger;

pub use abort::{Abort, ENOUGH};
pub use named::{NAMED, Named};
pub use objective::Objective;
pub use online::Watched as AbortOn;
pub use parse::PHASES;
pub use scalars::{SCALARS, Scalar, find_scalar};
pub use trigger::{Line, Trigger};

use crate::{
    config::{At, Node, Refusal, Source, Value},
    indicators::{
        Indicator, Lookup, Measure, Stage, Unit, Watch, WatchSpec, Watched, Worse, catalogue,
    },
};
use indexmap::IndexMap;
use recovery::Held;
use serde::Serialize;
use std::{cell::RefCell, ops::Range};
use syntax::{Bound, Condition, Expr, Op, Quantity, To};

/// What a gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The condition holds.
    Pass,
    /// It does not.
    Breach,
    /// There is nothing to judge by, which fails.
    NoData,
}

/// A gate's verdict in one phase, with the numbers that it rests on.
#[derive(Clone, Debug, Serialize)]
pub struct Judgement {
    /// The gate's name in the file.
    pub gate: String,
    /// Its expression as written.
    pub expression: String,
    /// The phase it was held in.
    pub phase: String,
    /// What it says.
    pub verdict: Verdict,
    /// For people: `latency.p95 930ms, allowed 47.2ms (1.15x baseline 41ms)`.
    pub detail: String,
}

/// A named stretch of virtual time: a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its name: `baseline`, `incident`, `recovering`, `recovered`.
    pub name: String,
    /// ns, inclusive.
    pub from: u64,
    /// ns, exclusive.
    pub to: u64,
}

/// Everything that gates are held against.
#[derive(Clone)]
pub struct Context<'a> {
    /// What was accumulated: with the specs of [`Gate::watches`].
    pub watched: &'a Watched,
    /// Names behind numbers.
    pub names: &'a dyn Lookup,
    /// The baseline phase, ns.
    pub baseline: Option<Range<u64>>,
    /// The run whose baseline it is, where it is another's: a change must not pass by making its own baseline worse. A split
    /// keeps its own.
    pub baseline_of: Option<&'a Watched>,
    /// All phases, for `during`. `recovery` is from the start of `recovering` to the end of `recovered`.
    pub phases: &'a [Stretch],
    /// Values of a committed run, by [`Gate::reference_key`].
    pub reference: Option<&'a IndexMap<String, f64>>,
    /// Values of scalars, by name; durations in ns, shares as fractions.
    pub scalars: &'a IndexMap<String, f64>,
    /// Starts empty.
    pub baselines: Baselines,
}

/// Values over the baseline that were worked out already: a gate that is held against each window in turn asks for the
/// same percentile of the same long phase every time.
#[derive(Clone, Debug, Default)]
pub struct Baselines(RefCell<Vec<(*const Watch, Measure, Option<f64>)>>);

impl Context<'_> {
    /// The value of a measure over the baseline phase.
    fn in_baseline(&self, watch: &Watch, measure: &Measure, baseline: &Range<u64>) -> Option<f64> {
        let this = std::ptr::from_ref(watch);
        let mut known = self.baselines.0.borrow_mut();
        if let Some((.., value)) = known.iter().find(|(w, m, _)| *w == this && m == measure) {
            return *value;
        }
        let windows = watch.windows.within(baseline.start, baseline.end);
        let value = watch.measure(measure, windows);
        known.push((this, *measure, value));
        value
    }

    /// The phase of this name.
    fn stretch(&self, name: &str) -> Option<Range<u64>> {
        let is = |s: &&Stretch| {
            s.name == name
                || name == "recovery" && matches!(s.name.as_str(), "recovering" | "recovered")
        };
        let from = self.phases.iter().find(is)?.from;
        let to = self.phases.iter().rev().find(is)?.to;
        Some(from..to)
    }
}

/// A quantity that a gate asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// As written.
    pub quantity: String,
    /// The phase that its condition names.
    pub during: Option<&'static str>,
    /// Stage and fraction, where it is a percentile of all requests.
    pub quantile: Option<(Stage, f64)>,
}

/// A threshold with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    name: String,
    expression: String,
    expr: Expr,
    abort: Option<Abort>,
}

impl Gate {
    /// Reads the gate of this name from its value in a file.
    ///
    /// # Errors
    /// The first thing that is wrong with it, at its place in the file.
    pub fn parse(name: &str, node: &Node) -> Result<Gate, Refusal> {
        let Value::Text(text) = &node.value else {
            return Err(node.wrong("a condition such as \"latency p(95) < 1.15x baseline\""));
        };
        Gate::parse_text(name, text, &node.at)
    }

    /// Reads a gate from its text, which stands at `at` (perhaps in quotes).
    ///
    /// # Errors
    /// The first thing that is wrong with it, at its place.
    pub fn parse_text(name: &str, text: &str, at: &At) -> Result<Gate, Refusal> {
        let (expr, abort) = parse::parse_gate(text).map_err(|wrong| {
            // In a string with escapes bytes do not line up, and the whole string is the place.
            let written = at.source.text.get(at.range.clone()).unwrap_or("");
            let inner = written.strip_prefix(['"', '\'']).unwrap_or(written);
            let refusal = if inner.starts_with(text) {
                Refusal::text(&Source::new("gate", text), wrong.range, wrong.message)
            } else {
                Refusal::new(wrong.message)
            };
            let refusal = match wrong.help {
                Some(help) => refusal.help(help),
                None => refusal,
            };
            refusal.inside(at)
        })?;
        Ok(Gate {
            name: name.into(),
            expression: text.trim().into(),
            expr,
            abort,
        })
    }

    /// Its name in the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives it another name.
    pub fn rename(&mut self, name: &str) {
        self.name = name.into();
    }

    /// Its expression as written.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// What ends the run when it is broken: of a gate with `abort_on_breach`.
    pub fn abort(&self) -> Option<&Abort> {
        self.abort.as_ref()
    }

    /// The same without `during incident`: to be held in a stretch of it.
    pub fn within_the_incident(&self) -> Gate {
        fn strip(expr: &mut Expr) {
            match expr {
                Expr::All(parts) | Expr::Any(parts) => parts.iter_mut().for_each(strip),
                Expr::Compare(condition) if condition.during == Some("incident") => {
                    condition.during = None;
                }
                Expr::Compare(_) | Expr::Named(_) => {}
            }
        }
        let mut gate = self.clone();
        strip(&mut gate.expr);
        gate
    }

    /// What has to be accumulated for it.
    pub fn watches(&self) -> Vec<WatchSpec> {
        let mut specs = vec![];
        each(&self.expr, &mut |condition| {
            if let Quantity::Indicator(subject) = &condition.quantity {
                specs.push(WatchSpec {
                    select: subject.select.clone(),
                    by: subject.by.map(|by| by.column),
                    parts: subject.measure.parts(),
                });
            }
        });
        specs
    }

    /// The scalars that it names.
    pub fn scalars(&self) -> Vec<&'static Scalar> {
        let mut scalars = vec![];
        each(&self.expr, &mut |condition| {
            if let Quantity::Scalar(scalar) = condition.quantity {
                scalars.push(scalar);
            }
        });
        scalars
    }

    /// The phases that it names with `during`.
    pub fn phases(&self) -> Vec<&'static str> {
        let mut phases = vec![];
        each(&self.expr, &mut |condition| phases.extend(condition.during));
        phases
    }

    /// Whether it compares with a committed file.
    pub fn needs_reference(&self) -> bool {
        let mut needs = false;
        each(&self.expr, &mut |condition| {
            needs |= matches!(
                condition.bound,
                Bound::Relative {
                    to: To::Reference,
                    ..
                }
            );
        });
        needs
    }

    /// Holds it in a phase.
    pub fn judge(&self, context: &Context, phase: &Stretch) -> Judgement {
        let found = judge::judge(&self.expr, context, phase);
        Judgement {
            gate: self.name.clone(),
            expression: self.expression.clone(),
            phase: phase.name.clone(),
            verdict: found.verdict,
            detail: found.detail,
        }
    }

    /// Whether it holds in a range of windows, for "until the gates hold for three windows in a row". `for` and
    /// `during` are left aside. `None` when there is no data, or nothing in it is about windows (see
    /// [`is_windowed`](Gate::is_windowed)).
    pub fn holds_in(&self, context: &Context, windows: Range<usize>) -> Option<bool> {
        match recovery::held_in(&self.expr, context, &windows) {
            Held::Yes => Some(true),
            Held::No => Some(false),
            Held::NoData | Held::Aside => None,
        }
    }

    /// Whether it says anything about single windows: a gate on scalars or on the baseline alone does not, and
    /// recovery does not wait for it.
    pub fn is_windowed(&self) -> bool {
        let mut windowed = false;
        each(&self.expr, &mut |condition| {
            windowed |= matches!(condition.quantity, Quantity::Indicator(_))
                && !matches!(condition.during, Some("baseline" | "warm-up"));
        });
        windowed
    }

    /// The latencies of a request that it allows, each with its percentile (a fraction): bounds on percentiles of all
    /// requests, in ns, in the run of this context.
    pub fn latencies(&self, context: &Context) -> Vec<(f64, u64)> {
        let mut bounds = vec![];
        each(&self.expr, &mut |condition| {
            if let Quantity::Indicator(subject) = &condition.quantity
                && let Measure::Quantile(Stage::Latency, percentile) = subject.measure
                && subject.select.is_empty()
                && subject.by.is_none()
                && matches!(condition.op, Op::Less | Op::AtMost)
                && let Some(watch) = context.watched.selected(&[])
                && let Ok(most) = judge::allowed(condition, Some((subject, watch)), context)
            {
                bounds.push((percentile, most as u64));
            }
        });
        bounds
    }

    /// Whether it is about the run as a whole, and says the same in every phase.
    pub fn is_of_the_run(&self) -> bool {
        let mut all = true;
        each(&self.expr, &mut |condition| {
            all &= matches!(condition.quantity, Quantity::Scalar(_));
        });
        all
    }

    /// Its quantities, but for scalars and splits.
    pub fn quantities(&self) -> Vec<Asked> {
        let mut quantities = vec![];
        each(&self.expr, &mut |condition| {
            if let Quantity::Indicator(subject) = &condition.quantity
                && subject.by.is_none()
            {
                let quantile = match subject.measure {
                    Measure::Quantile(stage, q) if subject.select.is_empty() => Some((stage, q)),
                    _ => None,
                };
                quantities.push(Asked {
                    quantity: subject.to_string(),
                    during: condition.during,
                    quantile,
                });
            }
        });
        quantities
    }

    /// The values of these quantities over a range of windows, where there is data.
    pub fn values_in(&self, watched: &Watched, windows: Range<usize>) -> IndexMap<String, f64> {
        let mut values = IndexMap::new();
        each(&self.expr, &mut |condition| {
            if let Quantity::Indicator(subject) = &condition.quantity
                && subject.by.is_none()
                && let Some(watch) = watched.selected(&subject.select)
                && let Some(value) = watch.measure(&subject.measure, windows.clone())
            {
                values.insert(subject.to_string(), value);
            }
        });
        values
    }

    /// Unit and worse way of its quantities, by quantity as written.
    pub fn ways(&self) -> IndexMap<String, (Unit, Worse)> {
        let mut ways = IndexMap::new();
        each(&self.expr, &mut |condition| {
            if let Quantity::Indicator(subject) = &condition.quantity {
                ways.insert(subject.to_string(), (subject.unit, subject.worse));
            }
        });
        ways
    }

    /// How [`Context::reference`] names the value of a quantity that is held in the phase that its condition names.
    pub fn reference_key(quantity: &str, during: Option<&str>) -> String {
        match during {
            Some(phase) => format!("{quantity} during {phase}"),
            None => quantity.to_string(),
        }
    }
}

impl std::fmt::Display for Gate {
    /// In its shortest form, which is read back as the same.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.expr.fmt(f)?;
        match self.abort {
            Some(_) => f.write_str(" abort_on_breach"),
            None => Ok(()),
        }
    }
}

/// What a named condition stands for.
fn expand(named: &Named) -> Expr {
    parse::parse(named.expression)
        .unwrap_or_else(|wrong| unreachable!("a named condition is ours: {}", wrong.message))
}

/// The indicators of the catalogue that an expression is about, in its order, whomever it selects; none of an expression
/// that cannot be read. A percentile that has no name there is not among them.
pub fn indicators(expression: &str) -> Vec<&'static Indicator> {
    let mut all: Vec<&'static Indicator> = vec![];
    if let Ok(expr) = parse::parse(expression) {
        each(&expr, &mut |condition| {
            let Quantity::Indicator(subject) = &condition.quantity else {
                return;
            };
            let known = catalogue().find(|i| i.measure == subject.measure);
            if let Some(known) = known.filter(|k| !all.contains(k)) {
                all.push(known);
            }
        });
    }
    all
}

/// Visits every comparison.
fn each(expr: &Expr, visit: &mut impl FnMut(&Condition)) {
    match expr {
        Expr::All(parts) | Expr::Any(parts) => parts.iter().for_each(|part| each(part, visit)),
        Expr::Named(named) => each(&expand(named), visit),
        Expr::Compare(condition) => visit(condition),
    }
}
