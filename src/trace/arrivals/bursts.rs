//! bursts: quiet and busy times take turns, each of random length (a two-state Markov-modulated Poisson process; with a
//! quiet rate of 0, on-off traffic).

use super::{Curve, PIECE, Piece, Process, Steps, Walk, per_ns};
use crate::{
    config::{At, Kind, Options, Rate, Refusal, Span, Table, show_nanos, show_rate},
    sim::dice::Dice,
};
use std::sync::Arc;

crate::options! {
    /// Quiet and busy times of random length take turns.
    #[derive(Clone, Debug)]
    pub struct Bursts {
        /// Arrivals in a quiet time.
        quiet: Rate = Rate(0.0), "0/s";
        /// Arrivals in a busy time.
        busy: Rate,
        /// Mean length of a quiet time.
        quiet_for: Span,
        /// Mean length of a busy time.
        busy_for: Span,
        /// Whether all quiet and all busy times are equally long.
        regular: bool = false, "false";
    }
}

/// The kind.
pub const KIND: Kind<Process> = Kind {
    name: "bursts",
    summary: "quiet and busy times take turns (MMPP; on-off when the quiet rate is 0)",
    fields: Bursts::fields,
    build,
};

fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Process, Refusal> {
    let b = Bursts::read_table(at, table, taken)?;
    if b.quiet_for.0.min(b.busy_for.0) < 1_000_000 {
        return Err(
            Refusal::at(at, "a time of no length").help("quiet_for and busy_for are 1ms or longer")
        );
    }
    if b.quiet.0.max(b.busy.0) <= 0.0 {
        return Err(Refusal::at(at, "nobody ever comes").help("busy is above 0, such as \"50/s\""));
    }
    Ok(Process {
        words: format!(
            "bursts, {} for {} and {} for {}{}",
            show_rate(b.quiet.0),
            show_nanos(b.quiet_for.0),
            show_rate(b.busy.0),
            show_nanos(b.busy_for.0),
            if b.regular { ", regular" } else { "" }
        ),
        walks: vec![Walk {
            curve: Arc::new(b),
            steps: Steps::Exponential,
        }],
    })
}

impl Curve for Bursts {
    fn piece(&self, n: u64, dice: Dice) -> Piece {
        let busy = n % 2 == 1;
        let (rate, mean) = if busy {
            (self.busy, self.busy_for)
        } else {
            (self.quiet, self.quiet_for)
        };
        let lasts = if self.regular {
            mean.0 as f64
        } else {
            dice.draw(PIECE, n).exponential(mean.0 as f64)
        };
        Piece {
            lasts,
            rate: per_ns(rate.0),
        }
    }
}
