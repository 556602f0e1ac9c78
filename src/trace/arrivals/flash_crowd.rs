//! flash-crowd: a steady stream, and a crowd that comes on top of it, stays, and goes.
//!
//! The crowd's requests are its own: with or without it, those of the steady stream are the same ones.

use super::{Curve, Level, Piece, Process, Steps, Walk, per_ns};
use crate::{
    config::{At, Kind, Options, Rate, Refusal, Span, Table, show_nanos, show_rate},
    sim::dice::Dice,
};
use std::sync::Arc;

crate::options! {
    /// A crowd that comes on top of a steady stream.
    #[derive(Clone, Debug)]
    pub struct FlashCrowd {
        /// Arrivals of the steady stream.
        rate: Rate,
        /// Arrivals of the crowd at its height, on top.
        crowd: Rate,
        /// When it begins to come.
        at: Span,
        /// How long it takes to come.
        rise: Span = Span(30_000_000_000), "30s";
        /// How long it stays.
        stay: Span = Span(300_000_000_000), "5m";
        /// How long it takes to go.
        fall: Span = Span(120_000_000_000), "2m";
    }
}

/// The kind.
pub const KIND: Kind<Process> = Kind {
    name: "flash-crowd",
    summary: "a crowd that comes on top of a steady stream, stays, and goes",
    fields: FlashCrowd::fields,
    build,
};

/// Pieces of a rise or a fall.
const PIECES: u64 = 100;

fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Process, Refusal> {
    let f = FlashCrowd::read_table(at, table, taken)?;
    Ok(Process {
        words: format!(
            "flash crowd, {} and {} more from {} on: rise {}, stay {}, fall {}",
            show_rate(f.rate.0),
            show_rate(f.crowd.0),
            show_nanos(f.at.0),
            show_nanos(f.rise.0),
            show_nanos(f.stay.0),
            show_nanos(f.fall.0)
        ),
        walks: vec![
            Walk {
                curve: Arc::new(Level(per_ns(f.rate.0))),
                steps: Steps::Exponential,
            },
            Walk {
                curve: Arc::new(f),
                steps: Steps::Exponential,
            },
        ],
    })
}

impl Curve for FlashCrowd {
    fn piece(&self, n: u64, _dice: Dice) -> Piece {
        let peak = per_ns(self.crowd.0);
        let part = |whole: u64| whole as f64 / PIECES as f64;
        let middle = |i: u64| (i as f64 + 0.5) / PIECES as f64;
        let (lasts, rate) = match n {
            0 => (self.at.0 as f64, 0.0),
            n if n <= PIECES => (part(self.rise.0), peak * middle(n - 1)),
            n if n == PIECES + 1 => (self.stay.0 as f64, peak),
            n if n <= 2 * PIECES + 1 => (part(self.fall.0), peak * (1.0 - middle(n - PIECES - 2))),
            _ => (f64::INFINITY, 0.0),
        };
        Piece { lasts, rate }
    }
}
