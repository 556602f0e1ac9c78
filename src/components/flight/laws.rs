//! What a sound single-flight keeps, and which law each flaw breaks.

use super::{Answer, End, FLAWS, FlightOptions, Flights, KeepFailures, Role};
use crate::config::{Node, Read, Source, Span};
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;
const LIMIT: usize = 100;
const TTL: u64 = 30 * SECOND;
const GOOD: Answer = Answer { end: 1, content: 7 };
const BAD: Answer = Answer { end: 2, content: 0 };
const GONE: Answer = Answer { end: 5, content: 0 };

fn options(flaw: &str) -> FlightOptions {
    let base = format!(
        "limit = {LIMIT}\nttl = \"30s\"\nlease = \"3s\"\nrenew = \"1s\"\nresults = \"2s\"\nfailures = \"1s\""
    );
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
        "a_working_leader_keeps_its_key",
        a_working_leader_keeps_its_key,
    ),
    (
        "of_two_who_ask_at_once_one_leads",
        of_two_who_ask_at_once_one_leads,
    ),
    (
        "an_answer_reaches_those_who_ask_again",
        an_answer_reaches_those_who_ask_again,
    ),
    (
        "a_follower_takes_over_when_the_leader_goes",
        a_follower_takes_over_when_the_leader_goes,
    ),
];

/// A naive list of leaders: a key that one works on is followed, and by nobody led twice. All within the time to live, and
/// without kept answers, which have laws of their own.
fn one_leader_and_all_others_follow_it(o: FlightOptions, steps: &Steps) -> Result<(), String> {
    let (results, failures) = (Span(0), KeepFailures(0));
    let mut flights = Flights::new(FlightOptions {
        results,
        failures,
        ..o
    });
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
                (Role::Alone, None) => {}
                (role, leader) => return Err(format!("{role:?} beside leader {leader:?}")),
            },
            (what, Some(i)) => {
                let (_, serial, _) = leaders.remove(i);
                let how =
                    [End::Well(GOOD), End::Failed(BAD), End::Gone(GONE)][usize::from(what) - 2];
                flights.end(key, serial, how, now);
            }
            _ => {}
        }
    }
    Ok(())
}

/// On success, error and cancel. What is kept of an end is no flight.
fn entries_return_to_zero_on_every_exit(o: FlightOptions, _: &Steps) -> Result<(), String> {
    let mut flights = Flights::new(o);
    let mut open = vec![];
    for key in 0..50 {
        if flights.join(key, 0) == Role::Lead {
            open.push((key, flights.open(key, (), 0)));
        }
    }
    for (key, serial) in open {
        let how = [End::Well(GOOD), End::Failed(BAD), End::Gone(GONE)][key as usize % 3];
        flights.end(key, serial, how, SECOND);
    }
    match flights.under_way() {
        0 => Ok(()),
        n => Err(format!("{n} entries of flights that are over")),
    }
}

fn a_failure_is_forgotten(o: FlightOptions, _: &Steps) -> Result<(), String> {
    let mut flights = Flights::new(o);
    let serial = flights.open(1, (), 0);
    flights.end(1, serial, End::Failed(BAD), 0);
    match flights.join(1, 10 * SECOND) {
        Role::Told(_) => Err("told of a failure of ten seconds ago".into()),
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
    if flights.held_until(1) > 180 * TTL {
        return Err("its followers wait for more than 90 minutes".into());
    }
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
    let second = flights.open(1, 'b', now);
    flights.end(1, first, End::Well(BAD), now);
    match flights.join(1, now) {
        Role::Follow('b') => {}
        other => return Err(format!("{other:?} beside the second leader")),
    }
    // And a third time, when the second has ended: the older answer does not replace the newer one.
    flights.end(1, second, End::Well(GOOD), now);
    flights.end(1, first, End::Well(BAD), now);
    match flights.join(1, now) {
        Role::Told(BAD) => Err("an older answer replaced a newer one".into()),
        _ => Ok(()),
    }
}

/// For ten seconds, which is less than its time to live.
fn a_working_leader_keeps_its_key(o: FlightOptions, _: &Steps) -> Result<(), String> {
    let mut flights = Flights::new(o);
    flights.open(1, (), 0);
    for now in (0..=10 * SECOND).step_by(500_000_000) {
        let role = flights.join(1, now);
        if role != Role::Follow(()) {
            return Err(format!("{role:?} beside one who works, after {now} ns"));
        }
    }
    Ok(())
}

/// Both have asked before either of them took the lead.
fn of_two_who_ask_at_once_one_leads(o: FlightOptions, _: &Steps) -> Result<(), String> {
    let mut flights = Flights::new(o);
    let both = [flights.join(1, 0), flights.join(1, 0)];
    let lead = both
        .iter()
        .zip(['a', 'b'])
        .filter(|(role, name)| **role == Role::Lead && flights.try_open(1, *name, 1).is_some());
    match lead.count() {
        1 => Ok(()),
        n => Err(format!("{n} lead")),
    }
}

/// Those who poll. Where cleaning up leaks, that is the other law's.
fn an_answer_reaches_those_who_ask_again(o: FlightOptions, _: &Steps) -> Result<(), String> {
    let mut flights = Flights::new(o);
    let serial = flights.open(1, (), 0);
    flights.end(1, serial, End::Well(GOOD), SECOND);
    match flights.join(1, SECOND + SECOND / 20) {
        Role::Told(GOOD) | Role::Alone => Ok(()),
        other => Err(format!("{other:?} 50 ms after the answer")),
    }
}

/// Where cleaning up leaks, no second leader is possible: that is the other law's.
fn a_follower_takes_over_when_the_leader_goes(o: FlightOptions, _: &Steps) -> Result<(), String> {
    let mut flights = Flights::new(o);
    let serial = flights.open(1, (), 0);
    let news = flights.news(End::Gone(GONE));
    flights.end(1, serial, End::Gone(GONE), 1);
    match flights.join(1, 1) {
        Role::Lead | Role::Alone if news.is_none() => Ok(()),
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
        assert_eq!(flights.join(key, now), Role::Lead, "{key}");
        let serial = flights.open(key, (), now);
        flights.end(key, serial, End::Well(GOOD), now);
    }
    assert_eq!(flights.under_way(), 1, "the stuck one");
    assert_eq!(flights.entries(), LIMIT, "answers make room, and no more");
    for line in &flights.lines {
        assert!(line.len() < 1000, "{}", line.len());
    }
    flights.end(u64::MAX, stuck, End::Gone(GONE), 20 * SECOND);
    assert_eq!(flights.under_way(), 0);
    assert_eq!(flights.late(), 0);
}

/// authzed/spicedb#925.
#[test]
fn q6_a_cancelled_leader_leaves_its_followers_a_value_spicedb_925() {
    let tale = |flaw: &str| {
        let mut flights = Flights::new(options(flaw));
        let leader = flights.open(1, 'a', 0);
        assert_eq!(flights.join(1, 1), Role::Follow('a'));
        let cancelled = End::Gone(GONE);
        let told = flights.news(cancelled);
        flights.end(1, leader, cancelled, 2);
        if told.is_some() {
            return told;
        }
        // The follower asks again, leads, and answers itself and all who come.
        assert_eq!(flights.join(1, 2), Role::Lead);
        let second = flights.open(1, 'b', 2);
        assert_eq!(flights.join(1, 3), Role::Follow('b'));
        flights.end(1, second, End::Well(GOOD), 4);
        flights.news(End::Well(GOOD))
    };
    assert_eq!(tale(""), Some(GOOD));
    assert_eq!(tale("on_cancel = \"fail\""), Some(GONE), "the flaw");
}

/// ROCm/ATOM#1441.
#[test]
fn q13_the_entry_count_returns_to_zero_on_success_error_and_cancel_atom_1441() {
    let left = |flaw: &str, how: End| {
        let mut flights = Flights::new(options(flaw));
        let serial = flights.open(1, (), 0);
        flights.end(1, serial, how, 1);
        // Whatever is kept of it is over as well after an hour.
        flights.join(2, 3599 * SECOND);
        flights.entries()
    };
    let ends = [End::Well(GOOD), End::Failed(BAD), End::Gone(GONE)];
    assert_eq!(ends.map(|how| left("", how)), [0, 0, 0]);
    let set_up_errors_only = "cleanup = \"on-failure\", ttl = \"1h\", lease = \"0s\"";
    assert_eq!(
        ends.map(|how| left(set_up_errors_only, how)),
        [1, 0, 1],
        "the flaw"
    );
}

#[test]
fn a_leak_under_a_lease_ends_with_it() {
    let mut flights = Flights::new(options("cleanup = \"never\""));
    let serial = flights.open(1, (), 0);
    flights.end(1, serial, End::Gone(GONE), SECOND);
    assert_eq!(flights.join(1, 3 * SECOND), Role::Alone);
    assert_eq!(flights.join(1, 4 * SECOND), Role::Lead);
}

#[test]
fn nothing_is_kept_where_there_is_no_room_at_all() {
    let mut flights: Flights<()> = Flights::new(options("limit = 0"));
    for key in 0..10 {
        assert_eq!(flights.join(key, key), Role::Alone);
    }
    assert_eq!(flights.entries(), 0);
}

#[test]
fn a_token_from_before_a_cold_start_fits_nothing() {
    let mut flights = Flights::new(options(""));
    let old = flights.open(1, 'a', 0);
    flights.clear();
    flights.open(1, 'b', 1);
    flights.end(1, old, End::Well(BAD), 2);
    assert_eq!(flights.join(1, 3), Role::Follow('b'));
}
