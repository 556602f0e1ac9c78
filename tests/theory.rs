//! The simulator agrees with queueing theory, and the errors that it states are true errors.

use gameday::experiments::theory::{Check, Options, render, verify};
use rayon::prelude::*;

fn failed(checks: &[Check]) -> Vec<&Check> {
    checks.iter().filter(|check| !check.passed).collect()
}

fn seeds(n: u64, requests: u64) -> Vec<Check> {
    let run = |seed| verify(&Options { requests, seed });
    (1..=n).into_par_iter().flat_map(run).collect()
}

/// The z of all closed-form checks, of which those of one run are correlated (a mean wait and the
/// share that waits), so that bounds on their spread must be wide.
fn spread_of_z(checks: &[Check]) -> (f64, f64, usize) {
    let z: Vec<f64> = checks
        .iter()
        .filter(|c| c.standard_error > 0.0)
        .map(|c| c.z)
        .collect();
    let n = z.len() as f64;
    let mean = z.iter().sum::<f64>() / n;
    let square = z.iter().map(|z| z * z).sum::<f64>() / n;
    (mean, square.sqrt(), z.len())
}

#[test]
fn every_check_passes_with_the_default_seed() {
    let requests = if cfg!(debug_assertions) {
        60_000
    } else {
        1_000_000
    };
    let checks = verify(&Options {
        requests,
        ..Options::default()
    });
    assert!(failed(&checks).is_empty(), "\n{}", render(&checks));
    let again = verify(&Options {
        requests,
        ..Options::default()
    });
    assert_eq!(checks, again);
}

#[test]
fn deviations_over_many_seeds_look_standard_normal() {
    let (n, requests) = if cfg!(debug_assertions) {
        (3, 200_000)
    } else {
        (10, 1_000_000)
    };
    let checks = seeds(n, requests);
    let (mean, sd, count) = spread_of_z(&checks);
    assert!(mean.abs() < 0.25, "mean of {count} z: {mean}");
    assert!((0.8..1.25).contains(&sd), "spread of {count} z: {sd}");
    // 4 standard errors: 1 in 16,000 by chance, a little more often with estimated errors.
    assert!(
        failed(&checks).len() <= count / 500 + 1,
        "{:?}",
        failed(&checks)
    );
}

#[test]
fn the_table_says_what_was_compared() {
    let text = render(&verify(&Options {
        requests: 5_000,
        seed: 3,
    }));
    assert!(text.contains("M/M/1 at 90 %: mean wait, ms"));
    assert!(text.contains("Kiefer-Wolfowitz"));
    let last = text.lines().last().unwrap();
    assert!(last.contains("checks, 0 failed"), "{text}");
}

#[test]
#[ignore = "minutes: the figures for the report, at full size and over many seeds"]
fn full_size_over_ten_seeds() {
    println!("{}", render(&verify(&Options::default())));
    let checks = seeds(10, Options::default().requests);
    let (mean, sd, count) = spread_of_z(&checks);
    let worst = checks.iter().map(|c| c.z.abs()).fold(0.0, f64::max);
    println!("{count} z: mean {mean:+.3}, sd {sd:.3}, worst {worst:.2}");
    for limit in [1.0, 2.0, 3.0] {
        let over = checks.iter().filter(|c| c.z.abs() > limit).count();
        println!("|z| > {limit}: {:.2} %", over as f64 / count as f64 * 100.0);
    }
    assert!(failed(&checks).is_empty(), "{:?}", failed(&checks));
}
