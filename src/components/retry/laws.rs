//! What every sound retry policy keeps, and which law each flaw breaks.

use super::{Budget, FLAWS, Failed, Failure, Retry};
use crate::config::{Choice, Node, Read, Source};
use proptest::prelude::*;

const MS: u64 = 1_000_000;

fn policy(options: &str) -> Retry {
    let base = "max = 3\nbackoff = \"100ms\"\nbudget = \"10%\"\nlongest_hint = \"30s\"\n\
                classes = { throttled = { max = 2, backoff = \"1s\" } }";
    let mut base = Node::parse(&Source::new("law.toml", base)).unwrap();
    let over = Node::parse(&Source::new("flaw.toml", format!("flaw = {{ {options} }}"))).unwrap();
    base.overlay(over.get("flaw").unwrap().table("flaw").unwrap());
    Retry::read(&base).unwrap()
}

type Law = fn(&Retry, &[Failed]) -> Result<(), String>;

const LAWS: &[(&str, Law)] = &[
    ("attempts_end", attempts_end),
    (
        "what_fails_each_time_is_not_tried_again",
        what_fails_each_time_is_not_tried_again,
    ),
    (
        "those_who_failed_together_come_back_apart",
        those_who_failed_together_come_back_apart,
    ),
    (
        "no_retry_comes_after_the_deadline",
        no_retry_comes_after_the_deadline,
    ),
    (
        "nobody_comes_back_sooner_than_told",
        nobody_comes_back_sooner_than_told,
    ),
    (
        "what_may_have_been_done_is_not_repeated_without_a_key",
        what_may_have_been_done_is_not_repeated_without_a_key,
    ),
    (
        "retries_are_a_small_share_of_requests",
        retries_are_a_small_share_of_requests,
    ),
];

fn each(failures: &[Failed], wrong: impl Fn(&Failed) -> bool) -> Result<(), String> {
    match failures.iter().find(|f| wrong(f)) {
        Some(failed) => Err(format!("{failed:?}")),
        None => Ok(()),
    }
}

fn attempts_end(retry: &Retry, failures: &[Failed]) -> Result<(), String> {
    each(failures, |f| {
        f.attempt > retry.max && retry.next(f).is_some()
    })
}

fn what_fails_each_time_is_not_tried_again(
    retry: &Retry,
    failures: &[Failed],
) -> Result<(), String> {
    each(failures, |f| !f.failure.passes() && retry.next(f).is_some())
}

fn no_retry_comes_after_the_deadline(retry: &Retry, failures: &[Failed]) -> Result<(), String> {
    each(failures, |f| {
        f.left
            .is_some_and(|left| retry.next(f).is_some_and(|wait| wait >= left))
    })
}

fn nobody_comes_back_sooner_than_told(retry: &Retry, failures: &[Failed]) -> Result<(), String> {
    each(failures, |f| {
        f.hint
            .is_some_and(|hint| retry.next(f).is_some_and(|wait| wait < hint))
    })
}

fn what_may_have_been_done_is_not_repeated_without_a_key(
    retry: &Retry,
    failures: &[Failed],
) -> Result<(), String> {
    let once = Retry {
        repeatable: false,
        ..retry.clone()
    };
    each(failures, |f| {
        f.failure.may_be_done() && once.next(f).is_some()
    })
}

/// A thousand clients, one shared failure: no tenth of the window gets more than a fifth of them.
fn those_who_failed_together_come_back_apart(retry: &Retry, _: &[Failed]) -> Result<(), String> {
    let mut tenths = [0; 11];
    for i in 0..1000 {
        let failed = Failed {
            attempt: 1,
            failure: Failure::Error,
            unit: (f64::from(i) + 0.5) / 1000.0,
            hint: None,
            left: None,
        };
        let wait = retry.next(&failed).ok_or("no retry at all")?;
        tenths[(wait / (10 * MS)).min(10) as usize] += 1;
    }
    match tenths.iter().max() {
        Some(most) if *most > 200 => Err(format!("{most} of 1000 come back within 10 ms")),
        _ => Ok(()),
    }
}

/// Everything fails: retries stay a share.
fn retries_are_a_small_share_of_requests(retry: &Retry, _: &[Failed]) -> Result<(), String> {
    let mut budget = Budget::new(retry.budget_burst);
    let mut retries = 0;
    for _ in 0..1000 {
        budget.earn(retry.budget.0, retry.budget_burst);
        for attempt in 1.. {
            let failed = Failed {
                attempt,
                failure: Failure::Error,
                unit: 0.5,
                hint: None,
                left: None,
            };
            if retry.next(&failed).is_none() || !budget.pay(retry.budget.0) {
                break;
            }
            retries += 1;
        }
    }
    if retries > 100 + u64::from(retry.budget_burst) {
        return Err(format!("{retries} retries of 1000 requests"));
    }
    // A budget that is never spent would keep the law, and be no policy.
    if retries < 90 {
        return Err(format!("only {retries} retries of 1000 requests"));
    }
    Ok(())
}

fn failure() -> impl Strategy<Value = Failed> {
    let far = prop_oneof![Just(None), (0..100_000 * MS).prop_map(Some)];
    (1u32..6, 0..Failure::WORDS.len(), 0.0..1.0, far.clone(), far).prop_map(
        |(attempt, class, unit, hint, left)| Failed {
            attempt,
            failure: Failure::WORDS[class].1,
            unit,
            hint,
            left,
        },
    )
}

proptest! {
    #[test]
    fn the_policy_keeps_every_law(failures in prop::collection::vec(failure(), 1..50)) {
        for (name, law) in LAWS {
            if let Err(wrong) = law(&policy(""), &failures) {
                panic!("{name}: {wrong}");
            }
        }
    }
}

/// A grid over all classes, attempts, hints and deadlines.
fn grid() -> Vec<Failed> {
    let mut all = vec![];
    for (_, failure) in Failure::WORDS {
        for attempt in 1..6 {
            for unit in [0.01, 0.5, 0.99] {
                for hint in [None, Some(MS), Some(5000 * MS), Some(86_400_000 * MS)] {
                    for left in [None, Some(0), Some(20 * MS), Some(4000 * MS)] {
                        all.push(Failed {
                            attempt,
                            failure: *failure,
                            unit,
                            hint,
                            left,
                        });
                    }
                }
            }
        }
    }
    all
}

#[test]
fn each_flaw_breaks_the_law_that_it_names_and_no_other() {
    for flaw in FLAWS {
        assert!(LAWS.iter().any(|(name, _)| *name == flaw.breaks));
        for (name, law) in LAWS {
            let broken = law(&policy(flaw.options), &grid());
            assert_eq!(
                broken.is_err(),
                flaw.breaks == *name,
                "{}: {name}: {broken:?}",
                flaw.name
            );
        }
    }
}
