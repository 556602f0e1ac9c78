//! Limiters against others that decide the same: a crate of the field, each other, and lists that are searched whole.

use super::{BURST, GAP, SECOND, build, granted};
use crate::components::limiter::Admission;
use governor::{
    Quota, RateLimiter as Governor,
    clock::{Clock, FakeRelativeClock},
};
use proptest::prelude::*;
use std::{num::NonZeroU32, time::Duration};

proptest! {
    /// Decision by decision, at the same instants, with costs, and the instant to come back at.
    #[test]
    fn gcra_decides_as_governor_does(calls in prop::collection::vec((0u64..150_000_000, 1u32..4), 1..400)) {
        let clock = FakeRelativeClock::default();
        let began = clock.now();
        let quota = Quota::with_period(Duration::from_nanos(GAP)).unwrap()
            .allow_burst(NonZeroU32::new(BURST as u32).unwrap());
        let governor = Governor::direct_with_clock(quota, clock.clone());
        let mut ours = build("gcra", "").unwrap();
        let mut now = 0;
        for (gap, cost) in calls {
            now += gap;
            clock.advance(Duration::from_nanos(gap));
            let theirs = governor.check_n(NonZeroU32::new(cost).unwrap()).expect("no more than the burst");
            let answer = ours.check(1, cost, now);
            prop_assert_eq!(granted(answer), theirs.is_ok(), "{} tokens at {}", cost, now);
            if let (Admission::Refused { until }, Err(not)) = (answer, theirs) {
                let theirs = now + not.wait_time_from(clock.now()).as_nanos() as u64;
                prop_assert_eq!(until, theirs, "after {:?}", began);
            }
        }
    }

    /// The same answers, whatever is taken, given back, and retuned.
    #[test]
    fn the_token_bucket_decides_as_gcra_does(calls in prop::collection::vec((0u64..150_000_000, 0u64..3, 0u32..13, 0u8..20), 1..400)) {
        let retuned = |kind: &str, rate: u32| {
            let text = format!("kind = \"{kind}\"\nrate = \"{rate}/s\"\nburst = {BURST}");
            crate::config::Node::parse(&crate::config::Source::new("law.toml", text)).unwrap()
        };
        let kinds = ["token-bucket", "gcra"];
        let [mut bucket, mut gcra] = kinds.map(|kind| build(kind, "").unwrap());
        let mut now = 0;
        for (gap, key, cost, what) in calls {
            now += gap;
            match what {
                0 => {
                    bucket.retune(&retuned(kinds[0], cost + 1), now).unwrap();
                    gcra.retune(&retuned(kinds[1], cost + 1), now).unwrap();
                }
                1..4 => {
                    bucket.give_back(key, cost, now);
                    gcra.give_back(key, cost, now);
                }
                _ => {}
            }
            prop_assert_eq!(bucket.check(key, cost, now), gcra.check(key, cost, now), "at {}", now);
        }
    }
}

/// Against the naive model: count every admission so far that lies within the window.
#[test]
fn a_window_never_holds_more_than_its_burst() {
    let mut limiter = build("sliding-window", "").unwrap();
    let window = GAP * BURST;
    let mut times: Vec<u64> = vec![];
    for i in 0..5_000u64 {
        let now = i * 7_000_000 + (i * i * 31) % 6_999_999;
        let inside = times.iter().filter(|t| **t + window > now).count() as u64;
        let entered = granted(limiter.check(1, 1, now));
        assert_eq!(entered, inside < BURST, "call {i} at {now}");
        if entered {
            times.push(now);
        }
    }
}

/// A bucket admits its burst at once and the rate from then on; a window the rate alone.
#[test]
fn over_ten_seconds_the_rate_is_met_to_the_request() {
    for (kind, burst) in [
        ("token-bucket", BURST),
        ("gcra", BURST),
        ("sliding-window", 0),
    ] {
        let mut limiter = build(kind, "").unwrap();
        let admitted = (0..10_000u64)
            .filter(|i| granted(limiter.check(1, 1, i * SECOND / 1000)))
            .count() as u64;
        let expected = 10 * SECOND / GAP + burst;
        assert!(
            admitted.abs_diff(expected) <= 1,
            "{kind} admitted {admitted} of {expected}"
        );
    }
}
