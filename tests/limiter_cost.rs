//! What a check of a limiter costs beside the `governor` crate's, in one run, with clocks that cost nothing:
//! `cargo test --release --test limiter_cost -- --ignored --nocapture`.

#![allow(
    clippy::disallowed_types,
    reason = "measures the wall, not a run; governor's keyed state comes in the standard map"
)]

use gameday::{
    components::limiter::{Admission, RateLimiter, kinds},
    config::{Node, Source, pick},
};
use governor::{
    Quota, RateLimiter as Governor, clock::FakeRelativeClock, middleware::NoOpMiddleware,
    state::keyed::HashMapStateStore,
};
use std::{hint::black_box, num::NonZeroU32, time::Duration};

const CHECKS: u64 = 2_000_000;
/// ns between two checks.
const STEP: u64 = 10_000;
const RATE: u32 = 50;
const BURST: u32 = 100;

/// The key of a check: a thousand users, some of whom ask far more than others.
fn key(n: u64) -> u64 {
    let z = (n ^ n >> 7).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((z >> 54) * (z >> 44 & 1023)) >> 10
}

/// Best ns a check of seven rounds, and how many were let in.
fn time(mut round: impl FnMut() -> u64) -> (f64, u64) {
    let rounds = (0..7).map(|_| {
        let start = std::time::Instant::now();
        let granted = black_box(round());
        (start.elapsed().as_nanos() as f64 / CHECKS as f64, granted)
    });
    rounds.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
}

fn ours(kind: &str) -> Box<dyn RateLimiter> {
    let text = format!("kind = \"{kind}\"\nrate = \"{RATE}/s\"\nburst = {BURST}");
    let node = Node::parse(&Source::new("cost.toml", text)).unwrap();
    pick(&kinds(), "limiter", &node).unwrap()
}

#[test]
#[ignore = "a measurement"]
fn what_a_check_costs() {
    let burst = NonZeroU32::new(BURST).unwrap();
    let (theirs, granted) = time(|| {
        let clock = FakeRelativeClock::default();
        let quota = Quota::with_period(Duration::from_secs(1) / RATE).unwrap();
        let governor: Governor<u64, HashMapStateStore<u64>, _, NoOpMiddleware<_>> =
            Governor::hashmap_with_clock(quota.allow_burst(burst), clock.clone());
        let mut granted = 0;
        for n in 0..CHECKS {
            clock.advance(Duration::from_nanos(STEP));
            granted += u64::from(governor.check_key(&key(n)).is_ok());
        }
        granted
    });
    println!("{:16} {theirs:6.1} ns a check", "governor");
    for kind in ["token-bucket", "gcra", "sliding-window"] {
        let (cost, mine) = time(|| {
            let mut limiter = ours(kind);
            let let_in = |n: &u64| {
                matches!(
                    limiter.check(key(*n), 1, (n + 1) * STEP),
                    Admission::Granted { .. }
                )
            };
            (0..CHECKS).filter(let_in).count() as u64
        });
        println!(
            "{kind:16} {cost:6.1} ns a check, {:.2} of governor's",
            cost / theirs
        );
        if kind != "sliding-window" {
            assert_eq!(mine, granted, "{kind} decides otherwise");
        }
    }
}
