//! Which data structure holds the p95 that an operation may cost: `gameday lab structures`. Source: Q16.
//!
//! # Short answer
//! By operation mix and measured tail, not by big-O alone: each candidate does the same batches of the same skewed keys at
//! several sizes; p50, p95 and the longest of a batch, and the bytes that it holds. The verdict is the one whose p95 is
//! least; of those within a tenth of it the smallest. None holds a budget that none keeps.
//!
//! # Complexity
//! Named by each candidate; the column "growth" shows what came of it: p95 at the largest size over that at the smallest.
//! A tail that grows with the live size is a cost of the structure (a scan, a rehash); one that does not is somebody
//! else's (ClickHouse#34980, rostamlabs/rostam#134: "rehash" that was lock waits).
//!
//! # Follow-ups
//! - *No regression in memory pressure?* The column "bytes", and `gameday lab structures --sizes 1k,1M`.
//! - *Throughput doubles?* `--batch 64`; *the budget is halved?* `--budget lookup=750us,top-k=2ms`.
//! - *What it does to users:* `gameday replay incident-16`.
//!
//! # Anti-patterns
//! - Big-O without constants: `sorted-vec` beats trees at small sizes, and a scan is level with std's hashing at a dozen keys (`--sizes 16`).
//! - Averages: `insert` into a growing hash map has a fine median and a rehash as its longest.
//! - Uniform keys: `--exponent 0` against the default.
//!
//! # Smallest set-up
//! `gameday lab structures --sizes 1k`
//!
//! # Source
//! The seed's Q16. The clock is handed in, so that nothing here knows wall time; a run of a service has no part in it.

mod keyed;
mod ordered;

use crate::{
    config::{Refusal, parse_nanos, show_bytes, show_nanos},
    sim::{
        dice::{Dice, Purpose},
        hash::mix,
        zipf::Zipf,
    },
};
use std::fmt::Write;

const KEYS: Purpose = Purpose::named("lab.structures.keys");

/// What a request asks of a structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Values of a batch of keys.
    Lookup,
    /// A batch of keys goes in; it grows to twice its size.
    Insert,
    /// A batch of keys gains score, and the ten best are asked for.
    TopK,
    /// A batch arrives, and what is too old goes.
    Expire,
}

impl Operation {
    /// All of them.
    pub const ALL: [Operation; 4] = [
        Operation::Lookup,
        Operation::Insert,
        Operation::TopK,
        Operation::Expire,
    ];

    /// As written on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Operation::Lookup => "lookup",
            Operation::Insert => "insert",
            Operation::TopK => "top-k",
            Operation::Expire => "expire",
        }
    }

    /// The structures that may do it.
    pub fn candidates(self) -> Vec<Box<dyn Candidate>> {
        match self {
            Operation::Lookup => keyed::all(false),
            Operation::Insert => keyed::all(true),
            Operation::TopK => ordered::tops(),
            Operation::Expire => ordered::windows(),
        }
    }
}

/// A structure at its operation. Equal batches must give equal answers, whichever does it.
pub trait Candidate {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Starts anew with these keys, no two of which are equal.
    fn fill(&mut self, keys: &[u64]);
    /// One batch. The answer is a check sum, so that the work cannot be left out and can be compared.
    fn batch(&mut self, keys: &[u64]) -> u64;
    /// Entries that it holds.
    fn len(&self) -> usize;
    /// Whether it holds none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Bytes that it holds, counted from its capacity; of trees an estimate from the fill of their nodes.
    fn bytes(&self) -> u64;
}

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Live sizes, in entries.
    pub sizes: Vec<usize>,
    /// Keys a batch: what one request asks for.
    pub batch: usize,
    /// Batches measured for each candidate and size.
    pub samples: usize,
    /// Zipf exponent of the keys; 0 is uniform.
    pub exponent: f64,
    /// ns that a batch may take at its p95, by operation.
    pub budgets: Vec<(Operation, u64)>,
    /// Seed of the keys.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            sizes: vec![1_000, 10_000, 100_000],
            batch: 32,
            samples: 300,
            exponent: 1.0,
            budgets: vec![
                (Operation::Lookup, 1_500_000),
                (Operation::Insert, 1_500_000),
                (Operation::TopK, 4_000_000),
                (Operation::Expire, 1_500_000),
            ],
            seed: 16,
        }
    }
}

/// Entries of the largest size: a few hundred MiB.
const MOST: usize = 4_000_000;

impl Options {
    /// Reads `lookup=1.5ms,top-k=4ms` over the budgets.
    ///
    /// # Errors
    /// An operation or a time that there is not.
    pub fn set_budgets(&mut self, text: &str) -> Result<(), Refusal> {
        for part in text.split(',').filter(|p| !p.trim().is_empty()) {
            let wrong = || {
                Refusal::new(format!("\"{part}\" is no budget"))
                    .help("such as lookup=1.5ms; of lookup, insert, top-k, expire")
            };
            let (name, time) = part.split_once('=').ok_or_else(wrong)?;
            let time = parse_nanos(time.trim()).ok_or_else(wrong)?;
            let of = self
                .budgets
                .iter_mut()
                .find(|(o, _)| o.word() == name.trim())
                .ok_or_else(wrong)?;
            of.1 = time;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Refusal> {
        let refuse = |what: &str, help: String| Err(Refusal::new(what).help(help));
        if self.sizes.is_empty() || self.sizes.iter().any(|s| !(1..=MOST).contains(s)) {
            return refuse(
                "a size of nothing, or of too much",
                format!("1 to {MOST} entries"),
            );
        }
        if !(1..=100_000).contains(&self.batch) {
            return refuse(
                "a batch of nothing, or of too much",
                "1 to 100000 keys".into(),
            );
        }
        if !(20..=1_000_000).contains(&self.samples) {
            return refuse(
                "too few samples for a p95, or too many",
                "20 to 1000000".into(),
            );
        }
        if !(0.0..=10.0).contains(&self.exponent) {
            return refuse("no exponent of a skew", "0 (uniform) to 10".into());
        }
        Ok(())
    }
}

/// What came of one candidate at one size.
#[derive(Clone, Debug)]
pub struct Row {
    /// The operation.
    pub operation: Operation,
    /// The candidate.
    pub name: &'static str,
    /// Live entries at the start.
    pub size: usize,
    /// Median of a batch, ns.
    pub p50: u64,
    /// 95th percentile of a batch, ns.
    pub p95: u64,
    /// The longest batch, ns.
    pub longest: u64,
    /// The most bytes that it held.
    pub bytes: u64,
    /// ns that a batch may take.
    pub budget: u64,
    /// The check sum of its answers, equal for all candidates.
    pub answers: u64,
}

impl Row {
    /// Whether its p95 is within the budget.
    pub fn holds(&self) -> bool {
        self.p95 <= self.budget
    }
}

/// Measures; `clock` gives ns since any instant.
///
/// # Errors
/// Sizes and counts that cannot be measured.
pub fn run(options: &Options, clock: &mut dyn FnMut() -> u64) -> Result<Vec<Row>, Refusal> {
    options.check()?;
    let mut rows = vec![];
    for operation in Operation::ALL {
        let budget = options.budgets.iter().find(|(o, _)| *o == operation);
        let budget = budget.map_or(u64::MAX, |(_, b)| *b);
        for &size in &options.sizes {
            let live: Vec<u64> = (0..size as u64).map(mix).collect();
            let zipf = Zipf::new(2 * size, options.exponent)
                .map_err(|_| Refusal::new("no such skew").help("0 (uniform) to 10"))?;
            for candidate in &mut operation.candidates() {
                let mut row = measure(options, &live, &zipf, candidate.as_mut(), clock);
                (row.operation, row.budget) = (operation, budget);
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

fn measure(
    options: &Options,
    live: &[u64],
    zipf: &Zipf,
    candidate: &mut dyn Candidate,
    clock: &mut dyn FnMut() -> u64,
) -> Row {
    candidate.fill(live);
    let mut times = Vec::with_capacity(options.samples);
    let (mut answers, mut bytes) = (0u64, candidate.bytes());
    let mut keys = vec![0; options.batch];
    // A tenth to warm up, which is not counted.
    let warm_up = options.samples / 10;
    for n in 0..options.samples + warm_up {
        // The popular ranks are spread over the live keys and as many that are not there.
        for (i, key) in keys.iter_mut().enumerate() {
            let nth = (n * options.batch + i) as u64;
            let rank = zipf.sample(&mut Dice::new(options.seed, nth).draw(KEYS, 0));
            *key = mix(rank as u64);
        }
        let began = clock();
        let answer = candidate.batch(&keys);
        let time = clock().saturating_sub(began);
        answers = mix(answers ^ answer);
        bytes = bytes.max(candidate.bytes());
        if n >= warm_up {
            times.push(time);
        }
        // Growth is part of what is measured, growth without end is not.
        if candidate.len() >= 2 * live.len().max(options.batch) {
            candidate.fill(live);
        }
    }
    times.sort_unstable();
    let rank = |q: f64| times[((times.len() as f64 * q).ceil() as usize).clamp(1, times.len()) - 1];
    Row {
        operation: Operation::Lookup,
        name: candidate.name(),
        size: live.len(),
        p50: rank(0.5),
        p95: rank(0.95),
        longest: rank(1.0),
        bytes,
        budget: 0,
        answers,
    }
}

/// The one to take for an operation at a size: of those that hold the budget the one with the least p95, and of those
/// within a tenth of that the smallest. `None` when none holds it.
pub fn verdict(rows: &[Row], operation: Operation, size: usize) -> Option<&Row> {
    let of = || {
        rows.iter()
            .filter(move |r| r.operation == operation && r.size == size && r.holds())
    };
    let least = of().map(|r| r.p95).min()?;
    of().filter(|r| r.p95 as f64 <= least as f64 * 1.1)
        .min_by_key(|r| (r.bytes, r.p95))
}

/// The table.
pub fn render(rows: &[Row], options: &Options) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "Batches of {} keys by Zipf, exponent {}; {} samples each; wall time of this machine\n",
        options.batch, options.exponent, options.samples
    );
    if cfg!(debug_assertions) {
        text.push_str("This is a debug build: its times say little about a release build.\n\n");
    }
    for operation in Operation::ALL {
        let of = || rows.iter().filter(move |r| r.operation == operation);
        let Some(budget) = of().next().map(|r| r.budget) else {
            continue;
        };
        let _ = writeln!(
            text,
            "{}: p95 of a batch within {}",
            operation.word(),
            show_nanos(budget)
        );
        let _ = writeln!(
            text,
            "  {:26} {:>9} {:>9} {:>9} {:>9} {:>10} {:>8}",
            "", "size", "p50", "p95", "longest", "bytes", "growth"
        );
        for row in of() {
            let same = || of().filter(|r| r.name == row.name);
            let largest = same().max_by_key(|r| r.size);
            let smallest = same().min_by_key(|r| r.size);
            let growth = match (smallest, largest) {
                (Some(s), Some(l)) if l.size == row.size && s.size < l.size => {
                    format!("{:.1}x", l.p95 as f64 / s.p95.max(1) as f64)
                }
                _ => String::new(),
            };
            let chosen = verdict(rows, operation, row.size).is_some_and(|v| v.name == row.name);
            let mark = match (chosen, row.holds()) {
                (true, _) => "take it",
                (false, true) => "",
                (false, false) => "over budget",
            };
            let _ = writeln!(
                text,
                "  {:26} {:>9} {:>9} {:>9} {:>9} {:>10} {:>8}  {mark}",
                row.name,
                row.size,
                show_nanos(row.p50),
                show_nanos(row.p95),
                show_nanos(row.longest),
                show_bytes(row.bytes),
                growth,
            );
        }
        for &size in &options.sizes {
            if verdict(rows, operation, size).is_none() {
                let _ = writeln!(text, "  at {size} entries none holds the budget");
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
