//! What levels keep together.

use super::{build, granted};
use crate::{
    components::limiter::{Admission, FLAWS, Level, Levels, RateLimiter, Verdict, kinds},
    config::{Node, Refusal},
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const GLOBAL: &str = "rate = \"30/s\", burst = 5";

fn levels(kind: &str, flaw: &str) -> Levels {
    let user = Level::new("user", build(kind, "").unwrap());
    let global = Level::new("global", build(kind, GLOBAL).unwrap());
    Levels::new(vec![user, global], !flaw.contains("give_back = false"))
}

fn ask(levels: &mut Levels, user: u64, now: u64) -> Verdict {
    levels.check(|level, _| Some(if level == 0 { user } else { 0 }), 1, now)
}

/// What is left of a limiter at an instant: taken, counted, and given back.
fn left(limiter: &mut dyn RateLimiter, key: u64, now: u64) -> u32 {
    let mut taken = 0;
    while granted(limiter.check(key, 1, now)) {
        taken += 1;
    }
    limiter.give_back(key, taken, now);
    taken
}

/// A law: what is wrong, if anything, with levels of this kind and flaw when users call after such gaps.
type Law = fn(&str, &str, &[(u64, u64)]) -> Result<(), String>;

const LAWS: &[(&str, Law)] = &[
    (
        "who_is_refused_by_one_level_has_taken_from_none",
        who_is_refused_by_one_level_has_taken_from_none,
    ),
    (
        "the_first_level_that_refuses_is_named",
        the_first_level_that_refuses_is_named,
    ),
    (
        "at_the_instant_that_it_names_no_level_refuses",
        at_the_instant_that_it_names_no_level_refuses,
    ),
    (
        "no_level_lets_in_more_than_it_would_alone",
        no_level_lets_in_more_than_it_would_alone,
    ),
];

fn who_is_refused_by_one_level_has_taken_from_none(
    kind: &str,
    flaw: &str,
    calls: &[(u64, u64)],
) -> Result<(), String> {
    // Beside them two limiters that only ever see who was let in.
    let mut both = levels(kind, flaw);
    let (mut user, mut global) = (build(kind, "").unwrap(), build(kind, GLOBAL).unwrap());
    let mut now = 0;
    for (gap, who) in calls {
        now += gap;
        if let Verdict::Granted { .. } = ask(&mut both, *who, now) {
            user.check(*who, 1, now);
            global.check(0, 1, now);
        }
    }
    let held = ["user", "global"].map(|name| both.take(name).unwrap().limiter);
    let [mut held_user, mut held_global] = held;
    for who in 0..4 {
        let (own, alone) = (left(&mut *held_user, who, now), left(&mut *user, who, now));
        if own != alone {
            return Err(format!("user {who} has {own} tokens left of {alone}"));
        }
    }
    let (own, alone) = (left(&mut *held_global, 0, now), left(&mut *global, 0, now));
    match own == alone {
        true => Ok(()),
        false => Err(format!("all together have {own} tokens left of {alone}")),
    }
}

fn the_first_level_that_refuses_is_named(
    kind: &str,
    flaw: &str,
    _: &[(u64, u64)],
) -> Result<(), String> {
    // The global level holds 5; then the user, who had 10, is refused by it, and others too.
    let mut both = levels(kind, flaw);
    for n in 0..8 {
        let said = ask(&mut both, 1, 5);
        let right = match said {
            Verdict::Granted { .. } => n < 5,
            Verdict::Refused { level, .. } => n >= 5 && level == 1,
        };
        if !right {
            return Err(format!("call {n}: {said:?}"));
        }
    }
    // A user who is out of tokens is refused by their own limit, whatever the other says.
    let mut alone = build(kind, "").unwrap();
    while granted(alone.check(1, 1, 5)) {}
    let mut exhausted = Levels::new(
        vec![
            Level::new("user", alone),
            both.take("global").ok_or("no level is called global")?,
        ],
        true,
    );
    match ask(&mut exhausted, 1, 5) {
        Verdict::Refused { level: 0, .. } => Ok(()),
        said => Err(format!("out of tokens: {said:?}")),
    }
}

fn at_the_instant_that_it_names_no_level_refuses(
    kind: &str,
    flaw: &str,
    _: &[(u64, u64)],
) -> Result<(), String> {
    // Both are empty; the user's own token is back at 50 ms, the shared one at 33 ms.
    let empty = |options: &str| {
        let mut limiter = build(kind, options).unwrap();
        while granted(limiter.check(0, 1, 5)) {}
        limiter
    };
    let make = || {
        let both = vec![
            Level::new("user", empty("")),
            Level::new("global", empty(GLOBAL)),
        ];
        Levels::new(both, !flaw.contains("give_back = false"))
    };
    let Verdict::Refused { until, .. } = ask(&mut make(), 0, 5) else {
        return Err("let in without a token".into());
    };
    match ask(&mut make(), 0, until) {
        Verdict::Granted { .. } => Ok(()),
        said => Err(format!("at {until}: {said:?}")),
    }
}

fn no_level_lets_in_more_than_it_would_alone(
    kind: &str,
    flaw: &str,
    calls: &[(u64, u64)],
) -> Result<(), String> {
    let mut both = levels(kind, flaw);
    let (mut user, mut global) = (build(kind, "").unwrap(), build(kind, GLOBAL).unwrap());
    let mut now = 0;
    for (gap, who) in calls {
        now += gap;
        if let Verdict::Granted { .. } = ask(&mut both, *who, now)
            && !(granted(user.check(*who, 1, now)) && granted(global.check(0, 1, now)))
        {
            return Err(format!("at {now} user {who} got in"));
        }
    }
    Ok(())
}

fn calls() -> impl Strategy<Value = Vec<(u64, u64)>> {
    prop::collection::vec((0u64..40_000_000, 0u64..4), 1..300)
}

proptest! {
    #[test]
    fn levels_of_every_kind_keep_every_law(calls in calls()) {
        for kind in kinds() {
            for (name, law) in LAWS {
                if let Err(wrong) = law(kind.name, "", &calls) {
                    panic!("levels of {} break {name}: {wrong}", kind.name);
                }
            }
        }
    }
}

#[test]
fn each_flaw_of_levels_breaks_the_law_that_it_names_and_no_other() {
    let crowd: Vec<(u64, u64)> = (0..200).map(|i| (5_000_000, i * i % 4)).collect();
    for flaw in FLAWS.iter().filter(|f| f.kind == "levels") {
        for (name, law) in LAWS {
            let broken = law("token-bucket", flaw.options, &crowd).is_err();
            assert_eq!(broken, flaw.breaks == *name, "{}: {name}", flaw.name);
        }
        assert!(LAWS.iter().any(|(name, _)| *name == flaw.breaks));
    }
}

/// One call costs one check a level, and at most one more to give back.
#[test]
fn a_check_of_many_levels_asks_each_once() {
    struct Counts(
        std::rc::Rc<std::cell::RefCell<BTreeMap<&'static str, u32>>>,
        bool,
    );
    impl RateLimiter for Counts {
        fn check(&mut self, _: u64, _: u32, now: u64) -> Admission {
            *self.0.borrow_mut().entry("check").or_default() += 1;
            match self.1 {
                true => Admission::Granted { remaining: 1 },
                false => Admission::Refused { until: now + 1 },
            }
        }
        fn give_back(&mut self, _: u64, _: u32, _: u64) {
            *self.0.borrow_mut().entry("give back").or_default() += 1;
        }
        fn retune(&mut self, _: &Node, _: u64) -> Result<(), Refusal> {
            Ok(())
        }
    }
    let counts = std::rc::Rc::default();
    let level = |n: usize| {
        Level::new(
            &format!("l{n}"),
            Box::new(Counts(std::rc::Rc::clone(&counts), n != 9)),
        )
    };
    let mut many = Levels::new((0..16).map(level).collect(), true);
    let said = many.check(|_, _| Some(1), 1, 5);
    assert_eq!(said, Verdict::Refused { level: 9, until: 6 });
    assert_eq!(counts.borrow()["check"], 16);
    assert_eq!(counts.borrow()["give back"], 15);
}

#[test]
fn a_soft_level_refuses_nobody_and_says_whom_it_would_have() {
    let mut all = vec![
        Level::new(
            "soft",
            build("token-bucket", "rate = \"1/s\", burst = 2").unwrap(),
        ),
        Level::new(
            "hard",
            build("token-bucket", "rate = \"1/s\", burst = 4").unwrap(),
        ),
    ];
    all[0].soft = true;
    let mut levels = Levels::new(all, true);
    let mut ask = || {
        let verdict = levels.check(|_, _| Some(1), 1, 0);
        (
            matches!(verdict, Verdict::Granted { .. }),
            levels.would_refuse(),
        )
    };
    let soft = Some(0);
    assert_eq!(
        [ask(), ask(), ask(), ask(), ask()],
        [
            (true, None),
            (true, None),
            (true, soft),
            (true, soft),
            (false, soft)
        ]
    );
    let refused: Vec<u64> = levels.iter().map(|l| l.refused).collect();
    assert_eq!(refused, [3, 1]);
}
