//! When requests arrive: one file a process, one line each in [`KINDS`].
//!
//! Every process is a walk of steps (exponential, even, or of another spread) through a rate that is constant piece by
//! piece: the n-th step ends where the expected number of arrivals has grown by it. So the n-th request keeps its dice
//! whatever the rate becomes, and changing a rate moves requests in time but makes none of them another.

mod bursts;
mod constant;
mod diurnal;
mod flash_crowd;
mod gamma;
mod poisson;

use crate::{
    config::{Kind, Node, Read, Refusal, pick},
    sim::dice::{Dice, Purpose},
};
use std::sync::Arc;

/// The processes.
pub const KINDS: &[Kind<Process>] = &[
    poisson::KIND,
    constant::KIND,
    gamma::KIND,
    bursts::KIND,
    diurnal::KIND,
    flash_crowd::KIND,
];

/// A piece of time with one rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// How long, ns.
    pub lasts: f64,
    /// Arrivals a ns.
    pub rate: f64,
}

/// A rate over time: its pieces, by number, for ever. Those drawn at random have the dice of the trace.
pub trait Curve: std::fmt::Debug + Send + Sync {
    /// The piece of a number, from 0.
    fn piece(&self, n: u64, dice: Dice) -> Piece;
}

/// How far apart arrivals are, in expected arrivals: always 1 in the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Steps {
    /// All alike.
    Even,
    /// No memory: a Poisson process.
    Exponential,
    /// Gamma of this shape; below 1 is burstier than Poisson.
    Gamma(f64),
}

/// One walk through one curve.
#[derive(Clone, Debug)]
pub struct Walk {
    /// The rate.
    pub curve: Arc<dyn Curve>,
    /// The steps.
    pub steps: Steps,
}

/// An arrival process: one or several walks, merged. Each but the first gives requests of its own, which come on top.
#[derive(Clone, Debug)]
pub struct Process {
    /// Name and settings in words.
    pub words: String,
    /// The walks.
    pub walks: Vec<Walk>,
}

impl Read for Process {
    const WHAT: &'static str =
        "an arrival process such as { kind = \"poisson\", rate = \"200/s\" }";
    fn read(node: &Node) -> Result<Self, Refusal> {
        pick(KINDS, "arrival process", node)
    }
    fn schema() -> serde_json::Value {
        let kinds: Vec<_> = KINDS
            .iter()
            .map(|k| {
                let mut schema = crate::config::schema_of(k.summary, &(k.fields)());
                schema["properties"]["kind"] = serde_json::json!({ "const": k.name });
                schema
            })
            .collect();
        serde_json::json!({ "type": "object", "oneOf": kinds })
    }
}

impl PartialEq for Process {
    fn eq(&self, other: &Self) -> bool {
        self.words == other.words
    }
}

/// The rate of a process that never changes.
#[derive(Debug)]
pub(super) struct Level(pub f64);

impl Curve for Level {
    fn piece(&self, _n: u64, _dice: Dice) -> Piece {
        Piece {
            lasts: f64::INFINITY,
            rate: self.0,
        }
    }
}

/// Arrivals per ns, from arrivals per second.
fn per_ns(rate: f64) -> f64 {
    rate / 1e9
}

const STEP: Purpose = Purpose::named("trace.arrival-step");
const PIECE: Purpose = Purpose::named("trace.rate-piece");
/// Walks get op numbers this far apart.
const WALK: u64 = 1 << 38;

/// Arrivals as (op, ns), in order.
#[derive(Debug)]
pub struct Arrivals {
    walkers: Vec<Walker>,
    until: u64,
    seed: u64,
}

#[derive(Debug)]
struct Walker {
    walk: Walk,
    dice: Dice,
    n: u64,
    at: f64,
    piece: Piece,
    left: f64,
    pieces: u64,
    first_op: u64,
    next: u64,
}

impl Arrivals {
    /// The arrivals of a process before `until`, ns.
    pub fn new(process: &Process, seed: u64, until: u64) -> Arrivals {
        let walkers = process
            .walks
            .iter()
            .enumerate()
            .map(|(i, walk)| Walker::new(walk.clone(), seed, i as u64, until))
            .collect();
        Arrivals {
            walkers,
            until,
            seed,
        }
    }

    /// The seed of its dice.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

impl Iterator for Arrivals {
    type Item = (u64, u64);

    #[inline]
    fn next(&mut self) -> Option<(u64, u64)> {
        let walker = match self.walkers.len() {
            1 => &mut self.walkers[0],
            _ => self
                .walkers
                .iter_mut()
                .min_by_key(|w| (w.next, w.first_op))?,
        };
        let at = walker.next;
        if at >= self.until {
            return None;
        }
        let op = walker.first_op + walker.n - 1;
        walker.step(self.until);
        Some((op, at))
    }
}

impl Walker {
    fn new(walk: Walk, seed: u64, i: u64, until: u64) -> Walker {
        let dice = Dice::new(seed, u64::MAX - i);
        let piece = walk.curve.piece(0, dice);
        let mut walker = Walker {
            walk,
            dice,
            n: 0,
            at: 0.0,
            left: piece.lasts,
            piece,
            pieces: 1,
            first_op: i * WALK,
            next: 0,
        };
        walker.step(until);
        walker
    }

    #[inline]
    fn step(&mut self, until: u64) {
        let mut draw = self.dice.draw(STEP, self.n);
        let mut e = match self.walk.steps {
            Steps::Even => 1.0,
            Steps::Exponential => draw.exponential(1.0),
            Steps::Gamma(shape) => draw.gamma(shape, 1.0 / shape),
        };
        self.n += 1;
        loop {
            let mass = self.left * self.piece.rate;
            if e <= mass && self.piece.rate > 0.0 {
                let lasts = e / self.piece.rate;
                self.at += lasts;
                self.left -= lasts;
                break;
            }
            if self.left.is_infinite() || self.at > until as f64 {
                self.at = f64::INFINITY;
                break;
            }
            e -= mass;
            self.at += self.left;
            self.piece = self.walk.curve.piece(self.pieces, self.dice);
            self.left = self.piece.lasts;
            self.pieces += 1;
        }
        // Beyond the range of the clock is never.
        self.next = if self.at < 9e18 {
            self.at as u64
        } else {
            u64::MAX
        };
    }
}
