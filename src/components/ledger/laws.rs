//! What a sound ledger keeps, and which law each flaw breaks.

use super::{Claim, End, FLAWS, Ledger, LedgerOptions, State, Try};
use crate::{
    config::{Node, Read, Source},
    sim::hash::mix,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const MS: u64 = 1_000_000;
const SECOND: u64 = 1000 * MS;
const HOUR: u64 = 3600 * SECOND;

fn options(flaw: &str) -> LedgerOptions {
    let base = "ttl = \"1h\"\nlease = \"3s\"\nheartbeat = \"1s\"";
    let mut base = Node::parse(&Source::new("law.toml", base)).unwrap();
    let over = Node::parse(&Source::new("flaw.toml", format!("flaw = {{ {flaw} }}"))).unwrap();
    base.overlay(over.get("flaw").unwrap().table("flaw").unwrap());
    LedgerOptions::read(&base).unwrap()
}

type Law = fn(LedgerOptions) -> Result<(), String>;

const LAWS: &[(&str, Law)] = &[
    (
        "who_tries_again_has_the_same_key",
        who_tries_again_has_the_same_key,
    ),
    ("two_intents_have_two_keys", two_intents_have_two_keys),
    (
        "two_operations_of_an_intent_have_two_keys",
        two_operations_of_an_intent_have_two_keys,
    ),
    ("a_restart_keeps_the_records", a_restart_keeps_the_records),
    (
        "a_late_retry_finds_the_record",
        a_late_retry_finds_the_record,
    ),
    (
        "a_working_holder_keeps_its_operation",
        a_working_holder_keeps_its_operation,
    ),
    (
        "a_holder_that_is_gone_is_replaced",
        a_holder_that_is_gone_is_replaced,
    ),
    (
        "a_late_holder_changes_nothing",
        a_late_holder_changes_nothing,
    ),
    (
        "of_two_first_writers_one_runs",
        of_two_first_writers_one_runs,
    ),
    (
        "an_unknown_end_is_asked_after",
        an_unknown_end_is_asked_after,
    ),
    (
        "what_failed_for_certain_may_be_tried_again",
        what_failed_for_certain_may_be_tried_again,
    ),
    (
        "a_second_step_outlives_a_crash",
        a_second_step_outlives_a_crash,
    ),
];

/// Looks and claims without anything between.
fn claim(ledger: &mut Ledger, key: u64, now: u64) -> Claim {
    let seen = ledger.look(key, now);
    ledger.claim(key, seen, now)
}

fn run(ledger: &mut Ledger, key: u64, now: u64) -> Result<(u64, bool), String> {
    match claim(ledger, key, now) {
        Claim::Run { token, doubt } => Ok((token, doubt)),
        other => Err(format!("{other:?} instead of a token")),
    }
}

/// Try number `n`: its bytes and its nonce are its own.
fn try_of(intent: u64, operation: u64, n: u64) -> Try {
    Try {
        intent,
        operation,
        content: mix(operation),
        payload: mix(intent) ^ mix(operation ^ 1 << 40) ^ mix(n ^ 1 << 41),
        nonce: mix(n ^ 1 << 42),
    }
}

fn who_tries_again_has_the_same_key(o: LedgerOptions) -> Result<(), String> {
    let keys: BTreeSet<u64> = (0..3).map(|n| o.key.key(&try_of(1, 1, n))).collect();
    match keys.len() {
        1 => Ok(()),
        n => Err(format!("{n} keys in 3 tries")),
    }
}

fn two_intents_have_two_keys(o: LedgerOptions) -> Result<(), String> {
    match o.key.key(&try_of(1, 1, 0)) == o.key.key(&try_of(2, 1, 1)) {
        true => Err("who means it twice has it once".into()),
        false => Ok(()),
    }
}

fn two_operations_of_an_intent_have_two_keys(o: LedgerOptions) -> Result<(), String> {
    match o.key.key(&try_of(1, 1, 0)) == o.key.key(&try_of(1, 2, 1)) {
        true => Err("the second operation is told the result of the first".into()),
        false => Ok(()),
    }
}

fn a_restart_keeps_the_records(o: LedgerOptions) -> Result<(), String> {
    let mut ledger = Ledger::new(o);
    let (token, _) = run(&mut ledger, 1, 0)?;
    ledger.finish(1, token, End::Done(7), MS);
    ledger.restart();
    match claim(&mut ledger, 1, 2 * MS) {
        Claim::Done(7) => Ok(()),
        other => Err(format!("{other:?} after a restart")),
    }
}

/// Half an hour late.
fn a_late_retry_finds_the_record(o: LedgerOptions) -> Result<(), String> {
    let mut ledger = Ledger::new(o);
    let (token, _) = run(&mut ledger, 1, 0)?;
    ledger.finish(1, token, End::Done(7), MS);
    match claim(&mut ledger, 1, HOUR / 2) {
        Claim::Done(7) => Ok(()),
        other => Err(format!("{other:?} half an hour later")),
    }
}

/// For ten seconds, with its heartbeats.
fn a_working_holder_keeps_its_operation(o: LedgerOptions) -> Result<(), String> {
    let mut ledger = Ledger::new(o);
    let (token, _) = run(&mut ledger, 1, 0)?;
    for now in (0..10 * SECOND).step_by(250_000_000).skip(1) {
        if o.heartbeat.0 > 0 && now % o.heartbeat.0 == 0 {
            ledger.renew(1, token, now);
        }
        if let Claim::Run { .. } = claim(&mut ledger, 1, now) {
            return Err(format!("a second holder after {now} ns"));
        }
    }
    Ok(())
}

fn a_holder_that_is_gone_is_replaced(o: LedgerOptions) -> Result<(), String> {
    let mut ledger = Ledger::new(o);
    run(&mut ledger, 1, 0)?;
    run(&mut ledger, 1, HOUR).map(|_| ())
}

/// Neither while its successor works, nor after that.
fn a_late_holder_changes_nothing(o: LedgerOptions) -> Result<(), String> {
    let mut ledger = Ledger::new(o);
    let (first, _) = run(&mut ledger, 1, 0)?;
    let Ok((second, _)) = run(&mut ledger, 1, HOUR) else {
        // A lease without end: the other law's.
        return Ok(());
    };
    if ledger.renew(1, first, HOUR) || ledger.finish(1, first, End::Failed, HOUR) {
        return Err("a token of before was taken".into());
    }
    if !ledger.finish(1, second, End::Done(2), HOUR) || ledger.finish(1, first, End::Done(1), HOUR)
    {
        return Err("the older holder ended what the newer one had".into());
    }
    match ledger.look(1, HOUR).map(|record| record.state) {
        Some(State::Done(2)) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// Both have looked before either of them claims.
fn of_two_first_writers_one_runs(o: LedgerOptions) -> Result<(), String> {
    let mut ledger = Ledger::new(o);
    let seen = [ledger.look(1, 0), ledger.look(1, 0)];
    let run = seen
        .into_iter()
        .filter(|seen| matches!(ledger.claim(1, *seen, MS), Claim::Run { .. }));
    match run.count() {
        1 => Ok(()),
        n => Err(format!("{n} run")),
    }
}

/// After a timeout, and after a holder that went silent.
fn an_unknown_end_is_asked_after(o: LedgerOptions) -> Result<(), String> {
    let mut ledger = Ledger::new(o);
    let (token, doubt) = run(&mut ledger, 1, 0)?;
    if doubt {
        return Err("doubt at a first try".into());
    }
    ledger.finish(1, token, End::Unknown, MS);
    if let Claim::Run { doubt: false, .. } = claim(&mut ledger, 1, 2 * MS) {
        return Err("run again after a timeout".into());
    }
    run(&mut ledger, 2, SECOND)?;
    match claim(&mut ledger, 2, HOUR) {
        Claim::Run { doubt: false, .. } => Err("run again after a silence".into()),
        _ => Ok(()),
    }
}

fn what_failed_for_certain_may_be_tried_again(o: LedgerOptions) -> Result<(), String> {
    let mut ledger = Ledger::new(o);
    let (token, _) = run(&mut ledger, 1, 0)?;
    ledger.finish(1, token, End::Failed, MS);
    match run(&mut ledger, 1, 2 * MS)? {
        (_, false) => Ok(()),
        (_, true) => Err("doubt where there is none".into()),
    }
}

/// Where the records are lost too, that is the other law's.
fn a_second_step_outlives_a_crash(o: LedgerOptions) -> Result<(), String> {
    let mut ledger = Ledger::new(o);
    let (token, _) = run(&mut ledger, 1, 0)?;
    ledger.finish(1, token, End::Done(7), MS);
    ledger.restart();
    let done = ledger.look(1, MS).is_some();
    match (done, ledger.to_do()) {
        (true, None) => Err("written, and its second step is known to nobody".into()),
        _ => Ok(()),
    }
}

#[test]
fn every_law_is_kept() {
    for (name, law) in LAWS {
        assert_eq!(law(options("")), Ok(()), "{name}");
    }
}

#[test]
fn each_flaw_breaks_the_law_that_it_names_and_no_other() {
    for flaw in FLAWS {
        assert!(LAWS.iter().any(|(name, _)| *name == flaw.breaks));
        for (name, law) in LAWS {
            let broken = law(options(flaw.options));
            let named = flaw.breaks == *name;
            assert_eq!(broken.is_err(), named, "{}: {name}: {broken:?}", flaw.name);
        }
    }
}

/// The world around a ledger: a dependency that takes writes, refuses older tokens than it has seen, and can be asked.
#[derive(Default)]
struct Sink {
    newest: BTreeMap<u64, u64>,
    writes: BTreeMap<u64, u32>,
}

impl Sink {
    fn ask(&mut self, key: u64, token: u64) -> bool {
        let newest = self.newest.entry(key).or_default();
        *newest = (*newest).max(token);
        self.writes.contains_key(&key)
    }

    fn write(&mut self, key: u64, token: u64) {
        if self.newest.get(&key).is_none_or(|newest| token >= *newest) {
            self.newest.insert(key, token);
            *self.writes.entry(key).or_default() += 1;
        }
    }
}

/// Steps: a key, what happens, and how much time passes. Gives the writes of each key, and those whose key is told DONE at
/// the end without a write.
fn live(o: LedgerOptions, steps: &[(u8, u8, u16)]) -> (BTreeMap<u64, u32>, Vec<u64>) {
    let (mut ledger, mut sink) = (Ledger::new(o), Sink::default());
    let mut holders: Vec<(u64, u64)> = vec![];
    let mut now = 0;
    for (key, what, pass) in steps {
        let key = u64::from(key % 5);
        now += u64::from(pass % 2000) * MS;
        let holder = holders.iter().position(|(k, _)| *k == key);
        match (what % 8, holder) {
            (0..=2, _) => {
                if let Claim::Run { token, doubt } = claim(&mut ledger, key, now) {
                    match doubt && sink.ask(key, token) {
                        true => assert!(ledger.finish(key, token, End::Done(1), now)),
                        false => holders.push((key, token)),
                    }
                }
            }
            // Written and told; written and not told (a lost response); not written; a crash before or after the write.
            (3, Some(i)) => {
                let (_, token) = holders.remove(i);
                sink.write(key, token);
                ledger.finish(key, token, End::Done(1), now);
            }
            (4, Some(i)) => {
                let (_, token) = holders.remove(i);
                sink.write(key, token);
                ledger.finish(key, token, End::Unknown, now);
            }
            (5, Some(i)) => {
                let (_, token) = holders.remove(i);
                ledger.finish(key, token, End::Failed, now);
            }
            (6, _) => {
                for (key, token) in holders.drain(..) {
                    if key % 2 == 0 {
                        sink.write(key, token);
                    }
                }
                ledger.restart();
            }
            (7, Some(i)) => {
                ledger.renew(key, holders[i].1, now);
            }
            _ => {}
        }
    }
    let told = (0..5).filter(|key| {
        let record = ledger.look(*key, now);
        matches!(record.map(|r| r.state), Some(State::Done(_))) && !sink.writes.contains_key(key)
    });
    let told = told.collect();
    (sink.writes, told)
}

proptest! {
    /// Within the time that records are kept: 300 steps of two seconds at most.
    #[test]
    fn whatever_happens_each_operation_is_written_once_and_none_is_told_without_a_write(
        steps in prop::collection::vec(any::<(u8, u8, u16)>(), 0..300),
    ) {
        let (writes, told) = live(options(""), &steps);
        prop_assert!(writes.values().all(|n| *n == 1), "{writes:?}");
        prop_assert_eq!(told, Vec::<u64>::new());
    }

    /// Two lists beside it: what is held, and what is over. Many operations leave what is kept of an hour, and no more.
    #[test]
    fn the_records_are_those_of_a_naive_list(
        steps in prop::collection::vec((0..20u64, 0..3u8, 0..600u64), 1..200),
    ) {
        let mut ledger = Ledger::new(options(""));
        let mut naive: Vec<(u64, Claim, u64)> = vec![];
        let mut now = 0;
        for (key, how, pass) in steps {
            now += pass * SECOND;
            naive.retain(|(_, _, until)| *until > now);
            let expected = naive.iter().find(|(k, ..)| *k == key).map(|(_, claim, _)| *claim);
            match (claim(&mut ledger, key, now), expected) {
                (Claim::Run { token, doubt: false }, None) => {
                    let (end, claim) = match how {
                        0 => (End::Done(key), Some(Claim::Done(key))),
                        1 => (End::Done(now), Some(Claim::Done(now))),
                        _ => (End::Failed, None),
                    };
                    prop_assert!(ledger.finish(key, token, end, now));
                    naive.extend(claim.map(|claim| (key, claim, now + HOUR)));
                }
                (found, expected) => prop_assert_eq!(Some(found), expected),
            }
            prop_assert!(ledger.held_records() <= 20);
        }
    }
}

/// The same schedule, of half an hour, finds each of these out.
#[test]
fn the_audit_sees_duplicates_of_the_flaws_that_make_them() {
    let steps: Vec<(u8, u8, u16)> = (0..2000u64)
        .map(|i| mix(i ^ 26))
        .map(|x| (x as u8, (x >> 8) as u8, (x >> 16) as u16))
        .collect();
    let most = |flaw: &str| live(options(flaw), &steps).0.into_values().max();
    assert_eq!(most(""), Some(1));
    for flaw in ["durable = false", "ttl = \"1s\"", "doubt = \"run-again\""] {
        assert!(most(flaw) > Some(1), "{flaw}");
    }
}

#[test]
fn a_second_step_is_handed_out_until_it_is_acknowledged() {
    let mut ledger = Ledger::new(options(""));
    for key in 1..=2 {
        let (token, _) = run(&mut ledger, key, 0).unwrap();
        ledger.finish(key, token, End::Done(0), 0);
    }
    assert_eq!(ledger.to_do(), Some(1));
    ledger.restart();
    assert_eq!(ledger.to_do(), Some(1), "not yet acknowledged");
    ledger.acknowledge(1);
    assert_eq!(ledger.to_do(), Some(2));
    ledger.acknowledge(2);
    assert_eq!(ledger.to_do(), None);
}

#[test]
fn a_million_operations_leave_those_of_the_last_while() {
    let mut ledger = Ledger::new(options("ttl = \"1s\", outbox = false"));
    for key in 0..1_000_000 {
        let (token, _) = run(&mut ledger, key, key * MS).unwrap();
        assert!(ledger.finish(key, token, End::Done(key), key * MS));
    }
    assert!(
        ledger.held_records() <= 1001,
        "{} records of a second at 1000/s",
        ledger.held_records()
    );
}
