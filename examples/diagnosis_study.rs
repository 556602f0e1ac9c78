//! Measures the diagnosis on made-up services of varied shape: how often the true cause comes first, and how often a healthy
//! run is left alone.
//!
//!     cargo run --release --example diagnosis_study -- [healthy runs] [incidents a cause] [first seed] [requests a run] [--seconds=N]
//!         [--only=cause,cause] [-v]

#[path = "../tests/diagnosis_support/mod.rs"]
mod diagnosis_support;

use diagnosis_support::{
    Incident, Kind, World, run,
    score::{Case, case, wilson},
};
use gameday::diagnosis::{diagnose, loudest};
use gameday::report::text;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// A run's truth, its seed, what was found, and how loud each series was.
type Quiet = (String, u64, Option<String>, Vec<(&'static str, f64, f64)>);

fn main() {
    let numbers: Vec<u64> = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse().ok())
        .collect();
    let at = |i: usize, otherwise: u64| numbers.get(i).copied().unwrap_or(otherwise);
    let (healthy, each, seed, requests) = (at(0, 500), at(1, 30), at(2, 1), at(3, 60_000) as f64);
    let seconds = std::env::args().find_map(|a| a.strip_prefix("--seconds=")?.parse().ok());
    if let Some(cause) = std::env::args()
        .skip(1)
        .find_map(|a| a.strip_prefix("--one=").map(String::from))
    {
        return one(&cause, at(0, 1), at(1, 60_000) as f64, seconds);
    }
    let verbose = std::env::args().any(|a| a == "-v");
    silence(healthy, seed, (requests, seconds), verbose);
    let only = std::env::args().find_map(|a| a.strip_prefix("--only=").map(String::from));
    let wanted = |kind: &Kind| {
        only.as_ref()
            .is_none_or(|o| o.split(',').any(|c| c == kind.cause()))
    };
    let cases: Vec<Case> = Kind::ALL
        .into_iter()
        .filter(wanted)
        .flat_map(|kind| (0..each).map(move |k| (kind, seed * 100_000 + k)))
        .collect::<Vec<_>>()
        .into_par_iter()
        .filter_map(|(kind, s)| case(kind, s.wrapping_mul(31) + kind as u64, requests, seconds))
        .collect();
    table(&cases, verbose);
}

/// One incident in full: `--one=ttl-changed SEED REQUESTS`.
fn one(cause: &str, seed: u64, requests: f64, seconds: Option<f64>) {
    let world = World::lasting(seed, requests, seconds);
    // Any other name is the healthy run.
    let kind = Kind::ALL.into_iter().find(|k| k.cause() == cause);
    let incident = kind.map(|kind| Incident::draw(&world, kind, 0));
    println!(
        "{incident:?}\n{:?}",
        World {
            swing: vec![],
            mood: vec![],
            ..world.clone()
        }
    );
    let run = run(&world, incident.as_ref());
    println!("{:?}\n{:?}", run.touched, loudest(&run.recording));
    let diagnosis = diagnose(&run.recording);
    print!("{}", text::of_diagnosis(&diagnosis, false));
    for f in &diagnosis.facts {
        println!("{:<16} {:>8.3} ±{:.3}", f.fact, f.value, f.se);
    }
}

/// Quantity, largest Z, and the largest of the stretches that would alarm alone.
fn loud(recording: &gameday::recording::Recording) -> Vec<(&'static str, f64, f64)> {
    let most = |l: &gameday::diagnosis::Loud| l.alone.iter().map(|a| a.0).fold(0.0, f64::max);
    let all = loudest(recording);
    all.iter().map(|l| (l.quantity, l.z, most(l))).collect()
}

fn silence(n: u64, seed: u64, (requests, seconds): (f64, Option<f64>), verbose: bool) {
    let results: Vec<Quiet> = (0..n)
        .into_par_iter()
        .map(|k| {
            let seed = seed.wrapping_mul(7_777_777) + k;
            let world = World::lasting(seed, requests, seconds);
            let recording = run(&world, None).recording;
            let d = diagnose(&recording);
            let alarm = d.onset.map(|o| {
                format!(
                    "{} | {} | {}..{:?} rate {:.0} {}s rho {:.2} local {}",
                    d.summary,
                    d.notes.join("; "),
                    o.from / 1_000_000_000,
                    o.until.map(|u| u / 1_000_000_000),
                    world.rate,
                    world.seconds,
                    world.rho,
                    world.local_cache
                )
            });
            (format!("{:?}", world.shape), seed, alarm, loud(&recording))
        })
        .collect();
    let mut by: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (shape, seed, alarm, _) in &results {
        for name in [shape.as_str(), "all"] {
            let e = by.entry(name).or_default();
            e.0 += 1.0;
            e.1 += f64::from(u8::from(alarm.is_some()));
        }
        if let Some(alarm) = alarm.as_ref().filter(|_| verbose) {
            println!("false alarm, seed {seed}, {shape}: {alarm}");
        }
    }
    let mut loud: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    results
        .iter()
        .flat_map(|r| &r.3)
        .for_each(|(name, _, z)| loud.entry(name).or_default().push(*z));
    println!("largest Z of healthy runs, by quantile:     95 %   99 %  99.5 %   max");
    for (name, mut zs) in loud {
        zs.sort_by(f64::total_cmp);
        let q = |p: f64| {
            zs.get(((zs.len() as f64 * p) as usize).min(zs.len() - 1))
                .copied()
                .unwrap_or(0.0)
        };
        println!(
            "  {name:<40} {:>6.1} {:>6.1} {:>6.1} {:>6.1}",
            q(0.95),
            q(0.99),
            q(0.995),
            q(1.0)
        );
    }
    println!("healthy runs with an alarm:");
    for (name, (n, k)) in by {
        let (low, high) = wilson(k, n);
        println!(
            "  {name:<12} {k:>4} of {n:<5} {:.2}%  [{:.2}, {:.2}]",
            100.0 * k / n,
            100.0 * low,
            100.0 * high
        );
    }
}

fn table(cases: &[Case], verbose: bool) {
    println!(
        "{:<24} {:>5} {:>6} {:>6} {:>6} {:>8} {:>8} {:>6}  mistaken for",
        "cause", "n", "found", "AC@1", "AC@3", "onset50", "onset90", "in CI"
    );
    let mut all: Vec<&Case> = vec![];
    for kind in Kind::ALL {
        let of: Vec<&Case> = cases.iter().filter(|c| c.kind == kind).collect();
        line(kind.cause(), &of);
        all.extend(of);
    }
    line("all", &all);
    if verbose {
        for c in cases.iter().filter(|c| !c.covered) {
            let Some(o) = &c.diagnosis.onset else {
                continue;
            };
            let s = |ns: u64| ns as f64 / 1e9;
            println!(
                "onset of {} seed {} at {:.1}: {:.1} ({:.1} to {:.1}){} notes {:?}",
                c.kind.cause(),
                c.seed,
                c.truth,
                s(o.at),
                s(o.from),
                s(o.to),
                if o.ramp { " ramp" } else { "" },
                c.diagnosis.notes
            );
        }
        for c in cases.iter().filter(|c| c.place != Some(0)) {
            let top: Vec<String> = c
                .diagnosis
                .causes
                .iter()
                .take(3)
                .map(|r| format!("{} {:.2}", r.cause, r.probability))
                .collect();
            println!(
                "\n{} seed {} size {:.3} variant {} canary {} rolling {:.0} from {:.0} to {:.0}: {} {}",
                c.kind.cause(),
                c.seed,
                c.incident.size,
                c.incident.variant % 6,
                c.incident.canary,
                c.incident.rolling,
                c.incident.from,
                c.incident.to,
                top.join(", "),
                c.diagnosis.summary
            );
            for r in c.diagnosis.causes.iter().take(1) {
                println!("   for {:?}", r.evidence);
            }
            if let Some(r) = c
                .diagnosis
                .causes
                .iter()
                .find(|r| r.cause == c.kind.cause())
            {
                println!("   true: against {:?}", r.against);
            }
        }
    }
}

fn line(name: &str, of: &[&Case]) {
    let n = of.len() as f64;
    let part = |k: f64| 100.0 * k / n.max(1.0);
    let count = |f: &dyn Fn(&&&Case) -> bool| of.iter().filter(f).count() as f64;
    let first: f64 = of
        .iter()
        .filter(|c| c.found && c.place.is_some_and(|p| p < c.tied))
        .map(|c| {
            if c.place == Some(0) && c.tied == 1 {
                1.0
            } else {
                1.0 / c.tied as f64
            }
        })
        .sum();
    let mut errors: Vec<f64> = of.iter().filter_map(|c| c.error).collect();
    errors.sort_by(f64::total_cmp);
    let q = |p: f64| {
        errors
            .get((errors.len() as f64 * p) as usize)
            .copied()
            .unwrap_or(f64::NAN)
    };
    let mut wrong: BTreeMap<String, usize> = BTreeMap::new();
    for c in of.iter().filter(|c| c.place != Some(0)) {
        *wrong
            .entry(
                c.diagnosis
                    .causes
                    .first()
                    .map_or("no incident".into(), |r| r.cause.clone()),
            )
            .or_default() += 1;
    }
    println!(
        "{name:<24} {:>5} {:>5.0}% {:>5.1}% {:>5.1}% {:>7.1}s {:>7.1}s {:>5.0}%  {}",
        of.len(),
        part(count(&|c| c.found)),
        part(first),
        part(count(&|c| c.place.is_some_and(|p| p < 3))),
        q(0.5),
        q(0.9),
        part(count(&|c| c.covered)),
        wrong
            .iter()
            .map(|(w, n)| format!("{w} {n}"))
            .collect::<Vec<_>>()
            .join(", ")
    );
}
