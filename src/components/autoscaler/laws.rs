//! What every sound autoscaler keeps. Walks the table of kinds, and holds each flaw to the law that it breaks.

use super::{Autoscaler, FLAWS, Seen, kinds};
use crate::config::{Node, Source, pick};
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const WORKERS: u32 = 10;
/// Requests that a replica bears by the set-up of [`make`], each of which keeps one worker busy.
const EACH: u64 = 5;
const MIN: u32 = 2;
const MAX: u32 = 20;

fn make(kind: &str, options: &str) -> Box<dyn Autoscaler> {
    let target = match kind {
        "target-utilisation" => "\"50%\"",
        _ => "5.0",
    };
    let text = format!(
        "kind = \"{kind}\"\ntarget = {target}\nmin = {MIN}\nmax = {MAX}\ninterval = \"15s\"\ncool_down = \"3m\""
    );
    let mut base = Node::parse(&Source::new("law.toml", text)).unwrap();
    let over = Node::parse(&Source::new("flaw.toml", format!("flaw = {{ {options} }}"))).unwrap();
    base.overlay(over.get("flaw").unwrap().table("flaw").unwrap());
    pick(&kinds(), "autoscaler", &base).unwrap()
}

/// Replicas that do at once what is wanted, under a load of so many requests at a time.
struct Fleet {
    scaler: Box<dyn Autoscaler>,
    replicas: u32,
    now: u64,
}

impl Fleet {
    fn new(scaler: Box<dyn Autoscaler>, replicas: u32) -> Fleet {
        let (replicas, now) = (replicas, 0);
        Fleet {
            scaler,
            replicas,
            now,
        }
    }

    /// One decision under this load.
    fn look(&mut self, load: u64) -> u32 {
        self.now += self.scaler.interval();
        let seen = Seen {
            replicas: self.replicas,
            in_flight: load,
            busy: load.min(u64::from(self.replicas * WORKERS)),
            workers: WORKERS,
            turned_away: if self.replicas == 0 { load } else { 0 },
        };
        self.replicas = self.scaler.decide(&seen, self.now);
        self.replicas
    }
}

type Law = fn(Box<dyn Autoscaler>, &[u8]) -> Result<(), String>;

const LAWS: &[(&str, Law)] = &[
    ("it_keeps_to_its_bounds", it_keeps_to_its_bounds),
    ("somebody_is_always_there", somebody_is_always_there),
    ("it_follows_a_rise_at_once", it_follows_a_rise_at_once),
    ("it_settles_and_stays", it_settles_and_stays),
    (
        "load_that_comes_and_goes_moves_nothing",
        load_that_comes_and_goes_moves_nothing,
    ),
    ("it_comes_down_in_the_end", it_comes_down_in_the_end),
];

fn it_keeps_to_its_bounds(scaler: Box<dyn Autoscaler>, loads: &[u8]) -> Result<(), String> {
    let mut fleet = Fleet::new(scaler, 4);
    match loads.iter().map(|l| fleet.look(u64::from(*l) * 2)).max() {
        Some(n) if n > MAX => Err(format!("{n} replicas, and {MAX} are allowed")),
        _ => Ok(()),
    }
}

/// However long nobody comes.
fn somebody_is_always_there(scaler: Box<dyn Autoscaler>, _: &[u8]) -> Result<(), String> {
    let mut fleet = Fleet::new(scaler, 4);
    for _ in 0..100 {
        if fleet.look(0) == 0 {
            return Err("nobody is there".into());
        }
    }
    Ok(())
}

/// Within three decisions of a load that four replicas could just bear with all their workers.
fn it_follows_a_rise_at_once(scaler: Box<dyn Autoscaler>, _: &[u8]) -> Result<(), String> {
    let mut fleet = Fleet::new(scaler, 4);
    for _ in 0..20 {
        fleet.look(4 * EACH);
    }
    for _ in 0..3 {
        fleet.look(8 * EACH);
    }
    match fleet.replicas {
        8.. => Ok(()),
        n => Err(format!("{n} replicas where 8 are needed")),
    }
}

/// Under a constant load, whatever was before: no replica bears more than its share, within the tolerance.
fn it_settles_and_stays(scaler: Box<dyn Autoscaler>, loads: &[u8]) -> Result<(), String> {
    let mut fleet = Fleet::new(scaler, 4);
    for load in loads {
        fleet.look(u64::from(*load) % 100);
    }
    let load = 7 * EACH;
    for _ in 0..200 {
        fleet.look(load);
    }
    let there = fleet.replicas;
    if (0..50).any(|_| fleet.look(load) != there) {
        return Err(format!("it does not stay at {there}"));
    }
    match load as f64 / f64::from(there) {
        each if each <= EACH as f64 * 1.1 + 1e-9 => Ok(()),
        each => Err(format!("{each} requests a replica")),
    }
}

/// Half a minute of load, half a minute of none, for ever: once it has what the load needs it moves nothing.
fn load_that_comes_and_goes_moves_nothing(
    scaler: Box<dyn Autoscaler>,
    _: &[u8],
) -> Result<(), String> {
    let mut fleet = Fleet::new(scaler, 8);
    let mut moves = 0;
    for n in 0..200 {
        let before = fleet.replicas;
        fleet.look(if n / 2 % 2 == 0 { 8 * EACH } else { 2 * EACH });
        moves += u32::from(fleet.replicas != before);
    }
    match moves {
        0..=2 => Ok(()),
        n => Err(format!("replicas came and went {n} times")),
    }
}

fn it_comes_down_in_the_end(scaler: Box<dyn Autoscaler>, _: &[u8]) -> Result<(), String> {
    let mut fleet = Fleet::new(scaler, 4);
    for _ in 0..10 {
        fleet.look(10 * EACH);
    }
    let until = fleet.now + 30 * MINUTE;
    while fleet.now < until {
        fleet.look(0);
    }
    match fleet.replicas {
        0..=MIN => Ok(()),
        n => Err(format!("{n} replicas for nobody")),
    }
}

proptest! {
    #[test]
    fn every_kind_keeps_every_law(loads in prop::collection::vec(any::<u8>(), 0..100)) {
        for kind in kinds() {
            for (name, law) in LAWS {
                if let Err(wrong) = law(make(kind.name, ""), &loads) {
                    panic!("{} breaks {name}: {wrong}", kind.name);
                }
            }
        }
    }

    /// Beside the largest of a plain list of all decisions of the cool-down.
    #[test]
    fn the_cool_down_remembers_what_a_list_remembers(loads in prop::collection::vec(any::<u8>(), 1..100)) {
        for kind in kinds() {
            let (mut kept, mut plain) = (make(kind.name, ""), make(kind.name, "cool_down = \"0s\""));
            let (mut replicas, mut now, mut list) = (4, 0, Vec::<(u64, u32)>::new());
            for load in &loads {
                now += 15 * SECOND;
                let load = u64::from(*load);
                let seen = Seen { replicas, in_flight: load, busy: load.min(u64::from(replicas * WORKERS)), workers: WORKERS, turned_away: 0 };
                let wanted = plain.decide(&seen, now);
                list.push((now, wanted));
                let since = now.saturating_sub(3 * MINUTE);
                let most = list.iter().filter(|(at, _)| *at >= since).map(|(_, w)| *w).max();
                let decided = kept.decide(&seen, now);
                prop_assert_eq!(decided, wanted.max(most.unwrap_or(0).min(replicas)));
                replicas = decided;
            }
        }
    }
}

#[test]
fn each_flaw_breaks_the_law_that_it_names_and_no_other() {
    let loads: Vec<u8> = (0..=255).chain(0..=255).collect();
    for flaw in FLAWS {
        assert!(LAWS.iter().any(|(name, _)| *name == flaw.breaks));
        for (name, law) in LAWS {
            let broken = law(make(flaw.kind, flaw.options), &loads);
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
fn what_makes_no_sense_is_refused() {
    for (bad, said) in [
        ("target = 0.0", "a target of 0"),
        ("target = -1.0", "a target of -1"),
        ("max = 0", "0 replicas at most"),
        ("min = 30", "at least 30"),
        ("interval = \"0s\"", "all the time"),
        ("coldown = \"1s\"", "coldown"),
    ] {
        let text = format!("a = {{ kind = \"target-in-flight\", {bad} }}");
        let file = Node::parse(&Source::new("bad.toml", text)).unwrap();
        let refused = pick(&kinds(), "autoscaler", file.get("a").unwrap())
            .err()
            .unwrap_or_else(|| panic!("{bad} is taken"));
        assert!(refused.to_string().contains(said), "{bad}: {refused}");
    }
}
