//! constant: arrivals at even gaps, as from a load generator without jitter.

use super::{Level, Process, Steps, Walk, per_ns};
use crate::config::{At, Kind, Options, Rate, Refusal, Table, show_rate};
use std::sync::Arc;

crate::options! {
    /// Arrivals at even gaps.
    #[derive(Clone, Debug)]
    pub struct Constant {
        /// Arrivals.
        rate: Rate,
    }
}

/// The kind.
pub const KIND: Kind<Process> = Kind {
    name: "constant",
    summary: "arrivals at even gaps",
    fields: Constant::fields,
    build,
};

fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Process, Refusal> {
    let Constant { rate } = Constant::read_table(at, table, taken)?;
    Ok(Process {
        words: format!("constant, {}", show_rate(rate.0)),
        walks: vec![Walk {
            curve: Arc::new(Level(per_ns(rate.0))),
            steps: Steps::Even,
        }],
    })
}
