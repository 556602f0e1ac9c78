use super::*;
use crate::recording::{EventRow, GaugeRow};

/// Noise from -1 to 1, the same each time.
fn noise(n: u64) -> f64 {
    crate::sim::hash::mix(n) as f64 / u64::MAX as f64 * 2.0 - 1.0
}

/// A day of readings each minute.
fn day(value: impl Fn(f64, f64) -> f64) -> Vec<(f64, f64)> {
    (0..1440u64)
        .map(|m| (m as f64 / 60.0, value(m as f64 / 60.0, noise(m))))
        .collect()
}

/// 1 - e^(-t/tau), without the platform's own mathematics.
fn filled(hours: f64, tau: f64) -> f64 {
    1.0 - libm::exp(-hours / tau)
}

#[test]
fn known_series_get_their_known_names() {
    let judged = |value: &dyn Fn(f64, f64) -> f64| judge(&day(value)).growth;
    // Flat with noise, whatever the noise; a daily wave.
    assert_eq!(judged(&|_, n| 1e6 + 1e5 * n), Growth::Steady);
    assert_eq!(judged(&|_, _| 5.0), Growth::Steady);
    assert_eq!(judged(&|_, _| 0.0), Growth::Steady);
    let wave = |h: f64| (h - 12.0).abs() / 12.0;
    assert_eq!(
        judged(&|h, n| 1e6 - 3e5 * wave(h) + 1e4 * n),
        Growth::Steady
    );
    // A line under noise; one that begins at noon; one under a tenth of outliers.
    assert_eq!(judged(&|h, n| 1e6 + 2e4 * h + 2e4 * n), Growth::Leak);
    assert_eq!(
        judged(&|h, n| 1e6 + 5e4 * (h - 12.0).max(0.0) + 1e4 * n),
        Growth::Leak
    );
    let spike = |n: f64| if n > 0.8 { 1e8 } else { 0.0 };
    assert_eq!(judged(&|h, n| 1e6 + 4e4 * h + spike(n)), Growth::Leak);
    // Caches that fill, fast and slowly.
    assert_eq!(
        judged(&|h, n| 1e6 * filled(h, 1.0) + 1e4 * n),
        Growth::Filling
    );
    assert_eq!(
        judged(&|h, n| 1e6 * filled(h, 5.0) + 1e4 * n),
        Growth::Filling
    );
    // Fills, and leaks beside it: the leak is what counts.
    assert_eq!(
        judged(&|h, n| 1e5 * filled(h, 2.0) + 1e5 * h + 1e3 * n),
        Growth::Leak
    );
    // Shrinks.
    assert_eq!(judged(&|h, n| 1e6 - 2e4 * h + 1e4 * n), Growth::Steady);
    assert_eq!(judge(&day(|h, _| h)[..FEWEST - 1]).growth, Growth::TooShort);
    assert_eq!(judge(&[]).growth, Growth::TooShort);
}

#[test]
fn slope_and_test_are_those_of_the_books() {
    let line: Vec<(f64, f64)> = (0..20)
        .map(|i| (f64::from(i), 3.0 * f64::from(i) + 1.0))
        .collect();
    assert_eq!(theil_sen(&line), 3.0);
    let mut spoilt = line.clone();
    (0..5).for_each(|i| spoilt[4 * i].1 = 1e9);
    assert!(
        (theil_sen(&spoilt) - 3.0).abs() < 1.0,
        "a quarter of outliers"
    );
    // Mann 1945: n = 10, S = 45, variance 125: (45 - 1) / sqrt(125).
    let rising: Vec<f64> = (0..10).map(f64::from).collect();
    assert!((mann_kendall(&rising) - 44.0 / 125f64.sqrt()).abs() < 1e-12);
    // Ties: 1 1 2 2: S = 4, variance (4*3*13 - 2*2*1*9) / 18 = 120/18.
    assert!((mann_kendall(&[1.0, 1.0, 2.0, 2.0]) - 3.0 / (120f64 / 18.0).sqrt()).abs() < 1e-12);
    assert_eq!(mann_kendall(&[7.0; 30]), 0.0);
    assert_eq!(
        (mann_kendall(&[]), theil_sen(&[]), binned(&[], 5)),
        (0.0, 0.0, vec![])
    );
}

fn recording(series: &[(&str, &[(f64, f64)])], restarts: &[f64]) -> Recording {
    let mut recording = Recording::default();
    for (gauge, points) in series {
        let number = recording.names.entry("gauge").or_default().number(gauge) as u16;
        for (hours, value) in *points {
            recording.gauges.push(&GaugeRow {
                time: (hours * 3.6e12) as u64,
                gauge: number,
                replica: 1,
                value: *value,
            });
        }
    }
    let restart = recording
        .names
        .entry("event")
        .or_default()
        .number("restart") as u16;
    for hours in restarts {
        recording.events.push(&EventRow {
            time: (hours * 3.6e12) as u64,
            event: restart,
            replica: 1,
            version: 1,
            share: 1.0,
        });
    }
    recording
}

fn verdict(recording: &Recording, gauge: &str) -> Growth {
    let sites = examine(recording);
    sites
        .iter()
        .find(|s| s.gauge == gauge)
        .unwrap()
        .trend
        .growth
}

/// The package index server, issue 1623 of its repository, and jemalloc#2817: live flat, resident grows.
#[test]
fn resident_bytes_that_grow_alone_are_fragmentation() {
    let flat = day(|_, n| 3e8 + 1e6 * n);
    let grows = day(|h, n| 4e8 + 5e7 * h + 1e6 * n);
    let leaks = day(|h, n| 3e8 + 5e7 * h + 1e6 * n);
    let fragmented = recording(
        &[("memory.live.cache", &flat), ("memory.resident", &grows)],
        &[],
    );
    assert_eq!(
        verdict(&fragmented, "memory.resident"),
        Growth::Fragmentation
    );
    assert_eq!(verdict(&fragmented, "memory.live"), Growth::Steady);
    let leak = recording(
        &[("memory.live.cache", &leaks), ("memory.resident", &grows)],
        &[],
    );
    assert_eq!(verdict(&leak, "memory.resident"), Growth::Leak);
    assert_eq!(
        examine(&leak)[0].trend.growth,
        Growth::Leak,
        "leaks come first"
    );
}

#[test]
fn restarts_hide_no_leak_and_make_none_of_a_cache() {
    let restarts: Vec<f64> = (1..6).map(|i| 4.0 * f64::from(i) + 0.001).collect();
    let life = |h: f64| {
        h - restarts
            .iter()
            .rev()
            .find(|r| **r < h)
            .copied()
            .unwrap_or(0.0)
    };
    let saw_tooth = day(|h, n| 1e6 + 1e6 * life(h) + 1e4 * n);
    let refilled = day(|h, n| 1e6 * filled(life(h), 0.5) + 1e4 * n);
    let both = recording(
        &[
            ("memory.live.limiter", &saw_tooth),
            ("memory.live.cache", &refilled),
        ],
        &restarts,
    );
    assert_eq!(verdict(&both, "memory.live.limiter"), Growth::Leak);
    assert_eq!(verdict(&both, "memory.live.cache"), Growth::Filling);
    assert_eq!(
        examine(&both)
            .iter()
            .find(|s| s.gauge == "memory.live.cache")
            .unwrap()
            .lives,
        6
    );
}

#[test]
fn two_snapshots_are_compared_by_site_with_the_largest_growth_first() {
    let (small, large) = (day(|h, _| 100.0 + h), day(|h, _| 1000.0 * h));
    let r = recording(
        &[
            ("memory.live.cache", &small),
            ("memory.live.limiter", &large),
        ],
        &[],
    );
    let hour = 3_600_000_000_000;
    let rows = diff(&r, 2 * hour, 10 * hour);
    assert_eq!(rows[0], ("memory.live.limiter".into(), 1, 2000.0, 10_000.0));
    assert_eq!(rows[1], ("memory.live.cache".into(), 1, 102.0, 110.0));
    assert!(render(&r, 24 * hour).contains("LEAK"));
}
