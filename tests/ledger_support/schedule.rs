//! Random schedules: the ledger of a run and a durable one are asked the same, and must answer the same.

use super::{HOUR, MS, Place, SECOND};
use gameday::{
    components::ledger::{Claim, Doubt, End, Failures, Ledger, LedgerOptions},
    config::Span,
};
use proptest::prelude::*;

/// Keys of a schedule: few, so that they meet.
pub const KEYS: u64 = 6;

/// What happens. A holder is one of those that were ever told to run, the latest of them first: many are late by then.
#[derive(Clone, Debug)]
pub enum Step {
    Claim(u64),
    Renew(usize),
    Finish(usize, End),
    /// By a token that nobody was given.
    Forged(u64, u64),
    Look(u64),
    Acknowledge(u64),
    Pass(u64),
    Crash,
    Deploy(LedgerOptions),
}

pub fn options() -> impl Strategy<Value = LedgerOptions> {
    let spans = (
        prop::sample::select(vec![0, 1, 3 * SECOND, HOUR]),
        prop::sample::select(vec![0, 1, 2 * SECOND, 30 * SECOND]),
    );
    (spans, any::<[bool; 3]>()).prop_map(|((ttl, lease), [ask, again, outbox])| LedgerOptions {
        ttl: Span(ttl),
        lease: Span(lease),
        doubt: if ask { Doubt::Ask } else { Doubt::RunAgain },
        failures: if again {
            Failures::RunAgain
        } else {
            Failures::Final
        },
        outbox,
        ..LedgerOptions::plain()
    })
}

pub fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    // The largest keys and results too, which a column of signed numbers must not mistake.
    let key = || prop_oneof![4 => 0..KEYS - 1, 1 => Just(u64::MAX)];
    let end = prop_oneof![
        any::<u64>().prop_map(End::Done),
        Just(End::Failed),
        Just(End::Unknown),
    ];
    let pass = prop_oneof![0..5 * MS, 0..3 * SECOND, 0..2 * HOUR];
    let step = prop_oneof![
        8 => key().prop_map(Step::Claim),
        2 => (0..4usize).prop_map(Step::Renew),
        5 => (0..4usize, end).prop_map(|(holder, end)| Step::Finish(holder, end)),
        1 => (key(), 0..50u64).prop_map(|(key, token)| Step::Forged(key, token)),
        2 => key().prop_map(Step::Look),
        2 => key().prop_map(Step::Acknowledge),
        4 => pass.prop_map(Step::Pass),
        1 => Just(Step::Crash),
        1 => options().prop_map(Step::Deploy),
    ];
    prop::collection::vec(step, 1..most)
}

/// Runs a schedule against both.
pub fn equal(
    place: &mut impl Place,
    options: LedgerOptions,
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let mut options = options;
    let mut model = Ledger::new(options);
    let mut store = place.open(options);
    let mut holders: Vec<(u64, u64)> = vec![];
    // Not from 0, so that a time that is lost shows.
    let mut now = 1_700_000_000 * SECOND;
    // What a model drops in its order of ends, a store drops by its times: the same while the time to live is.
    let mut one_ttl = true;
    for step in steps {
        let holder = |n: &usize| holders.iter().rev().nth(*n).copied();
        match step {
            Step::Claim(key) => {
                let ours = model.claim(*key, None, now);
                prop_assert_eq!(store.claim(*key, now).unwrap(), ours, "{:?}", step);
                if let Claim::Run { token, .. } = ours {
                    holders.push((*key, token));
                }
            }
            Step::Renew(n) => {
                if let Some((key, token)) = holder(n) {
                    let ours = model.renew(key, token, now);
                    prop_assert_eq!(store.renew(key, token, now).unwrap(), ours, "{:?}", step);
                }
            }
            Step::Finish(n, end) => {
                if let Some((key, token)) = holder(n) {
                    let ours = model.finish(key, token, *end, now);
                    let theirs = store.finish(key, token, *end, now).unwrap();
                    prop_assert_eq!(theirs, ours, "{:?}", step);
                }
            }
            Step::Forged(key, token) => {
                let end = End::Done(1);
                let ours = model.finish(*key, *token, end, now);
                prop_assert_eq!(store.finish(*key, *token, end, now).unwrap(), ours);
            }
            Step::Look(key) => {
                prop_assert_eq!(store.look(*key, now).unwrap(), model.look(*key, now));
            }
            Step::Acknowledge(key) => {
                model.acknowledge(*key);
                store.acknowledge(*key).unwrap();
            }
            Step::Pass(time) => now += time,
            Step::Crash => {
                model.restart();
                place.crash();
                store = place.open(options);
            }
            Step::Deploy(to) => {
                one_ttl &= to.ttl == options.ttl;
                options = *to;
                model.retune(options);
                store.retune(options).unwrap();
            }
        }
        prop_assert_eq!(store.to_do().unwrap(), model.to_do(), "{:?}", step);
        if one_ttl {
            let held = model.held_records() as u64;
            prop_assert_eq!(store.held_records().unwrap(), held, "{:?}", step);
        }
    }
    // And they hold the same, to the last second step.
    place.crash();
    let mut store = place.open(options);
    for key in (0..KEYS).chain([u64::MAX]) {
        prop_assert_eq!(store.look(key, now).unwrap(), model.look(key, now));
    }
    while let Some(key) = model.to_do() {
        prop_assert_eq!(store.to_do().unwrap(), Some(key));
        model.acknowledge(key);
        store.acknowledge(key).unwrap();
    }
    prop_assert_eq!(store.to_do().unwrap(), None);
    Ok(())
}
