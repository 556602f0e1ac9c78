//! What limits in a store keep, whatever callers' clocks say and however their commands overlap; and what the fallback keeps.

use super::{Emergency, Local, Quota, Store, StoreOptions};
use crate::{
    components::limiter::{FLAWS, Level, Levels, Verdict, kinds},
    config::{At, Node, Options, Source, pick},
};
use proptest::prelude::*;

/// Tokens a second and burst of the bucket; of the emergency limit: 5 and 5.
const RATE: u64 = 20;
const BURST: u64 = 10;
const SECOND: u64 = 1_000_000_000;
/// ms at which the store begins: clocks behind it are still after 0.
const BEGAN: u64 = 1_000_000;

fn options(flaw: &str) -> StoreOptions {
    let text = "store = \"redis\"\nfallback = { rate = \"5/s\", burst = 5, shed = [\"batch\"] }";
    let mut base = Node::parse(&Source::new("law.toml", text.to_string())).unwrap();
    let over = Node::parse(&Source::new("flaw.toml", format!("flaw = {{ {flaw} }}"))).unwrap();
    base.overlay(over.get("flaw").unwrap().table("flaw").unwrap());
    StoreOptions::read_table(&base.at, base.table("the limiter").unwrap(), &[]).unwrap()
}

fn quota() -> Quota {
    Quota::new(RATE as f64, BURST, &At::nowhere()).unwrap()
}

/// A command: ms after the one before, ms that it takes to the store, and how far its caller's clock is off.
type Command = (u64, u64, i64);

/// Sends commands with their caller's time, which arrive in the order of their arrival; with two round trips the second
/// takes as long as the first. Gives the instants of those allowed, in the store's ms.
fn send(options: &StoreOptions, commands: &[Command], overlap: bool) -> Vec<u64> {
    let mut events = vec![];
    let mut sent = BEGAN;
    for (n, (gap, takes, off)) in commands.iter().enumerate() {
        sent += gap;
        let caller = sent.saturating_add_signed(*off);
        let read = sent + takes;
        let write = if overlap && !options.atomic {
            read + takes
        } else {
            read
        };
        events.push((read, n, false, caller));
        events.push((write, n, true, caller));
    }
    // A command that is one step reads and writes with nobody between.
    events.sort_by_key(|(at, n, writes, _)| (*at, *n, *writes));
    let (mut store, quotas, mut held) = (Store::default(), [quota()], vec![vec![]; commands.len()]);
    let mut allowed = vec![];
    for (at, n, writes, caller) in events {
        match writes {
            false => held[n] = store.read(&[1], at),
            true => {
                let reply = options.finish(&mut store, &[1], &quotas, &held[n], at, caller);
                if reply.allowed {
                    allowed.push(at);
                }
            }
        }
    }
    allowed
}

/// No more than rate x time + burst, in any stretch; `apart` ms are what clocks may add, once.
fn bounded(allowed: &[u64], apart: u64) -> Result<(), String> {
    for (i, from) in allowed.iter().enumerate() {
        for (n, to) in allowed[i..].iter().enumerate() {
            let most = BURST as f64 + ((to - from + 1 + apart) * RATE) as f64 / 1000.0;
            if (n + 1) as f64 > most + 1e-6 {
                return Err(format!("{} in {} ms, {most} at most", n + 1, to - from));
            }
        }
    }
    Ok(())
}

/// A law: what is wrong, if anything.
type Law = fn(&StoreOptions, &[Command]) -> Result<(), String>;

const LAWS: &[(&str, Law)] = &[
    (
        "commands_out_of_order_refill_nothing_twice",
        commands_out_of_order_refill_nothing_twice,
    ),
    (
        "callers_at_once_share_one_bucket",
        callers_at_once_share_one_bucket,
    ),
    (
        "without_the_store_no_more_than_the_emergency_limit_enters",
        without_the_store_no_more_than_the_emergency_limit_enters,
    ),
    (
        "without_the_store_critical_traffic_is_served",
        without_the_store_critical_traffic_is_served,
    ),
    (
        "without_the_store_best_effort_gives_way",
        without_the_store_best_effort_gives_way,
    ),
    (
        "a_store_that_failed_is_left_alone_and_asked_again",
        a_store_that_failed_is_left_alone_and_asked_again,
    ),
];

/// Row 14 of the field's cases. One command after the other, from clocks that are a second ahead or behind.
fn commands_out_of_order_refill_nothing_twice(
    options: &StoreOptions,
    commands: &[Command],
) -> Result<(), String> {
    bounded(&send(options, commands, false), 2000)?;
    let turns: Vec<Command> = (0..600)
        .map(|n| (10, 0, if n % 2 == 0 { 1000 } else { -1000 }))
        .collect();
    bounded(&send(options, &turns, false), 2000)
}

/// From one clock, each on its way as long as the others, but many at a time.
fn callers_at_once_share_one_bucket(
    options: &StoreOptions,
    commands: &[Command],
) -> Result<(), String> {
    let alike: Vec<Command> = commands
        .iter()
        .map(|(gap, _, _)| (gap % 3, 40, 0))
        .collect();
    bounded(&send(options, &alike, true), 0)?;
    let crowd: Vec<Command> = (0..400).map(|_| (1, 40, 0)).collect();
    bounded(&send(options, &crowd, true), 0)
}

fn emergency(options: &StoreOptions) -> Emergency {
    Emergency::new(&options.fallback, &At::nowhere()).unwrap()
}

fn without_the_store_no_more_than_the_emergency_limit_enters(
    options: &StoreOptions,
    _: &[Command],
) -> Result<(), String> {
    let mut alone = emergency(options);
    let admitted = (0..1000)
        .filter(|n| alone.decide(false, n * SECOND / 100) == Local::Admit)
        .count();
    match admitted {
        0..=56 => Ok(()),
        more => Err(format!("{more} of 55 in 10 s")),
    }
}

fn without_the_store_critical_traffic_is_served(
    options: &StoreOptions,
    _: &[Command],
) -> Result<(), String> {
    let mut alone = emergency(options);
    match (0..40).find(|n| alone.decide(false, n * SECOND / 4) != Local::Admit) {
        None => Ok(()),
        Some(n) => Err(format!("request {n} of four a second was refused")),
    }
}

fn without_the_store_best_effort_gives_way(
    options: &StoreOptions,
    _: &[Command],
) -> Result<(), String> {
    let mut alone = emergency(options);
    let best_effort = alone.is_best_effort("batch");
    let mut critical = 0;
    for n in 0..1000 {
        let now = n * SECOND / 100;
        alone.decide(best_effort, now);
        // Four a second, as is critical's right; where nobody is served at all, it is another law that is broken.
        critical += u64::from(n % 25 == 0 && alone.decide(false, now) == Local::Admit);
    }
    match critical {
        0 | 40 => Ok(()),
        some => Err(format!("{some} of 40 critical requests were let in")),
    }
}

fn a_store_that_failed_is_left_alone_and_asked_again(
    options: &StoreOptions,
    _: &[Command],
) -> Result<(), String> {
    let mut alone = emergency(options);
    let asked = |alone: &Emergency, now: u64| alone.asks(now);
    if !asked(&alone, 0) {
        return Err("a store that never failed is not asked".into());
    }
    alone.failed(5 * SECOND);
    if asked(&alone, 5 * SECOND + SECOND / 2) {
        return Err("a store that has just failed is asked".into());
    }
    match asked(&alone, 6 * SECOND) && alone.patience() == Some(SECOND / 50) {
        true => Ok(()),
        false => Err("a store that failed a second ago is not asked, or for too long".into()),
    }
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    prop::collection::vec((0u64..120, 0u64..40, -1000i64..=1000), 1..300)
}

proptest! {
    #[test]
    fn a_store_keeps_every_law_by_its_own_clock_and_by_its_callers(commands in commands()) {
        for clock in ["", "clock = \"caller\""] {
            for (name, law) in LAWS {
                if let Err(wrong) = law(&options(clock), &commands) {
                    panic!("{name}: {wrong} ({clock})");
                }
            }
        }
    }

    /// By the store's clock it makes no difference at all what clocks callers have.
    #[test]
    fn by_the_stores_clock_callers_clocks_are_no_matter(commands in commands()) {
        let right: Vec<Command> = commands.iter().map(|(gap, takes, _)| (*gap, *takes, 0)).collect();
        let store = options("");
        prop_assert_eq!(send(&store, &commands, false), send(&store, &right, false));
        bounded(&send(&store, &commands, false), 0).map_err(TestCaseError::fail)?;
    }

    /// The script's levels beside the levels of a process: the same verdicts where both count in ms.
    #[test]
    fn it_decides_as_levels_of_token_buckets_do(calls in prop::collection::vec((0u64..120, 0u64..3), 1..300)) {
        let bucket = |rate: u64, burst: u64| {
            let text = format!("kind = \"token-bucket\"\nrate = \"{rate}/s\"\nburst = {burst}");
            pick(&kinds(), "limiter", &Node::parse(&Source::new("law.toml", text)).unwrap()).unwrap()
        };
        let mut levels = Levels::new(vec![Level::new("user", bucket(20, 10)), Level::new("all", bucket(40, 15))], true);
        let quotas = [quota(), Quota::new(40.0, 15, &At::nowhere()).unwrap()];
        let (mut store, stored, mut now) = (Store::default(), options(""), BEGAN);
        for (gap, user) in calls {
            now += gap;
            let keys = [user, 100];
            let reply = stored.run(&mut store, &keys, &quotas, now, 0);
            let said = levels.check(|level, _| Some(keys[level]), 1, now * 1_000_000);
            match said {
                Verdict::Granted { remaining } => {
                    prop_assert!(reply.allowed);
                    prop_assert_eq!(reply.remaining, u64::from(remaining));
                }
                Verdict::Refused { level, until } => {
                    prop_assert_eq!(reply.refused, Some(level));
                    prop_assert_eq!(reply.retry_after_ms, Some(until.div_ceil(1_000_000) - now));
                }
            }
        }
    }
}

#[test]
fn each_flaw_of_a_store_breaks_the_law_that_it_names_and_no_other() {
    for flaw in FLAWS.iter().filter(|f| f.kind == "store") {
        for (name, law) in LAWS {
            let broken = law(&options(flaw.options), &[]).is_err();
            assert_eq!(broken, flaw.breaks == *name, "{}: {name}", flaw.name);
        }
        assert!(LAWS.iter().any(|(name, _)| *name == flaw.breaks));
    }
}

/// Every flaw of limiters is held by one of the three suites.
#[test]
fn no_flaw_of_a_limiter_is_left_out() {
    for flaw in FLAWS {
        let of_a_kind = kinds().iter().any(|k| k.name == flaw.kind);
        assert!(
            of_a_kind || ["levels", "store"].contains(&flaw.kind),
            "{}",
            flaw.name
        );
    }
}

#[test]
fn buckets_of_users_who_are_gone_are_forgotten() {
    let (mut store, stored) = (Store::default(), options("slack = \"1s\""));
    for user in 0..1_000_000u64 {
        stored.run(&mut store, &[user], &[quota()], BEGAN + user, 0);
    }
    // A thousand a second, each kept for the half second of its bucket and a second of slack.
    assert!(store.len() < 4000, "{} buckets", store.len());
}

#[test]
fn quotas_that_the_script_cannot_count_are_refused() {
    for (rate, burst) in [
        (0.0, 10),
        (-1.0, 10),
        (f64::NAN, 10),
        (f64::INFINITY, 10),
        (1e-9, 10),
        (1e12, 10),
        (5.0, 0),
        (5.0, u64::MAX),
        (5.0, 10_000_000),
    ] {
        assert!(
            Quota::new(rate, burst, &At::nowhere()).is_err(),
            "{rate} {burst}"
        );
    }
    let slow = Quota::new(1.0 / 3600.0, 1, &At::nowhere()).unwrap();
    assert_eq!((slow.rate, slow.capacity), (278, super::UNIT));
    // The longest wait and the largest amounts do not overflow.
    let (mut store, stored) = (Store::default(), options("clock = \"caller\""));
    let most = Quota {
        rate: 1 << 52,
        capacity: 1 << 52,
    };
    for caller in [u64::MAX >> 12, 0, u64::MAX >> 12] {
        assert!(stored.run(&mut store, &[1], &[most], BEGAN, caller).allowed);
    }
}
