//! A check of a limiter with a key, beside `governor`: `cargo bench --bench limiter`.
//!
//! Both are GCRA with a bucket a key; both are told the time rather than asking for it, and hash alike. Every decision is
//! the same, or the bench fails. Ours is plain state for one thread; `governor` is for several, so the like of it is ours in
//! a mutex.

mod ratios;

use gameday::components::limiter::{Admission, RateLimiter, kinds};
use gameday::config::{Node, Source, pick};
use gameday::sim::{
    dice::{Dice, Purpose},
    hash::FixedState,
    zipf::Zipf,
};
use governor::{Quota, RateLimiter as Governor, clock::FakeRelativeClock};
use ratios::{OPS, ROUNDS, Way, compare};
use std::{cell::Cell, num::NonZeroU32, sync::Mutex, time::Duration};

const KEYS: usize = 10_000;
/// ns between two checks.
const GAP: u64 = 20_000;

fn ours() -> Box<dyn RateLimiter> {
    let text = "l = { kind = \"token-bucket\", rate = \"10/s\", burst = 5 }";
    let node = Node::parse(&Source::new("bench", text)).expect("a table");
    pick(&kinds(), "limiter", node.get("l").expect("it is there")).expect("a limiter that can be")
}

fn quota() -> Quota {
    let (rate, burst) = (NonZeroU32::new(10), NonZeroU32::new(5));
    Quota::per_second(rate.expect("10")).allow_burst(burst.expect("5"))
}

/// Grants, and a digest of all decisions so far.
fn way<'a>(
    name: &'a str,
    digest: &'a Cell<u64>,
    mut check: impl FnMut(u64, u64) -> bool + 'a,
) -> Way<'a> {
    let (mut now, mut sum) = (0, 0u64);
    let run = move |keys: &[u64]| {
        let mut granted = 0;
        for &key in keys {
            let yes = check(key, now);
            now += GAP;
            granted += u64::from(yes);
            sum = sum.rotate_left(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(yes);
        }
        digest.set(sum);
        granted
    };
    (name, Box::new(run))
}

fn main() {
    let zipf = Zipf::new(KEYS, 0.9).expect("weights");
    let mut draw = Dice::new(1, 1).draw(Purpose::named("bench"), 0);
    let all = 10 * KEYS + ROUNDS * OPS;
    let keys: Vec<u64> = (0..all).map(|_| zipf.sample(&mut draw) as u64).collect();
    let digests: [Cell<u64>; 3] = Default::default();
    let clock = FakeRelativeClock::default();
    let governor = Governor::hashmap_with_clock_and_hasher(quota(), clock.clone(), FixedState);
    let locked = Mutex::new(ours());
    let mut alone = ours();
    let step = Duration::from_nanos(GAP);
    let mut ways = [
        way("governor, a map in a mutex", &digests[0], |key, _| {
            let yes = governor.check_key(&key).is_ok();
            clock.advance(step);
            yes
        }),
        way("ours, in a mutex", &digests[1], |key, now| {
            let said = locked.lock().expect("no panic").check(key, 1, now);
            matches!(said, Admission::Granted { .. })
        }),
        way("ours, in a replay", &digests[2], |key, now| {
            matches!(alone.check(key, 1, now), Admission::Granted { .. })
        }),
    ];
    compare(
        "Checks of a bucket a key, 10,000 keys",
        &keys,
        "granted",
        &mut ways,
    );
    let same = digests.iter().all(|d| *d == digests[0]);
    assert!(same, "decisions differ");
}
