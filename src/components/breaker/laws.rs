//! What every sound breaker keeps. Walks the table of kinds, and holds each flaw to the law that it breaks.

use super::{Breaker, FLAWS, Pass, Position, kinds};
use crate::config::{Node, Source, pick};
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;
const OPEN_FOR: u64 = 5 * SECOND;

fn make(kind: &str, options: &str) -> Box<dyn Breaker> {
    let text = format!("kind = \"{kind}\"\nopen_for = \"5s\"\nmin_calls = 10");
    let mut base = Node::parse(&Source::new("law.toml", text)).unwrap();
    let over = Node::parse(&Source::new("flaw.toml", format!("flaw = {{ {options} }}"))).unwrap();
    base.overlay(over.get("flaw").unwrap().table("flaw").unwrap());
    pick(&kinds(), "breaker", &base).unwrap()
}

type Law = fn(Box<dyn Breaker>, &[u8]) -> Result<(), String>;

const LAWS: &[(&str, Law)] = &[
    (
        "it_stays_closed_while_calls_succeed",
        it_stays_closed_while_calls_succeed,
    ),
    (
        "it_opens_when_most_calls_fail",
        it_opens_when_most_calls_fail,
    ),
    (
        "half_open_lets_one_call_through_at_a_time",
        half_open_lets_one_call_through_at_a_time,
    ),
    ("it_never_stays_shut_for_good", it_never_stays_shut_for_good),
    (
        "what_was_sent_before_says_nothing_after",
        what_was_sent_before_says_nothing_after,
    ),
];

fn it_stays_closed_while_calls_succeed(mut b: Box<dyn Breaker>, _: &[u8]) -> Result<(), String> {
    for n in 0..500 {
        let pass = b
            .admit(n * SECOND / 10)
            .ok_or("refused without a failure")?;
        // One in ten fails, fewer than it bears.
        b.done(pass, Some(n % 10 != 9), n * SECOND / 10);
    }
    Ok(())
}

/// Fails calls until it opens; the number of calls made, at most 100.
fn fail(b: &mut dyn Breaker, now: u64) -> usize {
    (0..100)
        .take_while(|_| match b.admit(now) {
            Some(pass) => {
                b.done(pass, Some(false), now);
                true
            }
            None => false,
        })
        .count()
}

fn it_opens_when_most_calls_fail(mut b: Box<dyn Breaker>, _: &[u8]) -> Result<(), String> {
    match fail(&mut *b, SECOND) {
        100 => Err("100 calls failed, and it is closed".into()),
        _ => Ok(()),
    }
}

fn half_open_lets_one_call_through_at_a_time(
    mut b: Box<dyn Breaker>,
    _: &[u8],
) -> Result<(), String> {
    if fail(&mut *b, 0) == 100 {
        return Ok(());
    }
    if b.admit(OPEN_FOR - 1).is_some() {
        return Err("a call passes while it is open".into());
    }
    let first = b
        .admit(OPEN_FOR)
        .ok_or("no call passes when it is half open")?;
    if b.admit(OPEN_FOR).is_some() {
        return Err("a second call passes beside the first".into());
    }
    b.done(first, None, OPEN_FOR);
    let second = b
        .admit(OPEN_FOR)
        .ok_or("a call whose caller went away holds its place")?;
    b.done(second, Some(false), OPEN_FOR);
    if b.admit(2 * OPEN_FOR - 1).is_some() {
        return Err("a failed call does not open it again".into());
    }
    let third = b
        .admit(2 * OPEN_FOR)
        .ok_or("it is open for longer than it says")?;
    b.done(third, Some(true), 2 * OPEN_FOR);
    match b.position(2 * OPEN_FOR) {
        Position::Closed => Ok(()),
        other => Err(format!("{other:?} after a success")),
    }
}

/// Whatever happens, once all calls have ended and time has passed, a call passes, and successes close it.
fn it_never_stays_shut_for_good(mut b: Box<dyn Breaker>, steps: &[u8]) -> Result<(), String> {
    let (mut now, mut held) = (0, Vec::<Pass>::new());
    for step in steps {
        now += u64::from(*step) * SECOND / 64;
        match step % 4 {
            0 | 1 => held.extend(b.admit(now)),
            2 => held
                .pop()
                .into_iter()
                .for_each(|p| b.done(p, Some(false), now)),
            _ => {
                let ends = [None, Some(true)][usize::from(*step / 4 % 2)];
                (!held.is_empty())
                    .then(|| held.remove(0))
                    .into_iter()
                    .for_each(|p| b.done(p, ends, now));
            }
        }
    }
    held.into_iter().for_each(|p| b.done(p, None, now));
    now += 2 * OPEN_FOR;
    for _ in 0..10 {
        let pass = b.admit(now).ok_or("no call passes")?;
        b.done(pass, Some(true), now);
    }
    match b.position(now) {
        Position::Closed => Ok(()),
        other => Err(format!("{other:?} after ten successes")),
    }
}

/// Calls that were under way when it opened end badly after it has closed again.
fn what_was_sent_before_says_nothing_after(
    mut b: Box<dyn Breaker>,
    _: &[u8],
) -> Result<(), String> {
    let late: Vec<Pass> = (0..50).filter_map(|_| b.admit(0)).collect();
    if fail(&mut *b, 0) == 100 {
        return Ok(());
    }
    let probe = b
        .admit(OPEN_FOR)
        .ok_or("no call passes when it is half open")?;
    b.done(probe, Some(true), OPEN_FOR);
    for pass in late {
        b.done(pass, Some(false), OPEN_FOR);
    }
    match b.position(OPEN_FOR) {
        Position::Closed => Ok(()),
        other => Err(format!("{other:?} for calls of before")),
    }
}

proptest! {
    #[test]
    fn every_kind_keeps_every_law(steps in prop::collection::vec(any::<u8>(), 0..200)) {
        for kind in kinds() {
            for (name, law) in LAWS {
                if let Err(wrong) = law(make(kind.name, ""), &steps) {
                    panic!("{} breaks {name}: {wrong}", kind.name);
                }
            }
        }
    }
}

#[test]
fn each_flaw_breaks_the_law_that_it_names_and_no_other() {
    let steps: Vec<u8> = (0..=255).chain(0..=255).collect();
    for flaw in FLAWS {
        assert!(LAWS.iter().any(|(name, _)| *name == flaw.breaks));
        for (name, law) in LAWS {
            let broken = law(make(flaw.kind, flaw.options), &steps);
            assert_eq!(
                broken.is_err(),
                flaw.breaks == *name,
                "{}: {name}: {broken:?}",
                flaw.name
            );
        }
    }
}
