//! Real work whose cost is counted: what a service does with a text, in sound and in flawed ways. Source: Q28.
//!
//! # Short answer
//! CPU that goes up while the traffic does not is work for each request that has grown, and its *slope against size*
//! says how: a constant factor (the same done several times, a thing built for each item) keeps slope 1, all pairs and
//! reading everything again have slope 2, backtracking has 2, 3 or no bound. The cure is another way of the same work, not
//! more threads. Here each work is code that runs. It counts what it does (bytes parsed, comparisons, steps); the product
//! does not depend on the way, and the units depend on the text alone, so a simulated second costs what was counted.
//!
//! # Complexity
//! | kind | sound way | flawed ways |
//! |---|---|---|
//! | `distinct` | `set`: O(items) | `pairs`: O(items²) |
//! | `layers` | `once`: O(bytes) | `each`: O(layers × bytes) |
//! | `pattern` | `linear`: O(pattern × bytes) | `backtracking`: O(bytes²), O(bytes³) or exponential, as pattern and text are |
//! | `serialize` | `once`: O(bytes) | `each`: O(times × bytes) |
//! | `scan` | O(bytes) | none: the look-alike of all that is not linear |
//! | `stream` | `append`: O(bytes) | `reread`: O(bytes² / fragment) |
//! | `validate` | `once`: O(bytes) | `per-item`: O(items × rule); `per-request`: O(bytes + rule) |
//!
//! # Smallest set-up
//! ```toml
//! [service.work.render]
//! kind = "stream"
//! way  = "reread"
//! ```
//!
//! # Source
//! Q28 of the seed; rexxars/eventsource-parser#28.

mod distinct;
mod json;
mod layers;
mod pattern;
mod scan;
mod serialize;
mod stream;
mod validate;

#[cfg(test)]
mod laws;

use crate::config::{At, Kind, Options, Refusal, Table};
pub use distinct::{DistinctOptions, DistinctWay};
pub use layers::{LayersOptions, LayersWay};
pub use pattern::{PatternOptions, PatternWay};
pub use scan::ScanOptions;
pub use serialize::{SerializeOptions, SerializeWay};
pub use stream::{StreamOptions, StreamWay};
pub use validate::{ValidateOptions, ValidateWay};

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
    /// Frames that the units are booked under, as in a profile, such as ["parse", "compare"].
    fn parts(&self) -> &'static [&'static str];
    /// ns that a unit of each part costs, as measured by `gameday lab work` on the machine named beside the numbers.
    fn costs(&self) -> &'static [f64];
    /// Does it. The product is a digest of the result (two ways of one work agree on it).
    ///
    /// # Errors
    /// When the meter is exhausted.
    fn run(&self, job: &Job<'_>, meter: &mut Meter) -> Result<u64, Exhausted>;
    /// Size of a job as this work sees it, for the slope: bytes, items, ...
    fn size(&self, job: &Job<'_>) -> u64;
}

/// Set-ups that the field knows to be wrong. `way` comes first; without it the same set-up is sound.
pub const FLAWS: &[super::Flaw] = &[
    super::Flaw {
        name: "all-pairs",
        kind: "distinct",
        options: "way = \"pairs\"",
        breaks: "units_grow_as_size_does",
        source: "Q28: a loop over all pairs that a small test does not show",
    },
    super::Flaw {
        name: "reread",
        kind: "stream",
        options: "way = \"reread\"",
        breaks: "units_grow_as_size_does",
        source: "Q28; rexxars/eventsource-parser#28: 280 MB in 93 s, and in 6.8 s with an index kept",
    },
    super::Flaw {
        name: "serialized-for-each",
        kind: "serialize",
        options: "way = \"each\", times = 8",
        breaks: "what_is_needed_once_is_done_once",
        source: "Q28: the same object is serialized for log, cache, metrics and answer",
    },
    super::Flaw {
        name: "parsed-in-each-layer",
        kind: "layers",
        options: "way = \"each\", layers = 8",
        breaks: "what_is_needed_once_is_done_once",
        source: "Q28: JSON is parsed again in each layer",
    },
    super::Flaw {
        name: "backtracks-on-bodies",
        kind: "pattern",
        options: "way = \"backtracking\", pattern = '(?:.*.*=.*)'",
        breaks: "units_grow_as_size_does",
        source: "Q28; Cloudflare, 2 July 2019: one rule of the firewall took all CPUs for 27 minutes",
    },
    super::Flaw {
        name: "backtracks-on-blanks",
        kind: "pattern",
        options: "way = \"backtracking\", pattern = '\\s+$'",
        breaks: "units_grow_as_size_does",
        source: "Q28; Stack Exchange, 20 July 2016: 20,000 blanks in one post that the home page shows",
    },
    super::Flaw {
        name: "backtracks-without-bound",
        kind: "pattern",
        options: "way = \"backtracking\", pattern = '(a+)+$'",
        breaks: "units_grow_as_size_does",
        source: "Q28: a repetition of a repetition doubles with each character",
    },
    super::Flaw {
        name: "built-for-each-item",
        kind: "validate",
        options: "way = \"per-item\"",
        breaks: "what_is_needed_once_is_done_once",
        source: "Q28; inmanta/inmanta-core#10738: 11.8 us to build a validator that takes 0.29 us to use",
    },
    super::Flaw {
        name: "built-for-each-request",
        kind: "validate",
        options: "way = \"per-request\"",
        breaks: "what_is_needed_once_is_done_once",
        source: "Q28; PrefectHQ/prefect#15047, OpenJobDescription/openjd-model-for-python#212",
    },
];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn Work>>> {
    vec![
        Kind {
            name: "distinct",
            summary: "items of a list without those that came before",
            fields: DistinctOptions::fields,
            build: distinct::build,
        },
        Kind {
            name: "layers",
            summary: "a JSON body that several layers look at",
            fields: LayersOptions::fields,
            build: layers::build,
        },
        Kind {
            name: "pattern",
            summary: "a pattern is looked for in a text",
            fields: PatternOptions::fields,
            build: pattern::build,
        },
        Kind {
            name: "scan",
            summary: "reads every byte once: what linear work costs",
            fields: ScanOptions::fields,
            build: scan::build,
        },
        Kind {
            name: "serialize",
            summary: "a value written as JSON for several who want it",
            fields: SerializeOptions::fields,
            build: serialize::build,
        },
        Kind {
            name: "stream",
            summary: "an answer that arrives in fragments is scanned as it comes",
            fields: StreamOptions::fields,
            build: stream::build,
        },
        Kind {
            name: "validate",
            summary: "items of a list are held to a rule",
            fields: ValidateOptions::fields,
            build: validate::build,
        },
    ]
}

/// Refuses a number of times that is none, or more than `most`.
fn up_to(most: u32, n: u32, at: &At, table: &Table, option: &str) -> Result<(), Refusal> {
    if (1..=most).contains(&n) {
        return Ok(());
    }
    let place = table.get(option).map_or(at, |entry| &entry.node.at);
    Err(Refusal::at(place, format!("{n} {option}")).help(format!("from 1 to {most}")))
}
