//! gamma: independent gaps of a chosen spread. Production LLM traffic has gaps with a coefficient of variation above 1.
//!
//! Source: Xiang et al., "ServeGen", 2025, which fits gamma gaps to most clients.

use super::{Level, Process, Steps, Walk, per_ns};
use crate::config::{At, Kind, Options, Rate, Refusal, Table, show_rate};
use std::sync::Arc;

crate::options! {
    /// Independent gaps of a chosen spread.
    #[derive(Clone, Debug)]
    pub struct Gamma {
        /// Mean arrivals.
        rate: Rate,
        /// Coefficient of variation of the gaps; 1 is Poisson, above is burstier.
        cv: f64 = 2.0, "2";
    }
}

/// The kind.
pub const KIND: Kind<Process> = Kind {
    name: "gamma",
    summary: "independent gaps of a chosen spread (cv)",
    fields: Gamma::fields,
    build,
};

fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Process, Refusal> {
    let Gamma { rate, cv } = Gamma::read_table(at, table, taken)?;
    if !(0.01..=100.0).contains(&cv) {
        let at = table.get("cv").map_or(at, |e| &e.node.at);
        return Err(Refusal::at(at, format!("cv is {cv}")).help("a number between 0.01 and 100"));
    }
    Ok(Process {
        words: format!("gamma, {}, cv {cv}", show_rate(rate.0)),
        walks: vec![Walk {
            curve: Arc::new(Level(per_ns(rate.0))),
            steps: Steps::Gamma(1.0 / (cv * cv)),
        }],
    })
}
