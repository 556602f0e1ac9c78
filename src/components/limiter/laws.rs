//! What every sound limiter keeps. Walks the table of kinds, and holds each flaw to the law that it breaks.

mod levels;
mod oracles;

use super::{Admission, FLAWS, RateLimiter, kinds};
use crate::config::{Node, Refusal, Source, pick};
use proptest::prelude::*;

const RATE: u64 = 20;
const BURST: u64 = 10;
const SECOND: u64 = 1_000_000_000;
/// ns a token.
const GAP: u64 = SECOND / RATE;

fn build(kind: &str, options: &str) -> Result<Box<dyn RateLimiter>, Refusal> {
    let text = format!("kind = \"{kind}\"\nrate = \"{RATE}/s\"\nburst = {BURST}");
    let mut base = Node::parse(&Source::new("law.toml", text))?;
    let over = Node::parse(&Source::new("flaw.toml", format!("flaw = {{ {options} }}")))?;
    base.overlay(over.get("flaw").unwrap().table("flaw")?);
    pick(&kinds(), "limiter", &base)
}

/// Makes limiters of one set-up, with options on top of it.
struct Make<'a> {
    kind: &'a str,
    flaw: &'a str,
}

impl Make<'_> {
    fn fresh(&self) -> Box<dyn RateLimiter> {
        build(self.kind, self.flaw).unwrap()
    }
    fn with(&self, options: &str) -> Box<dyn RateLimiter> {
        let both = [self.flaw, options].join(if self.flaw.is_empty() { "" } else { ", " });
        build(self.kind, &both).unwrap()
    }
}

fn granted(answer: Admission) -> bool {
    matches!(answer, Admission::Granted { .. })
}

fn keys_of(limiter: &dyn RateLimiter) -> f64 {
    let mut keys = 0.0;
    limiter.gauges(&mut |gauge, value| {
        if gauge == "limiter.keys" {
            keys = value;
        }
    });
    keys
}

/// A law: what is wrong, if anything. It is handed gaps between calls, ns.
type Law = fn(&Make, &[u64]) -> Result<(), String>;

const LAWS: &[(&str, Law)] = &[
    (
        "never_more_than_rate_times_time_plus_burst",
        never_more_than_rate_times_time_plus_burst,
    ),
    (
        "a_caller_below_its_rate_is_never_refused_however_often_others_call",
        a_caller_below_its_rate_is_never_refused_however_often_others_call,
    ),
    (
        "polling_fast_still_gets_the_whole_rate",
        polling_fast_still_gets_the_whole_rate,
    ),
    (
        "a_refusal_says_when_to_come_back_and_means_it",
        a_refusal_says_when_to_come_back_and_means_it,
    ),
    (
        "what_is_given_back_can_be_taken_again",
        what_is_given_back_can_be_taken_again,
    ),
    (
        "a_million_keys_leave_bounded_state",
        a_million_keys_leave_bounded_state,
    ),
];

fn never_more_than_rate_times_time_plus_burst(make: &Make, gaps: &[u64]) -> Result<(), String> {
    // Beside the given ones: calls on both sides of the boundary that a window of half a second would have.
    let around = std::iter::once(490_000_000).chain([1_000_000; 40]);
    for gaps in [gaps.to_vec(), around.collect()] {
        let mut limiter = make.fresh();
        let (mut now, mut times) = (0, vec![]);
        for gap in gaps {
            now += gap;
            if granted(limiter.check(7, 1, now)) {
                times.push(now);
            }
        }
        for (i, from) in times.iter().enumerate() {
            for (n, to) in times[i..].iter().enumerate() {
                let allowed = BURST as f64 + (to - from) as f64 / GAP as f64;
                if n as f64 >= allowed + 1.0 {
                    return Err(format!("{} in {} ns", n + 1, to - from));
                }
            }
        }
    }
    Ok(())
}

fn a_caller_below_its_rate_is_never_refused_however_often_others_call(
    make: &Make,
    gaps: &[u64],
) -> Result<(), String> {
    let (mut limiter, mut now) = (make.fresh(), 0);
    for gap in gaps {
        now += GAP + gap % 1000;
        if !granted(limiter.check(1, 1, now)) {
            return Err(format!("refused at {now}"));
        }
        for _ in 0..50 {
            limiter.check(2, 1, now);
        }
    }
    Ok(())
}

/// Row 2 of the field's cases: svix/diom#115 (the mark moves on each check), and apache/polaris#3433 (rounding).
fn polling_fast_still_gets_the_whole_rate(make: &Make, _: &[u64]) -> Result<(), String> {
    // A thousand calls a second, and a little more often than a token comes in.
    for pace in [1_000_000, 30_000_000, 40_000_000] {
        let mut limiter = make.fresh();
        let calls = 20 * SECOND / pace;
        let admitted = (0..calls)
            .filter(|i| granted(limiter.check(1, 1, i * pace)))
            .count() as f64;
        // A window frees its places one call late at most.
        let window = (GAP * BURST) as f64;
        let least = 20.0 * RATE as f64 * window / (window + pace as f64) - 1.0;
        if admitted < least {
            return Err(format!(
                "{admitted} of {least} admitted, a call each {pace} ns"
            ));
        }
    }
    Ok(())
}

fn a_refusal_says_when_to_come_back_and_means_it(make: &Make, _: &[u64]) -> Result<(), String> {
    let exhausted = || {
        let mut limiter = make.fresh();
        while granted(limiter.check(1, 1, 5)) {}
        match limiter.check(1, 1, 5) {
            Admission::Refused { until } => (limiter, until),
            Admission::Granted { .. } => unreachable!("it was refused in the same instant"),
        }
    };
    let (mut early, until) = exhausted();
    if granted(early.check(1, 1, until - 1)) {
        return Err("it lets in before".into());
    }
    if !granted(exhausted().0.check(1, 1, until)) {
        return Err(format!("it does not let in at {until}"));
    }
    let mut never = make.fresh();
    match never.check(1, BURST as u32 + 1, 5) {
        Admission::Refused { until: u64::MAX } => Ok(()),
        other => Err(format!("more than its burst at once: {other:?}")),
    }
}

fn what_is_given_back_can_be_taken_again(make: &Make, _: &[u64]) -> Result<(), String> {
    let mut limiter = make.fresh();
    while granted(limiter.check(1, 1, 5)) {}
    limiter.give_back(1, 1, 5);
    if !granted(limiter.check(1, 1, 5)) {
        return Err("it kept a token that was given back".into());
    }
    if granted(limiter.check(1, 1, 5)) {
        return Err("it made a token up".into());
    }
    Ok(())
}

fn a_million_keys_leave_bounded_state(make: &Make, _: &[u64]) -> Result<(), String> {
    // A thousand new users a second, none of whom comes back.
    let mut limiter = make.fresh();
    for i in 0..1_000_000u64 {
        limiter.check(i, 1, i * 1_000_000);
    }
    let keys = keys_of(&*limiter);
    if keys > 2000.0 {
        return Err(format!("{keys} keys of users who are gone"));
    }
    // A million in one instant: no more than it may hold, and what is shared by the rest is a limit too.
    let mut limiter = make.with("max_keys = 500");
    let admitted = (0..1_000_000u64)
        .filter(|i| granted(limiter.check(*i, 1, 5)))
        .count();
    let keys = keys_of(&*limiter);
    if keys > 500.0 || admitted as u64 > 500 + BURST {
        return Err(format!("{keys} keys of 500, {admitted} admitted"));
    }
    // Once those are gone there is room for others.
    let later = (0..1000u64)
        .filter(|i| granted(limiter.check(5_000_000 + i, 1, 100 * SECOND + i * GAP)))
        .count();
    if later != 1000 {
        return Err(format!("{later} of 1000 admitted when all was long past"));
    }
    Ok(())
}

fn gaps() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(0u64..200_000_000, 1..200)
}

/// Laws whose schedule is their own need not be run for each of proptest's.
const OWN_SCHEDULE: &[&str] = &[
    "a_million_keys_leave_bounded_state",
    "polling_fast_still_gets_the_whole_rate",
];

proptest! {
    #[test]
    fn every_kind_keeps_every_law(gaps in gaps()) {
        for kind in kinds() {
            for (name, law) in LAWS.iter().filter(|(name, _)| !OWN_SCHEDULE.contains(name)) {
                if let Err(wrong) = law(&Make { kind: kind.name, flaw: "" }, &gaps) {
                    panic!("{} breaks {name}: {wrong}", kind.name);
                }
            }
        }
    }
}

/// Row 2 of the cases is among them.
#[test]
fn every_kind_keeps_the_laws_of_polling_and_of_bounded_state() {
    for kind in kinds() {
        for (name, law) in LAWS.iter().filter(|(name, _)| OWN_SCHEDULE.contains(name)) {
            if let Err(wrong) = law(
                &Make {
                    kind: kind.name,
                    flaw: "",
                },
                &[],
            ) {
                panic!("{} breaks {name}: {wrong}", kind.name);
            }
        }
    }
}

#[test]
fn each_flaw_breaks_the_law_that_it_names_and_no_other() {
    let schedules: Vec<Vec<u64>> = vec![
        vec![1_000_000; 100],
        vec![GAP; 100],
        vec![GAP / 3; 100],
        (0..100).map(|i| i * i * 31_337 % 190_000_001).collect(),
    ];
    for flaw in FLAWS
        .iter()
        .filter(|f| kinds().iter().any(|k| k.name == f.kind))
    {
        let make = Make {
            kind: flaw.kind,
            flaw: flaw.options,
        };
        for (name, law) in LAWS {
            let schedules = match OWN_SCHEDULE.contains(name) {
                true => &schedules[..1],
                false => &schedules,
            };
            let broken = schedules.iter().any(|gaps| law(&make, gaps).is_err());
            assert_eq!(broken, flaw.breaks == *name, "{}: {name}", flaw.name);
        }
        assert!(LAWS.iter().any(|(name, _)| *name == flaw.breaks));
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for kind in kinds() {
        for options in [
            "rate = \"0/s\"",
            "rate = \"-5/s\"",
            "rate = \"NaN/s\"",
            "rate = nan",
            "burst = 0",
            "burst = -1",
            "burst = 9000000000000000000",
            "rate = \"0.0000000000000000001/s\"",
            "max_keys = 0",
        ] {
            assert!(
                build(kind.name, options).is_err(),
                "{} takes {options}",
                kind.name
            );
        }
    }
}
