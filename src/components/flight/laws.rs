//! What a sound single-flight keeps, and which law each flaw breaks.

use super::{End, FLAWS, FlightOptions, Flights, Role};
use crate::config::{Node, Read, Source};
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;
const LIMIT: usize = 100;
const TTL: u64 = 30 * SECOND;

fn options(flaw: &str) -> FlightOptions {
    let base = format!("limit = {LIMIT}\nttl = \"30s\"\nfailures = \"1s\"");
    let mut base = Node::parse(&Source::new("law.toml", base)).unwrap();
    let over = Node::parse(&Source::new("flaw.toml", format!("flaw = {{ {flaw} }}"))).unwrap();
    base.overlay(over.get("flaw").unwrap().table("flaw").unwrap());
    FlightOptions::read(&base).unwrap()
}

/// Steps: key, and what happens to it: 0 and 1 join, 2 ends well, 3 badly, 4 its leader goes.
type Steps = [(u8, u8)];
type Law = fn(FlightOptions, &Steps) -> Result<(), String>;

const LAWS: &[(&str, Law)] = &[
    (
        "one_leader_and_all_others_follow_it",
        one_leader_and_all_others_follow_it,
    ),
    (
        "entries_return_to_zero_on_every_exit",
        entries_return_to_zero_on_every_exit,
    ),
    ("a_failure_is_forgotten", a_failure_is_forgotten),
    (
        "never_more_entries_than_the_limit",
        never_more_entries_than_the_limit,
    ),
    ("a_stuck_leader_is_replaced", a_stuck_leader_is_replaced),
    (
        "a_late_leader_takes_nothing_from_its_successor",
        a_late_leader_takes_nothing_from_its_successor,
    ),
    (
        "a_follower_takes_over_when_the_leader_goes",
        a_follower_takes_over_when_the_leader_goes,
    ),
];

/// A naive list of leaders: a key that one works on is followed, and by nobody led twice. All within the time to live.
fn one_leader_and_all_others_follow_it(o: FlightOptions, steps: &Steps) -> Result<(), String> {
    let mut flights = Flights::new(o);
    let mut leaders: Vec<(u64, u64, u32)> = vec![];
    let mut next = 0;
    for (i, (key, what)) in steps.iter().enumerate() {
        let (key, now) = (u64::from(key % 8), i as u64 * 1000);
        let leader = leaders.iter().position(|l| l.0 == key);
        match (what % 5, leader) {
            (0 | 1, leader) => match (flights.join(key, now), leader) {
                (Role::Lead, None) => {
                    next += 1;
                    leaders.push((key, flights.open(key, next, now), next));
                }
                (Role::Follow(flight), Some(i)) if leaders[i].2 == flight => {}
                (Role::Failed(_) | Role::Alone, None) => {}
                (role, leader) => return Err(format!("{role:?} beside leader {leader:?}")),
            },
            (what, Some(i)) => {
                let (_, serial, _) = leaders.remove(i);
                let how = [End::Well, End::Failed(2), End::Gone][usize::from(what) - 2];
                flights.end(key, serial, how, now);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Flights that end well, and flights whose leader goes; failures have a law of their own.
fn entries_return_to_zero_on_every_exit(o: FlightOptions, _: &Steps) -> Result<(), String> {
    let mut flights = Flights::new(o);
    let mut open = vec![];
    for key in 0..50 {
        if flights.join(key, 0) == Role::Lead {
            open.push((key, flights.open(key, (), 0)));
        }
    }
    for (key, serial) in open {
        let how = if key % 2 == 0 { End::Well } else { End::Gone };
        flights.end(key, serial, how, SECOND);
    }
    match flights.entries() {
        0 => Ok(()),
        n => Err(format!("{n} entries of flights that are over")),
    }
}

fn a_failure_is_forgotten(o: FlightOptions, _: &Steps) -> Result<(), String> {
    let mut flights = Flights::new(o);
    let serial = flights.open(1, (), 0);
    flights.end(1, serial, End::Failed(2), 0);
    match flights.join(1, 10 * SECOND) {
        Role::Failed(_) => Err("told of a failure of ten seconds ago".into()),
        _ => Ok(()),
    }
}

fn never_more_entries_than_the_limit(o: FlightOptions, _: &Steps) -> Result<(), String> {
    let mut flights = Flights::new(o);
    for key in 0..1000 {
        if flights.join(key, 0) == Role::Lead {
            flights.open(key, (), 0);
        }
    }
    match flights.entries() {
        n if n > LIMIT => Err(format!("{n} entries")),
        _ => Ok(()),
    }
}

fn a_stuck_leader_is_replaced(o: FlightOptions, _: &Steps) -> Result<(), String> {
    let mut flights = Flights::new(o);
    flights.open(1, (), 0);
    // The flaw of a longer life is another one's: an hour and a half is long for anybody.
    match flights.join(1, 180 * TTL) {
        Role::Lead => Ok(()),
        other => Err(format!("{other:?} after 90 minutes")),
    }
}

fn a_late_leader_takes_nothing_from_its_successor(
    o: FlightOptions,
    _: &Steps,
) -> Result<(), String> {
    let mut flights = Flights::new(o);
    let now = 180 * TTL;
    let first = flights.open(1, 'a', 0);
    if flights.join(1, now) != Role::Lead {
        return Ok(());
    }
    flights.open(1, 'b', now);
    flights.end(1, first, End::Well, now);
    match flights.join(1, now) {
        Role::Follow('b') => Ok(()),
        other => Err(format!("{other:?} beside the second leader")),
    }
}

/// Where cleaning up leaks, no second leader is possible: that is the other law's.
fn a_follower_takes_over_when_the_leader_goes(o: FlightOptions, _: &Steps) -> Result<(), String> {
    let mut flights = Flights::new(o);
    let serial = flights.open(1, (), 0);
    flights.end(1, serial, End::Gone, 1);
    match flights.join(1, 1) {
        Role::Lead | Role::Alone => Ok(()),
        other => Err(format!("{other:?} after the leader went")),
    }
}

proptest! {
    #[test]
    fn every_law_is_kept(steps in prop::collection::vec(any::<(u8, u8)>(), 0..300)) {
        for (name, law) in LAWS {
            if let Err(wrong) = law(options(""), &steps) {
                panic!("{name}: {wrong}");
            }
        }
    }
}

#[test]
fn each_flaw_breaks_the_law_that_it_names_and_no_other() {
    let steps: Vec<(u8, u8)> = (0..2000u32)
        .map(|i| ((i * 7 % 251) as u8, (i * 13 % 241) as u8))
        .collect();
    for flaw in FLAWS {
        assert!(LAWS.iter().any(|(name, _)| *name == flaw.breaks));
        for (name, law) in LAWS {
            let broken = law(options(flaw.options), &steps);
            assert_eq!(
                broken.is_err(),
                flaw.breaks == *name,
                "{}: {name}: {broken:?}",
                flaw.name
            );
        }
    }
}

#[test]
fn a_million_flights_leave_nothing_behind() {
    let mut flights = Flights::new(options(""));
    let stuck = flights.open(u64::MAX, (), 0);
    for key in 0..1_000_000u64 {
        let now = key * 20_000;
        assert_eq!(flights.join(key, now), Role::Lead);
        let serial = flights.open(key, (), now);
        flights.end(key, serial, End::Well, now);
    }
    assert_eq!(flights.entries(), 1, "the stuck one");
    assert!(flights.ends[0].len() < 1000, "{}", flights.ends[0].len());
    flights.end(u64::MAX, stuck, End::Gone, 20 * SECOND);
    assert_eq!(flights.entries(), 0);
}
