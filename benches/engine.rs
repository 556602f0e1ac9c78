//! The engine beside what one would write by hand, in one run: `cargo bench --bench engine`.
//!
//! Rounds are interleaved, and what counts is the ratio to the hand-written loop of the same
//! round: on a shared machine the nanoseconds wander, the ratios hardly do. Every row is checked:
//! each wait equal to the Kiefer-Wolfowitz recursion, each pipeline to the same rows.

mod hand;
mod on_sim;
mod others;

use hand::parts::{Recorder, World};
use hand::queue::{self, Input};
use std::hint::black_box;
#[expect(clippy::disallowed_types, reason = "a bench measures wall time")]
use std::time::Instant;

const REQUESTS: usize = 1_000_000;
const ROUNDS: usize = 7;

/// Wall nanoseconds a request.
#[expect(clippy::disallowed_types, reason = "a bench measures wall time")]
fn time<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = black_box(work());
    (
        start.elapsed().as_secs_f64() * 1e9 / REQUESTS as f64,
        result,
    )
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Prints a table; the first column of times is the one to compare with.
fn table(title: &str, names: &[&str], times: &[Vec<f64>], agree: &[bool]) {
    println!("{title}");
    println!("  M req/s   ns/req    best   ratio to hand [range]");
    for ((name, mine), agree) in names.iter().zip(times).zip(agree) {
        let ratios: Vec<f64> = times[0]
            .iter()
            .zip(mine)
            .map(|(hand, t)| hand / t)
            .collect();
        let low = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let high = ratios.iter().copied().fold(0.0, f64::max);
        let best = mine.iter().copied().fold(f64::INFINITY, f64::min);
        let ns = median(mine);
        println!(
            "  {:7.2}  {ns:7.1} {best:7.1}   {:5.3} [{low:5.3} - {high:6.3}]  {name}{}",
            1e3 / ns,
            median(&ratios),
            if *agree { "" } else { "   RESULTS DIFFER" },
        );
    }
    println!();
}

fn queues() -> bool {
    type Run<'a> = (&'a str, Box<dyn Fn(&mut [u64]) + 'a>);
    let input: Input = queue::input(REQUESTS);
    let prepared = others::prepare(&input);
    let input = &input;
    let runs: [Run; 6] = [
        (
            "by hand, BinaryHeap",
            Box::new(|w| queue::binary_heap(input, w)),
        ),
        (
            "Kiefer-Wolfowitz, no events",
            Box::new(|w| queue::kiefer_wolfowitz(input, w)),
        ),
        (
            "sim, semaphore",
            Box::new(|w| on_sim::queue::semaphore(input, w)),
        ),
        (
            "sim, station",
            Box::new(|w| on_sim::queue::station(input, w)),
        ),
        (
            "sim, tokio::sync::Semaphore",
            Box::new(|w| on_sim::queue::tokio_semaphore(input, w)),
        ),
        (
            "nexosim 1.0, one thread",
            Box::new(|w| others::nexosim(&prepared, w)),
        ),
    ];
    let mut exact = vec![0; REQUESTS];
    queue::kiefer_wolfowitz(input, &mut exact);
    let mut times = vec![Vec::new(); runs.len()];
    let mut agree = [true; 6];
    let mut wait = vec![0; REQUESTS];
    for _ in 0..ROUNDS {
        for (k, (_, run)) in runs.iter().enumerate() {
            wait.fill(u64::MAX);
            times[k].push(time(|| run(&mut wait)).0);
            agree[k] &= wait == exact;
        }
    }
    let names = runs.iter().map(|run| run.0).collect::<Vec<_>>();
    table(
        "M/M/8 at 87.5 %, a million requests",
        &names,
        &times,
        &agree,
    );
    agree.iter().all(|a| *a)
}

fn pipelines() -> bool {
    type Run = fn(&World, usize) -> Recorder;
    let runs: [(&str, Run); 2] = [
        ("by hand, state machine", hand::pipeline::run),
        ("sim, async", on_sim::pipeline::run),
    ];
    let world = World::new();
    let mut times = vec![Vec::new(); runs.len()];
    let mut sums = [0; 2];
    for _ in 0..ROUNDS {
        for (k, (_, run)) in runs.iter().enumerate() {
            let (ns, recorder) = time(|| run(&world, REQUESTS));
            times[k].push(ns);
            sums[k] = recorder.checksum();
        }
    }
    let same = sums[0] == sums[1];
    let names = runs.map(|run| run.0);
    table(
        "Pipeline, a million requests",
        &names,
        &times,
        &[true, same],
    );
    same
}

fn main() {
    let (queues, pipelines) = (queues(), pipelines());
    // A fast engine that is wrong is no engine.
    assert!(queues && pipelines, "results differ");
}
