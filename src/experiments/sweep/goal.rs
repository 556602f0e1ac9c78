//! What points of a grid are compared by: quantities of the gates' language, or a swept value itself, as a cost.

use super::axis::Axis;
use crate::{
    config::{Refusal, Source, show_nanos, suggestion},
    gates::{Context, Gate, Objective, Stretch},
    indicators::Unit,
};

/// Something that is to be small, or large.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// As written, in its shortest form.
    pub name: String,
    /// Whether less is better.
    pub lower: bool,
    /// What it is.
    pub of: Of,
}

/// What a goal is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Of {
    /// A quantity of a run.
    Quantity(Objective),
    /// The value of the axis at this place: what it costs.
    Setting(usize),
}

impl Goal {
    /// Reads a goal from an argument: a quantity, or the path of an axis whose values are amounts of one unit.
    ///
    /// # Errors
    /// What is neither, at its place.
    pub fn parse(argument: &str, text: &str, lower: bool, axes: &[Axis]) -> Result<Goal, Refusal> {
        let text = text.trim();
        if let Some(place) = axes.iter().position(|a| a.path == text) {
            if !axes[place].is_swept() || axes[place].amounts().is_none() {
                let source = Source::new(argument, text);
                let message = format!("the values of {text} cannot be compared");
                return Err(Refusal::text(&source, 0..text.len(), message)
                    .help("what is swept has to have two amounts of one unit at least"));
            }
            return Ok(Goal {
                name: text.into(),
                lower,
                of: Of::Setting(place),
            });
        }
        let objective = Objective::parse(argument, text).map_err(|refusal| {
            let path = text.contains('.') && text.chars().all(|c| !c.is_whitespace());
            let near = axes.iter().map(|a| a.path.as_str());
            if path
                && axes
                    .iter()
                    .any(|a| a.path.split('.').next() == text.split('.').next())
            {
                let source = Source::new(argument, text);
                return Refusal::text(
                    &source,
                    0..text.len(),
                    "neither a quantity nor a swept path",
                )
                .help(suggestion(text, near));
            }
            refusal
        })?;
        Ok(Goal {
            name: objective.to_string(),
            lower,
            of: Of::Quantity(objective),
        })
    }

    /// The quantities of these gates, each to be as its gate wants it.
    pub fn of_gates(gates: &[Gate]) -> Vec<Goal> {
        let mut goals: Vec<Goal> = vec![];
        for (objective, lower) in gates.iter().flat_map(Objective::of_gate) {
            let name = objective.to_string();
            if goals.iter().all(|g| g.name != name) {
                goals.push(Goal {
                    name,
                    lower,
                    of: Of::Quantity(objective),
                });
            }
        }
        goals
    }

    /// Its value in a run with these settings (places of the axes' values).
    pub fn value(
        &self,
        context: &Context,
        phase: &Stretch,
        axes: &[Axis],
        at: &[usize],
    ) -> Option<f64> {
        let value = match &self.of {
            Of::Quantity(objective) => objective.value(context, phase),
            Of::Setting(axis) => axes[*axis].values[at[*axis]]
                .amount
                .as_ref()
                .map(|a| a.value()),
        };
        value.filter(|v| v.is_finite())
    }

    /// What it is counted in, as files name it.
    pub fn unit(&self, axes: &[Axis]) -> &'static str {
        use super::amount::Unit as Counted;
        match &self.of {
            Of::Quantity(objective) => match objective.unit() {
                Unit::Nanos => "ns",
                Unit::Fraction => "fraction",
                Unit::Count => "count",
                Unit::PerSecond => "per_second",
                Unit::Ratio => "ratio",
            },
            Of::Setting(axis) => match axes[*axis].values[0].amount.as_ref().map(|a| &a.unit) {
                Some(Counted::Nanos) => "ns",
                Some(Counted::Bytes) => "bytes",
                _ => "as_written",
            },
        }
    }

    /// A value for people.
    pub fn show(&self, value: Option<f64>, axes: &[Axis]) -> String {
        use super::amount::Unit as Counted;
        let Some(value) = value else {
            return "–".into();
        };
        match &self.of {
            Of::Quantity(objective) => objective.unit().show(value.max(0.0)),
            Of::Setting(axis) => {
                let of =
                    |s: &&super::axis::Setting| s.amount.as_ref().map(|a| a.value()) == Some(value);
                let setting = axes[*axis].values.iter().find(of);
                match (
                    setting,
                    axes[*axis].values[0].amount.as_ref().map(|a| &a.unit),
                ) {
                    (Some(setting), _) => setting.text.clone(),
                    (None, Some(Counted::Nanos)) => show_nanos(value as u64),
                    (None, _) => format!("{value}"),
                }
            }
        }
    }

    /// `lowest` or `highest`.
    pub fn best_word(&self) -> &'static str {
        if self.lower { "lowest" } else { "highest" }
    }
}
