//! poisson: independent arrivals at one rate, as from very many people who do not know of each other.

use super::{Level, Process, Steps, Walk, per_ns};
use crate::config::{At, Kind, Options, Rate, Refusal, Table, show_rate};
use std::sync::Arc;

crate::options! {
    /// Independent arrivals at one rate.
    #[derive(Clone, Debug)]
    pub struct Poisson {
        /// Mean arrivals.
        rate: Rate,
    }
}

/// The kind.
pub const KIND: Kind<Process> = Kind {
    name: "poisson",
    summary: "independent arrivals at one rate",
    fields: Poisson::fields,
    build,
};

fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Process, Refusal> {
    let Poisson { rate } = Poisson::read_table(at, table, taken)?;
    Ok(Process {
        words: format!("poisson, {}", show_rate(rate.0)),
        walks: vec![Walk {
            curve: Arc::new(Level(per_ns(rate.0))),
            steps: Steps::Exponential,
        }],
    })
}
