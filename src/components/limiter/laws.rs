//! What every sound limiter keeps. Walks the table, so a new kind is held to it without being told.

use super::{Admission, RateLimiter, kinds};
use crate::config::{Node, Source, pick};
use proptest::prelude::*;

const RATE: u64 = 20;
const BURST: u64 = 10;

fn each(check: impl Fn(&str, &mut dyn Fn() -> Box<dyn RateLimiter>)) {
    for kind in kinds() {
        let text = format!(
            "limiter = {{ kind = \"{}\", rate = \"{RATE}/s\", burst = {BURST} }}",
            kind.name
        );
        let file = Node::parse(&Source::new("law.toml", text)).unwrap();
        let node = file.get("limiter").unwrap().clone();
        check(kind.name, &mut || pick(&kinds(), "limiter", &node).unwrap());
    }
}

fn granted(answer: Admission) -> bool {
    matches!(answer, Admission::Granted { .. })
}

proptest! {
    #[test]
    fn never_more_than_rate_times_time_plus_burst(gaps in prop::collection::vec(0u64..200_000_000, 1..400)) {
        each(|name, make| {
            let mut limiter = make();
            let mut now = 0;
            let mut times = vec![];
            for gap in &gaps {
                now += gap;
                if granted(limiter.check(7, 1, now)) {
                    times.push(now);
                }
            }
            for (i, from) in times.iter().enumerate() {
                for (n, to) in times[i..].iter().enumerate() {
                    let allowed = BURST as f64 + (to - from) as f64 * RATE as f64 / 1e9;
                    assert!((n as f64) < allowed + 1.0, "{name}: {} in {} ns", n + 1, to - from);
                }
            }
        });
    }

    #[test]
    fn a_caller_below_its_rate_is_never_refused_however_often_others_call(jitter in prop::collection::vec(0u64..1000, 1..200)) {
        each(|name, make| {
            let mut limiter = make();
            let mut now = 0;
            for j in &jitter {
                now += 1_000_000_000 / RATE + j;
                assert!(granted(limiter.check(1, 1, now)), "{name} refused a caller under its rate");
                (0..50).for_each(|_| { limiter.check(2, 1, now); });
            }
        });
    }
}

#[test]
fn polling_fast_still_gets_the_whole_rate() {
    each(|name, make| {
        let mut limiter = make();
        // A thousand calls a second for ten seconds.
        let admitted = (0..10_000)
            .filter(|i| granted(limiter.check(1, 1, i * 1_000_000)))
            .count() as u64;
        // A window has no burst on top of its rate: its first window is the burst.
        let burst = if name == "sliding-window" { 0 } else { BURST };
        assert!(
            admitted.abs_diff(RATE * 10 + burst) <= 1,
            "{name} admitted {admitted}"
        );
    });
}

#[test]
fn a_refusal_says_when_to_come_back_and_means_it() {
    each(|name, make| {
        let mut limiter = make();
        while granted(limiter.check(1, 1, 5)) {}
        let Admission::Refused { until } = limiter.check(1, 1, 5) else {
            unreachable!()
        };
        assert!(
            !granted(limiter.check(1, 1, until - 1)),
            "{name} lets in too early"
        );
        assert!(
            granted(limiter.check(1, 1, until)),
            "{name} does not keep its word"
        );
    });
}

#[test]
fn what_is_given_back_can_be_taken_again() {
    each(|name, make| {
        let mut limiter = make();
        while granted(limiter.check(1, 1, 5)) {}
        limiter.give_back(1, 1, 5);
        assert!(
            granted(limiter.check(1, 1, 5)),
            "{name} kept a token that was given back"
        );
        assert!(!granted(limiter.check(1, 1, 5)), "{name} made a token up");
    });
}

#[test]
fn a_million_keys_are_forgotten_when_they_are_full() {
    each(|name, make| {
        let mut limiter = make();
        for i in 0..1_000_000u64 {
            limiter.check(i, 1, i * 1_000_000);
        }
        let mut keys = 0.0;
        limiter.gauges(&mut |gauge, value| {
            if gauge == "limiter.keys" {
                keys = value
            }
        });
        assert!(keys < 1000.0, "{name} still holds {keys} keys");
    });
}

#[test]
fn a_window_never_holds_more_than_its_burst() {
    let text =
        format!("limiter = {{ kind = \"sliding-window\", rate = \"{RATE}/s\", burst = {BURST} }}");
    let file = Node::parse(&Source::new("law.toml", text)).unwrap();
    let mut limiter = pick(&kinds(), "limiter", file.get("limiter").unwrap()).unwrap();
    // Against the naive model: count every admission so far that lies within the window.
    let window = 1_000_000_000 / RATE * BURST;
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

#[test]
fn options_that_make_no_sense_are_refused() {
    for kind in kinds() {
        for options in ["rate = \"0/s\"", "rate = \"5/s\", burst = 0"] {
            let text = format!("limiter = {{ kind = \"{}\", {options} }}", kind.name);
            let refused = Node::parse(&Source::new("law.toml", text)).and_then(|file| {
                pick(&kinds(), "limiter", file.get("limiter").unwrap()).map(|_| ())
            });
            assert!(refused.is_err(), "{} takes {options}", kind.name);
        }
    }
}
