//! diurnal: the rate swings like a day, a sine between a low and a high, in steps of a thousandth of a day.

use super::{Curve, Piece, Process, Steps, Walk, per_ns};
use crate::{
    config::{At, Kind, Options, Rate, Refusal, Share, Span, Table, show_nanos, show_rate},
    sim::dice::Dice,
};
use std::sync::Arc;

crate::options! {
    /// The rate swings like a day.
    #[derive(Clone, Debug)]
    pub struct Diurnal {
        /// Arrivals in the deepest night.
        low: Rate,
        /// Arrivals at the busiest hour.
        high: Rate,
        /// Length of a day.
        day: Span = Span(86_400_000_000_000), "24h";
        /// Where in the day the trace starts; 0 is the deepest night, 0.5 the busiest hour.
        starts: Share = Share(0.0), "0";
    }
}

/// The kind.
pub const KIND: Kind<Process> = Kind {
    name: "diurnal",
    summary: "the rate swings like a day between a low and a high",
    fields: Diurnal::fields,
    build,
};

/// Pieces of a day.
const PIECES: u64 = 1000;

fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Process, Refusal> {
    let d = Diurnal::read_table(at, table, taken)?;
    if d.day.0 < 1_000_000_000 {
        return Err(Refusal::at(at, "a day of no length").help("`day` is 1s or longer"));
    }
    if d.low.0 > d.high.0 {
        return Err(Refusal::at(at, "the low rate is above the high one"));
    }
    if d.high.0 <= 0.0 {
        return Err(
            Refusal::at(at, "nobody ever comes").help("`high` is above 0, such as \"50/s\"")
        );
    }
    Ok(Process {
        words: format!(
            "diurnal, {} to {}, day {}, from {}",
            show_rate(d.low.0),
            show_rate(d.high.0),
            show_nanos(d.day.0),
            d.starts.0
        ),
        walks: vec![Walk {
            curve: Arc::new(d),
            steps: Steps::Exponential,
        }],
    })
}

impl Curve for Diurnal {
    fn piece(&self, n: u64, _dice: Dice) -> Piece {
        let middle = self.starts.0 + ((n % PIECES) as f64 + 0.5) / PIECES as f64;
        let swing = (1.0 - libm::cos(2.0 * std::f64::consts::PI * middle)) / 2.0;
        Piece {
            lasts: self.day.0 as f64 / PIECES as f64,
            rate: per_ns(self.low.0 + (self.high.0 - self.low.0) * swing),
        }
    }
}
