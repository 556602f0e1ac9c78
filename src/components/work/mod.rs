//! Work whose cost is counted: code as it is found in hot paths, flawed and sound, that runs and says what it spent.
//!
//! A unit is what the code does (a byte parsed, two items compared, a step of a matcher), so the same text costs the same
//! in every run and on every machine; what a unit costs in time is a number beside it. Sound and flawed ways of one work
//! come to the same product for every text.
//!
//! # Source
//! Q28 of the seed.

mod scan;

use crate::config::{Kind, Options};

/// What a piece of work is given: the text it works on, and how it arrives.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The text.
    pub text: &'a str,
    /// Bytes of a fragment, where it arrives in fragments. 0: whole.
    pub fragment: usize,
}

/// More was spent than there was to spend: the work is broken off, as a watchdog would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

/// Where the units of one run went: one count for each part of the work.
#[derive(Clone, Debug)]
pub struct Meter {
    spent: Vec<u64>,
    left: u64,
}

impl Meter {
    /// A meter for a work of so many parts, which may spend `most` units in all.
    pub fn new(parts: usize, most: u64) -> Meter {
        Meter {
            spent: vec![0; parts],
            left: most,
        }
    }

    /// Counts units of a part.
    ///
    /// # Errors
    /// Once more than `most` was spent in all; what was over it is not counted.
    #[inline]
    pub fn spend(&mut self, part: usize, units: u64) -> Result<(), Exhausted> {
        let granted = units.min(self.left);
        self.left -= granted;
        if let Some(spent) = self.spent.get_mut(part) {
            *spent += granted;
        }
        if granted < units {
            return Err(Exhausted);
        }
        Ok(())
    }

    /// Units by part.
    pub fn spent(&self) -> &[u64] {
        &self.spent
    }

    /// Units of all parts.
    pub fn total(&self) -> u64 {
        self.spent.iter().sum()
    }
}

/// A piece of real work whose cost is counted. Sound and flawed ways of the same work give the same product for every text.
pub trait Work {
    /// Frames that the units are booked under, as in a profile, such as `["parse", "compare"]`.
    fn parts(&self) -> &'static [&'static str];
    /// ns that a unit costs.
    fn unit(&self) -> f64;
    /// Does it. The product is a digest of the result (two ways of one work agree on it).
    ///
    /// # Errors
    /// The meter is exhausted.
    fn run(&self, job: &Job<'_>, meter: &mut Meter) -> Result<u64, Exhausted>;
    /// Size of a job as this work sees it, for the slope: bytes, items, ...
    fn size(&self, job: &Job<'_>) -> u64;
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn Work>>> {
    vec![Kind {
        name: "scan",
        summary: "reads every byte once: what linear work costs",
        fields: scan::ScanOptions::fields,
        build: scan::build,
    }]
}
