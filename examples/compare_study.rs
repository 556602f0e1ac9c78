//! How often `compare` calls a change that is there, and one that is not, beside Kayenta's rule and a plain Mann-Whitney
//! test: the table of docs/compare.md.
//!
//!     cargo run --release --example compare_study -- [pairs of the same] [pairs of each change] [--only=WORDS] [-v]

#[path = "../tests/compare_support/mod.rs"]
mod compare_support;

use compare_support::{Change, Process, World, kayenta, mann_whitney};
use gameday::compare::{Options, Verdict, unpaired};
use rayon::prelude::*;

/// Which verdicts a pair got: ours worse, ours better, Kayenta's, Mann and Whitney's; and rows without enough to say.
type Found = (bool, bool, bool, bool, f64);

fn main() {
    let numbers: Vec<u64> = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse().ok())
        .collect();
    let at = |i: usize, otherwise: u64| numbers.get(i).copied().unwrap_or(otherwise);
    let (same, each) = (at(0, 400), at(1, 100));
    println!(
        "| recordings | requests each | pairs | worse | better | no say | Kayenta | Mann-Whitney |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (name, process) in [
        ("independent", Process::Independent),
        ("level drifts, phi 0.95", Process::Drifting(0.95)),
        ("level drifts, phi 0.99", Process::Drifting(0.99)),
        ("bursts", Process::Bursts),
        ("M/M/1 at 0.7", Process::Queue(0.7)),
        ("M/M/1 at 0.8", Process::Queue(0.8)),
        ("M/M/1 at 0.9", Process::Queue(0.9)),
    ] {
        line(
            &format!("the same, {name}"),
            20_000,
            same,
            process,
            Change::None,
            0.002,
        );
    }
    let drifting = Process::Drifting(0.95);
    for (name, n, process, change) in [
        ("all latencies +5 %", 20_000, drifting, Change::Scale(1.05)),
        ("all latencies +10 %", 20_000, drifting, Change::Scale(1.10)),
        ("all latencies +20 %", 20_000, drifting, Change::Scale(1.20)),
        ("slowest tenth +20 %", 20_000, drifting, Change::Tail(1.2)),
        (
            "slowest tenth +20 %, independent",
            20_000,
            Process::Independent,
            Change::Tail(1.2),
        ),
        (
            "twice the variance, equal mean",
            20_000,
            drifting,
            Change::Variance,
        ),
        (
            "70 % of the requests 100 times as slow",
            20_000,
            drifting,
            Change::Some(0.7, 100.0),
        ),
        (
            "70 % of the requests 100 times as slow, 1,000 requests",
            1_000,
            drifting,
            Change::Some(0.7, 100.0),
        ),
        (
            "2 % of the requests 10 times as slow",
            20_000,
            drifting,
            Change::Some(0.02, 10.0),
        ),
        (
            "errors 0 to 0.05 %",
            20_000,
            drifting,
            Change::Errors(0.0005),
        ),
        (
            "errors 0 to 0.05 %",
            100_000,
            drifting,
            Change::Errors(0.0005),
        ),
        (
            "errors 0 to 20, spread",
            100_000,
            drifting,
            Change::Sparse(20),
        ),
        (
            "errors 0 to 20, all in one second",
            100_000,
            drifting,
            Change::Clustered(20),
        ),
    ] {
        line(name, n, each, process, change, 0.0);
    }
}

fn line(name: &str, n: usize, pairs: u64, process: Process, change: Change, errors: f64) {
    let only = std::env::args().find_map(|a| a.strip_prefix("--only=").map(String::from));
    if only.is_some_and(|words| !name.contains(&words)) {
        return;
    }
    let found: Vec<Found> = (0..pairs)
        .into_par_iter()
        .map(|pair| one(pair, n, process, change, errors))
        .collect();
    let share = |of: fn(&Found) -> bool| {
        let k = found.iter().filter(|f| of(f)).count();
        format!("{:.1} %", 100.0 * k as f64 / pairs.max(1) as f64)
    };
    let silent = found.iter().map(|f| f.4).sum::<f64>() / pairs.max(1) as f64;
    println!(
        "| {name} | {n} | {pairs} | {} | {} | {:.1} % | {} | {} |",
        share(|f| f.0),
        share(|f| f.1),
        100.0 * silent,
        share(|f| f.2),
        share(|f| f.3)
    );
}

fn one(pair: u64, n: usize, process: Process, change: Change, errors: f64) -> Found {
    let world = |seed, change| World {
        errors,
        ..World::new(seed, n, process, change)
    };
    let base = world(2 * pair + 1, Change::None).record();
    let new = world(2 * pair + 2, change).record();
    let compared = unpaired(&base, &new, &Options::default());
    if std::env::args().any(|a| a == "-v") {
        let told = compared
            .rows
            .iter()
            .filter(|r| r.verdict <= Verdict::Better);
        told.for_each(|row| eprintln!("{pair}: {:?} {}", row.verdict, row.detail));
    }
    let silent = compared.with(Verdict::TooFew).count() as f64 / compared.rows.len().max(1) as f64;
    (
        compared.is_worse(),
        compared.with(Verdict::Better).next().is_some(),
        kayenta(&base, &new),
        mann_whitney(&base, &new),
        silent,
    )
}
