//! The durable ledgers answer as the ledger of a run does: on random schedules with crashes in between, and to threads that
//! race for the same keys.
//!
//! `GAMEDAY_POSTGRES=postgres://user@host:port/database` names a server where tables `gameday_test_...` may be made; without
//! it, or without the feature `postgres`, those tests say so and pass.

#![cfg(feature = "ledger")]
#![allow(
    clippy::disallowed_methods,
    reason = "callers of a real store are threads"
)]

#[path = "../examples/durable_ledger.rs"]
mod example;
mod ledger_support;

use gameday::{
    components::ledger::{Claim, End, LedgerOptions, Record, State},
    config::Span,
    live::ledger::{Durable, Embedded},
};
use ledger_support::{
    InFile, MS, Place, SECOND,
    history::{Call, Did, check},
    schedule,
};
use proptest::prelude::*;
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

proptest! {
    #[test]
    fn a_ledger_in_a_file_decides_as_the_ledger_of_a_run(
        options in schedule::options(),
        steps in schedule::steps(120),
    ) {
        schedule::equal(&mut InFile::new(), options, &steps)?;
    }
}

/// The leases are so short that holders lose theirs while they work.
fn in_a_race() -> LedgerOptions {
    LedgerOptions {
        lease: Span(10 * MS),
        ..LedgerOptions::plain()
    }
}

/// Threads at the same keys; each has a handle of its own, and the time goes on by a ms a call. Every answer must be
/// explained by one order.
fn race(mut first: Box<dyn Durable>, seed: u64) -> Vec<Call> {
    let (ticks, time) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let threads: Vec<_> = (0..4u64)
        .map(|thread| {
            let (ticks, time) = (ticks.clone(), time.clone());
            let mut store = first.again().unwrap();
            std::thread::spawn(move || {
                let (mut calls, mut dice) = (vec![], seed << 8 | thread);
                let mut below = |n: u64| {
                    dice = gameday::sim::hash::mix(dice.wrapping_add(1));
                    dice % n
                };
                let mut held: Vec<(u64, u64)> = vec![];
                for _ in 0..40 {
                    // The clock of a thread is its own: by the time it is read, another may be ahead.
                    let now = SECOND + time.fetch_add(MS, Ordering::SeqCst);
                    let began = ticks.fetch_add(1, Ordering::SeqCst);
                    let (key, did) = match (below(8), held.is_empty()) {
                        (0..=3, _) | (_, true) => {
                            let key = below(4);
                            let claim = store.claim(key, now).unwrap();
                            if let Claim::Run { token, .. } = claim {
                                held.push((key, token));
                            }
                            (key, Did::Claim(claim))
                        }
                        (4, _) => {
                            let (key, token) = held[below(held.len() as u64) as usize];
                            let alive = store.renew(key, token, now).unwrap();
                            (key, Did::Renew(token, alive))
                        }
                        (how, _) => {
                            let (key, token) = held.remove(below(held.len() as u64) as usize);
                            let end = match how {
                                5 => End::Failed,
                                6 => End::Unknown,
                                _ => End::Done(token),
                            };
                            let told = store.finish(key, token, end, now).unwrap();
                            (key, Did::Finish(token, end, told))
                        }
                    };
                    let ended = ticks.fetch_add(1, Ordering::SeqCst);
                    calls.push(Call {
                        key,
                        now,
                        did,
                        began,
                        ended,
                    });
                }
                calls
            })
        })
        .collect();
    let calls: Vec<Call> = threads
        .into_iter()
        .flat_map(|t| t.join().unwrap())
        .collect();
    let last = |key| first.look(key, SECOND).unwrap();
    check(&calls, &in_a_race(), last).unwrap();
    calls
}

/// What a race must have had in it to say anything, over all rounds.
fn every_way_was_taken(calls: &[Call]) {
    type Way = fn(&Did) -> bool;
    let ways: [(&str, Way); 7] = [
        ("a first claim", |d| {
            matches!(d, Did::Claim(Claim::Run { doubt: false, .. }))
        }),
        ("a take-over", |d| {
            matches!(d, Did::Claim(Claim::Run { doubt: true, .. }))
        }),
        ("a wait", |d| matches!(d, Did::Claim(Claim::Busy(_)))),
        ("a result of before", |d| {
            matches!(d, Did::Claim(Claim::Done(_)))
        }),
        ("a holder alive", |d| matches!(d, Did::Renew(_, true))),
        ("an end", |d| matches!(d, Did::Finish(_, _, true))),
        ("a late holder", |d| matches!(d, Did::Finish(_, _, false))),
    ];
    for (name, way) in ways {
        assert!(
            calls.iter().any(|c| way(&c.did)),
            "never {name} in {} calls",
            calls.len()
        );
    }
}

fn every_token_once(calls: &[Call]) {
    let mut given = BTreeSet::new();
    for call in calls {
        if let Did::Claim(Claim::Run { token, .. }) = call.did {
            assert!(given.insert(token), "{token} was given twice");
        }
    }
}

#[test]
fn one_order_explains_what_threads_at_a_file_are_told() {
    let mut all = vec![];
    for seed in 0..40 {
        let first = InFile::new().open(in_a_race());
        let mut calls = race(first, seed);
        every_token_once(&calls);
        all.append(&mut calls);
    }
    every_way_was_taken(&all);
}

/// The check itself: of two who are told to run at once, one is told wrong, in whichever order.
#[test]
fn an_order_that_explains_two_holders_at_once_is_not_found() {
    let claim = |token, began| Call {
        key: 1,
        now: SECOND,
        did: Did::Claim(Claim::Run {
            token,
            doubt: false,
        }),
        began,
        ended: began + 2,
    };
    let options = in_a_race();
    let (one, two) = (claim(1, 0), claim(2, 1));
    let record = |token| Record {
        state: State::Pending,
        token,
        since: SECOND,
        until: SECOND + 10 * MS,
    };
    assert!(check(&[one], &options, |_| Some(record(1))).is_ok());
    assert!(
        check(&[one], &options, |_| None).is_err(),
        "an acknowledged claim that is lost"
    );
    assert!(check(&[one, two], &options, |_| Some(record(2))).is_err());
    // What ended before another began is not moved behind it.
    let late = Did::Finish(1, End::Done(7), false);
    let late = Call {
        did: late,
        began: 3,
        ended: 4,
        ..one
    };
    assert!(check(&[one, late], &options, |_| Some(record(1))).is_err());
}

#[test]
fn a_ledger_that_is_none_and_options_that_are_flaws_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    std::fs::write(&path, "a diary, not a ledger\n".repeat(1000)).unwrap();
    let said = |path: &std::path::Path, options| {
        let refused = Embedded::open(path, options).err();
        refused.map(|r| r.to_string()).unwrap_or_default()
    };
    let plain = LedgerOptions::plain();
    let no = said(&path, plain);
    assert!(no.contains("cannot be opened as a ledger"), "{no}");
    let no = said(&folder.path().join("none/ledger"), plain);
    assert!(no.contains("No such file"), "{no}");
    let path = folder.path().join("good");
    let held = Embedded::open(&path, plain).unwrap();
    let no = said(&path, plain);
    assert!(no.contains("another process has this ledger open"), "{no}");
    drop(held);
    assert_eq!(said(&path, plain), "");
    for (flaw, options) in [
        (
            "durable",
            LedgerOptions {
                durable: false,
                ..plain
            },
        ),
        (
            "atomic",
            LedgerOptions {
                atomic: false,
                ..plain
            },
        ),
        (
            "fenced",
            LedgerOptions {
                fenced: false,
                ..plain
            },
        ),
    ] {
        let no = said(&path, options);
        assert!(no.contains(&format!("cannot have {flaw} = false")), "{no}");
    }
}

/// Bytes that rotted, and files that were cut: no panic, and no other result than was acknowledged.
#[test]
fn a_damaged_ledger_is_refused_or_says_what_it_said() {
    let mut place = InFile::new();
    let mut ledger = place.open(LedgerOptions::plain());
    for key in 0..50 {
        let Claim::Run { token, .. } = ledger.claim(key, SECOND).unwrap() else {
            panic!("{key} was claimed before");
        };
        assert!(ledger.finish(key, token, End::Done(key), SECOND).unwrap());
    }
    drop(ledger);
    let whole = std::fs::read(place.path()).unwrap();
    let mut refused = 0;
    for n in 0..80u64 {
        let dice = |m: u64| gameday::sim::hash::mix(n << 8 | m) as usize;
        let mut bytes = whole.clone();
        match n % 4 {
            0 => bytes.truncate(dice(1) % whole.len()),
            1 => bytes.resize(whole.len() + dice(1) % 10_000, 0),
            _ => {
                let from = dice(1) % bytes.len();
                let to = (from + 1 + dice(2) % 5000).min(bytes.len());
                bytes[from..to].fill(dice(3) as u8);
            }
        }
        place.crash();
        std::fs::write(place.path(), &bytes).unwrap();
        let Ok(mut ledger) = Embedded::open(&place.path(), LedgerOptions::plain()) else {
            refused += 1;
            continue;
        };
        for key in 0..50 {
            if let Ok(found) = ledger.look(key, SECOND) {
                let state = found.map(|record| record.state);
                assert_eq!(state, Some(State::Done(key)), "damage {n}");
            }
        }
    }
    assert!(refused > 20, "{refused} refused");
}

#[test]
fn the_example_pays_once_through_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let bank = example::Bank {
        file: folder.path().join("bank"),
    };
    let mut place = InFile::new();
    let mut pay = |crash, now| {
        let mut ledger = place.open(example::options());
        example::pay(&mut *ledger, &bank, "order-17", crash, now).unwrap()
    };
    assert_eq!(pay(true, SECOND), example::Paid::Crashed);
    assert_eq!(pay(false, 2 * SECOND), example::Paid::Wait(4 * SECOND));
    assert_eq!(pay(false, 5 * SECOND), example::Paid::Before);
    assert_eq!(pay(false, 6 * SECOND), example::Paid::Before);
    assert_eq!(bank.paid("order-17"), 1);
}

#[cfg(feature = "postgres")]
mod in_postgres {
    use super::*;
    use gameday::live::ledger::Postgres;
    use ledger_support::{InPostgres, server};

    #[test]
    fn a_ledger_in_postgresql_decides_as_the_ledger_of_a_run() {
        let Some(url) = server() else { return };
        // A server takes some ms for what it acknowledges.
        let mut config = ProptestConfig::default();
        config.cases = config.cases.div_ceil(4);
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let drawn = (schedule::options(), schedule::steps(120));
        runner
            .run(&drawn, |(options, steps)| {
                schedule::equal(&mut InPostgres::new(&url), options, &steps)
            })
            .unwrap();
    }

    #[test]
    fn one_order_explains_what_connections_are_told() {
        let Some(url) = server() else { return };
        let mut all = vec![];
        for seed in 0..20 {
            let mut place = InPostgres::new(&url);
            let mut calls = race(place.open(in_a_race()), seed);
            every_token_once(&calls);
            all.append(&mut calls);
        }
        every_way_was_taken(&all);
    }

    /// Records are dropped by whoever comes, so often that first claims meet the drop of the record before.
    #[test]
    fn tokens_of_a_key_grow_also_where_its_record_was_dropped() {
        let Some(url) = server() else { return };
        let options = LedgerOptions {
            ttl: Span(MS),
            lease: Span(MS),
            ..LedgerOptions::plain()
        };
        let mut place = InPostgres::new(&url);
        let first = place.open(options);
        let time = Arc::new(AtomicU64::new(0));
        let threads: Vec<_> = (0..4u64)
            .map(|thread| {
                let (mut store, time) = (first.again().unwrap(), time.clone());
                std::thread::spawn(move || {
                    let mut given = vec![];
                    for n in 0..150 {
                        let key = (n * 7 + thread) % 3;
                        let now = SECOND + time.fetch_add(MS, Ordering::SeqCst);
                        let before = time.load(Ordering::SeqCst);
                        if let Claim::Run { token, .. } = store.claim(key, now).unwrap() {
                            given.push((key, before, time.fetch_add(1, Ordering::SeqCst), token));
                            store.finish(key, token, End::Done(1), now).unwrap();
                        }
                    }
                    given
                })
            })
            .collect();
        let given: Vec<_> = threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect();
        assert!(given.len() > 100, "{} claims", given.len());
        for (key, _, ended, token) in &given {
            for (_, _, _, later) in given
                .iter()
                .filter(|(k, began, ..)| k == key && began > ended)
            {
                assert!(later > token, "{later} after {token}, key {key}");
            }
        }
    }

    #[test]
    fn of_many_who_make_the_tables_at_once_all_have_them() {
        let Some(url) = server() else { return };
        let place = InPostgres::new(&url);
        let threads: Vec<_> = (0..6)
            .map(|_| {
                let (url, table) = (url.clone(), place.table.clone());
                std::thread::spawn(move || {
                    Postgres::open(&url, &table, LedgerOptions::plain()).map(|_| ())
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
    }

    /// Somebody else's transaction, which waits for our row and lets us wait for the table.
    #[test]
    fn a_claim_that_the_server_rolls_back_for_a_deadlock_is_made_again() {
        let Some(url) = server() else { return };
        let mut place = InPostgres::new(&url);
        let mut store = place.open(in_a_race());
        let Claim::Run { token, .. } = store.claim(1, SECOND).unwrap() else {
            panic!("the first");
        };
        let mut other = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        // So that it is we who are rolled back.
        other
            .batch_execute("SET deadlock_timeout = '10min'")
            .unwrap();
        let mut theirs = other.transaction().unwrap();
        let table = &place.table;
        theirs
            .batch_execute(&format!("LOCK TABLE {table} IN SHARE MODE"))
            .unwrap();
        let ours = std::thread::spawn(move || store.claim(1, 2 * SECOND).unwrap());
        // Until it waits.
        let mut third = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        let waits = format!(
            "SELECT count(*) FROM pg_locks WHERE relation = '{table}'::regclass AND NOT granted"
        );
        while third.query_one(&waits, &[]).unwrap().get::<_, i64>(0) == 0 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        theirs
            .batch_execute(&format!("SELECT * FROM {table} WHERE key = 1 FOR UPDATE"))
            .unwrap();
        theirs.commit().unwrap();
        let claim = ours.join().unwrap();
        // The sequence gave a number to the transaction that was rolled back, or did not.
        assert!(
            matches!(claim, Claim::Run { token: later, doubt: true } if later > token),
            "{claim:?}"
        );
    }

    #[test]
    fn a_server_that_is_not_there_and_names_that_are_none_are_refused() {
        let plain = LedgerOptions::plain();
        let said = |url: &str, table: &str| {
            let refused = Postgres::open(url, table, plain).err();
            refused.map(|r| r.to_string()).unwrap_or_default()
        };
        let nowhere = "postgres://me:secret@127.0.0.1:1/none";
        let no = said(nowhere, "x");
        assert!(
            no.starts_with("PostgreSQL at 127.0.0.1:1, table x: "),
            "{no}"
        );
        assert!(no.contains("refused") && !no.contains("secret"), "{no}");
        for table in ["", "1st", "Records", "a; DROP TABLE b", &"x".repeat(41)] {
            assert!(
                said(nowhere, table).contains("is no name of a table here"),
                "{table}"
            );
        }
        let no = said("postgres://127.0.0.1/x?sslmode=require", "x");
        assert!(no.contains("without TLS"), "{no}");
        let Some(url) = server() else { return };
        let place = InPostgres::new(&url);
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        let other = format!("CREATE TABLE {} (id bigint)", place.table);
        client.batch_execute(&other).unwrap();
        let no = said(&url, &place.table);
        assert!(no.contains("does not exist"), "{no}");
        client
            .batch_execute(&format!("DROP TABLE {}", place.table))
            .unwrap();
    }
}
