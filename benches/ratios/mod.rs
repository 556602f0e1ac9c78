//! Wall time of several ways to do one thing, interleaved in short rounds, as ratios to the first.
//!
//! Each way keeps its state from round to round, so a round is short enough to fit between two interruptions: on a machine
//! that others use as well, the best round of each is what to compare.

use std::hint::black_box;
#[expect(clippy::disallowed_types, reason = "a bench measures wall time")]
use std::time::Instant;

/// Rounds that are measured, and operations in each.
pub const ROUNDS: usize = 60;
pub const OPS: usize = 20_000;

/// One way: its name, and what does some operations and says of how many it is true (hits, grants).
pub type Way<'a> = (&'a str, Box<dyn FnMut(&[u64]) -> u64 + 'a>);

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Runs them all in each round and prints a table, after `keys` beyond the rounds' own have warmed them up. Gives how many
/// each said in all.
#[expect(clippy::disallowed_types, reason = "a bench measures wall time")]
pub fn compare(title: &str, keys: &[u64], of: &str, ways: &mut [Way]) -> Vec<u64> {
    let (warm, measured) = keys.split_at(keys.len() - ROUNDS * OPS);
    let mut times = vec![Vec::new(); ways.len()];
    let mut said: Vec<u64> = ways.iter_mut().map(|(_, run)| run(warm)).collect();
    for round in measured.chunks(OPS) {
        for (k, (_, run)) in ways.iter_mut().enumerate() {
            let start = Instant::now();
            said[k] += black_box(run(black_box(round)));
            times[k].push(start.elapsed().as_secs_f64() * 1e9 / OPS as f64);
        }
    }
    let best = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
    println!("{title}\n  ns/op: best  median   speed to the first: best  median   {of}");
    for (k, (name, _)) in ways.iter().enumerate() {
        println!(
            "  {:11.1} {:7.1}   {:24.2} {:7.2}   {:5.1}%   {name}",
            best(&times[k]),
            median(&times[k]),
            best(&times[0]) / best(&times[k]),
            median(&times[0]) / median(&times[k]),
            100.0 * said[k] as f64 / keys.len() as f64,
        );
    }
    println!();
    said
}
