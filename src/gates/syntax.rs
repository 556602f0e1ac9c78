//! What an expression means, and how it is written back: reading what is written back gives the same again.

use super::scalars::Scalar;
use crate::indicators::{Measure, Selector, Stage, Unit, Worse};
use std::fmt;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    /// All of them hold.
    All(Vec<Expr>),
    /// One of them holds.
    Any(Vec<Expr>),
    /// A condition that has a name.
    Named(&'static super::named::Named),
    /// A comparison.
    Compare(Box<Condition>),
}

/// A comparison with all that belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    pub quantity: Quantity,
    pub op: Op,
    pub bound: Bound,
    /// Length of a sliding window, ns.
    pub sliding: Option<u64>,
    /// The phase that it is held in, whatever phase is judged.
    pub during: Option<&'static str>,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Quantity {
    /// Something that is worked out from the recording.
    Indicator(Subject),
    /// Something that the runner hands over.
    Scalar(&'static Scalar),
}

/// An indicator, of some rows, perhaps apart for each value of a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Subject {
    pub name: Name,
    pub unit: Unit,
    pub worse: Worse,
    pub measure: Measure,
    pub select: Vec<Selector>,
    pub by: Option<By>,
}

/// How an indicator is called.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Name {
    /// By its name in the catalogue.
    Listed(&'static str),
    /// A percentile that the catalogue does not list.
    Percentile(Stage, f64),
}

/// A split by the values of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct By {
    pub column: &'static str,
    /// Values with fewer requests are left out.
    pub min: u64,
}

/// How they are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    NotEqual,
}

/// What it is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    /// An amount, as written: ns, percent, things, things a second, or a plain number.
    Amount(f64),
    /// `factor` times a value of the same quantity elsewhere, plus an amount.
    Relative { factor: f64, to: To, plus: f64 },
}

/// Where a relative bound comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// The baseline phase of the same run.
    Baseline,
    /// A committed file.
    Reference,
}

impl Op {
    /// What its bound is to a value: a latency is allowed so much, a hit rate must reach so much.
    pub(super) fn bound_word(self) -> &'static str {
        match self {
            Op::Less | Op::AtMost => "allowed",
            Op::More | Op::AtLeast | Op::Equal => "required",
            Op::NotEqual => "forbidden",
        }
    }

    pub const ALL: &'static [(&'static str, Op)] = &[
        ("<", Op::Less),
        ("<=", Op::AtMost),
        (">", Op::More),
        (">=", Op::AtLeast),
        ("==", Op::Equal),
        ("!=", Op::NotEqual),
    ];

    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Op::Less => value < bound,
            Op::AtMost => value <= bound,
            Op::More => value > bound,
            Op::AtLeast => value >= bound,
            Op::Equal => value == bound,
            Op::NotEqual => value != bound,
        }
    }

    fn sign(self) -> &'static str {
        let mut all = Op::ALL.iter();
        all.find(|(_, op)| *op == self).map_or("", |(sign, _)| sign)
    }
}

impl To {
    pub fn word(self) -> &'static str {
        match self {
            To::Baseline => "baseline",
            To::Reference => "reference",
        }
    }
}

impl Quantity {
    pub fn unit(&self) -> Unit {
        match self {
            Quantity::Indicator(subject) => subject.unit,
            Quantity::Scalar(scalar) => scalar.unit,
        }
    }
}

/// An amount as written, as the number that values are compared with.
pub(super) fn value_of(amount: f64, unit: Unit) -> f64 {
    match unit {
        Unit::Fraction => amount / 100.0,
        _ => amount,
    }
}

/// An amount exactly, in a form that is read back as the same.
pub(super) fn exact(amount: f64, unit: Unit) -> String {
    match unit {
        Unit::Nanos => {
            let ns = amount as u64;
            let units = [
                (3_600_000_000_000, "h"),
                (60_000_000_000, "m"),
                (1_000_000_000, "s"),
                (1_000_000, "ms"),
                (1_000, "us"),
                (1, "ns"),
            ];
            let whole = units
                .iter()
                .find(|(scale, _)| ns >= *scale && ns.is_multiple_of(*scale));
            whole.map_or("0".into(), |(scale, name)| format!("{}{name}", ns / scale))
        }
        Unit::Fraction => format!("{amount}%"),
        Unit::PerSecond => format!("{amount}/s"),
        Unit::Count | Unit::Ratio => amount.to_string(),
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>,
                    parts: &[Expr],
                    between: &str,
                    inner: fn(&Expr) -> bool| {
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    f.write_str(between)?;
                }
                if inner(part) {
                    write!(f, "({part})")?;
                } else {
                    write!(f, "{part}")?;
                }
            }
            Ok(())
        };
        match self {
            Expr::All(parts) => list(f, parts, " and ", |p| {
                matches!(p, Expr::All(_) | Expr::Any(_))
            }),
            Expr::Any(parts) => list(f, parts, " or ", |p| matches!(p, Expr::Any(_))),
            Expr::Named(named) => f.write_str(named.name),
            Expr::Compare(condition) => condition.fmt(f),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.quantity.unit();
        write!(f, "{} {} ", self.quantity, self.op.sign())?;
        match self.bound {
            Bound::Amount(amount) => f.write_str(&exact(amount, unit))?,
            Bound::Relative { factor, to, plus } => {
                if factor != 1.0 {
                    write!(f, "{factor}x ")?;
                }
                f.write_str(to.word())?;
                if plus != 0.0 {
                    let sign = if plus < 0.0 { '-' } else { '+' };
                    let amount = match unit {
                        Unit::Fraction => format!("{} points", plus.abs()),
                        _ => exact(plus.abs(), unit),
                    };
                    write!(f, " {sign} {amount}")?;
                }
            }
        }
        if let Some(ns) = self.sliding {
            write!(f, " for {}", exact(ns as f64, Unit::Nanos))?;
        }
        if let Some(phase) = self.during {
            write!(f, " during {phase}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Quantity::Indicator(subject) => subject.fmt(f),
            Quantity::Scalar(scalar) => f.write_str(scalar.name),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Name::Listed(name) => f.write_str(name)?,
            Name::Percentile(stage, _) => f.write_str(stage.name())?,
        }
        if !self.select.is_empty() {
            let select: Vec<String> = self.select.iter().map(Selector::to_string).collect();
            write!(f, "{{{}}}", select.join(","))?;
        }
        if let Name::Percentile(_, p) = self.name {
            write!(f, " p({p})")?;
        }
        if let Some(by) = self.by {
            write!(f, " by {}", by.column)?;
            if by.min > 0 {
                write!(f, " (min {} requests)", by.min)?;
            }
        }
        Ok(())
    }
}
