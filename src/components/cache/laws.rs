//! What every sound cache keeps. Walks the table.

use super::{Cache, Entry, Lookup, Reason, kinds};
use crate::config::{Node, Source, pick};
use proptest::prelude::*;

const CAPACITY: usize = 4;

fn node(kind: &str, flaw: &str, capacity: usize, bytes: u64) -> Node {
    let text = format!(
        "c = {{ kind = \"{kind}\", capacity = {capacity}, bytes = {bytes}{}{flaw} }}",
        if flaw.is_empty() { "" } else { ", " }
    );
    Node::parse(&Source::new("law.toml", text))
        .unwrap()
        .get("c")
        .unwrap()
        .clone()
}

/// A way to set a cache up, given its room in entries and in bytes.
pub(super) struct Make<'a> {
    pub kind: &'a str,
    pub options: &'a str,
}

impl Make<'_> {
    pub fn node(&self, capacity: usize, bytes: u64) -> Node {
        node(self.kind, self.options, capacity, bytes)
    }

    pub fn cache(&self, capacity: usize, bytes: u64) -> Box<dyn Cache> {
        pick(&kinds(), "cache", &self.node(capacity, bytes)).unwrap()
    }
}

pub(super) fn entry(ttl: u64, bytes: u64) -> Entry {
    Entry {
        bytes,
        ttl,
        writer: 1,
        content: 0,
        cost: 0,
    }
}

pub(super) fn gauge(cache: &dyn Cache, name: &str) -> f64 {
    let mut found = f64::NAN;
    cache.gauges(&mut |gauge, value| {
        if gauge == name {
            found = value
        }
    });
    found
}

pub(super) fn hit(answer: Lookup) -> bool {
    matches!(answer, Lookup::Hit { .. })
}

/// A law says what it saw when it is broken.
type Law = fn(&Make<'_>) -> Result<(), String>;

/// The laws, by the names that flaws refer to.
const LAWS: &[(&str, Law)] = &[
    (
        "it_holds_what_it_has_room_for",
        it_holds_what_it_has_room_for,
    ),
    ("what_is_used_stays", what_is_used_stays),
    (
        "what_has_expired_is_not_served",
        what_has_expired_is_not_served,
    ),
    ("use_does_not_lengthen_a_life", use_does_not_lengthen_a_life),
    ("a_miss_says_why", a_miss_says_why),
    ("bytes_are_bounded_too", bytes_are_bounded_too),
    (
        "a_deploy_keeps_the_warm_cache",
        a_deploy_keeps_the_warm_cache,
    ),
];

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, right: T) -> Result<(), String> {
    if found == right {
        Ok(())
    } else {
        Err(format!("{what}: {found:?}, not {right:?}"))
    }
}

/// After as many distinct puts as it has room for, or more, it is full (ArcadeData/arcadedb#4559 held one less).
fn it_holds_what_it_has_room_for(make: &Make<'_>) -> Result<(), String> {
    for capacity in [1, 2, CAPACITY, 100] {
        let mut cache = make.cache(capacity, 0);
        for key in 0..3 * capacity as u64 {
            cache.put(key, entry(0, 1), key);
            let expected = capacity.min(key as usize + 1) as f64;
            same("entries", gauge(&*cache, "cache.entries"), expected)?;
            same("what was just put", hit(cache.get(key, key)), true)?;
        }
    }
    Ok(())
}

fn what_is_used_stays(make: &Make<'_>) -> Result<(), String> {
    let mut cache = make.cache(CAPACITY, 0);
    cache.put(0, entry(0, 1), 0);
    for now in 1..100 {
        same(
            "what is asked for between all puts",
            hit(cache.get(0, now)),
            true,
        )?;
        cache.put(now, entry(0, 1), now);
    }
    Ok(())
}

fn what_has_expired_is_not_served(make: &Make<'_>) -> Result<(), String> {
    let mut cache = make.cache(CAPACITY, 0);
    cache.put(1, entry(10, 1), 0);
    same("expired", cache.get(1, 10), Lookup::Miss(Reason::Expired))?;
    cache.put(1, entry(10, 1), 20);
    same("written anew", hit(cache.get(1, 29)), true)
}

fn use_does_not_lengthen_a_life(make: &Make<'_>) -> Result<(), String> {
    let mut cache = make.cache(CAPACITY, 0);
    cache.put(1, entry(10, 1), 0);
    cache.put(2, entry(10, 1), 0);
    for now in 1..10 {
        cache.get(1, now);
    }
    let unused = cache.get(2, 10);
    same(
        "one that is used, beside one that is not",
        cache.get(1, 10),
        unused,
    )
}

fn a_miss_says_why(make: &Make<'_>) -> Result<(), String> {
    let mut cache = make.cache(2, 0);
    same("at first", cache.get(1, 0), Lookup::Miss(Reason::NeverSeen))?;
    cache.put(1, entry(0, 1), 0);
    let right = Lookup::Hit {
        age: 9,
        writer: 1,
        content: 0,
    };
    same("a hit", cache.get(1, 9), right)?;
    (2..5).for_each(|key| cache.put(key, entry(0, 1), 10));
    same(
        "pushed out",
        cache.get(2, 11),
        Lookup::Miss(Reason::Evicted),
    )
}

fn bytes_are_bounded_too(make: &Make<'_>) -> Result<(), String> {
    let mut cache = make.cache(100, 50);
    for key in 0..1000 {
        cache.put(key, entry(0, key % 60), key);
        let bytes = gauge(&*cache, "cache.bytes");
        if bytes > 50.0 {
            return Err(format!("{bytes} bytes"));
        }
    }
    Ok(())
}

fn a_deploy_keeps_the_warm_cache(make: &Make<'_>) -> Result<(), String> {
    let mut cache = make.cache(8, 0);
    (0..8).for_each(|key| cache.put(key, entry(0, 1), key));
    cache.retune(&make.node(4, 0), 9).unwrap();
    let mut left = |from: u64, now| (from..8).filter(|&key| hit(cache.get(key, now))).count();
    same("left in half the room", left(0, 10), 4)?;
    cache.retune(&make.node(8, 0), 11).unwrap();
    let mut left = |from: u64, now| (from..8).filter(|&key| hit(cache.get(key, now))).count();
    same("left when the room is back", left(4, 12), 4)?;
    cache.flush();
    same("flushed", cache.get(5, 13), Lookup::Miss(Reason::NeverSeen))
}

#[test]
fn every_kind_keeps_every_law() {
    for kind in kinds() {
        for (name, law) in LAWS {
            let make = Make {
                kind: kind.name,
                options: "",
            };
            assert_eq!(law(&make), Ok(()), "{} breaks {name}", kind.name);
        }
    }
}

#[test]
fn a_flaw_breaks_the_law_that_it_names_and_no_other() {
    for flaw in super::FLAWS {
        // A law about tenants is held in their room; all others hold whatever is wrong there.
        let here = LAWS.iter().any(|(name, _)| *name == flaw.breaks);
        let right = if here { &[flaw.breaks][..] } else { &[] };
        let make = Make {
            kind: flaw.kind,
            options: flaw.options,
        };
        let broken: Vec<&str> = LAWS
            .iter()
            .filter(|(_, law)| law(&make).is_err())
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(broken, right, "{}", flaw.name);
    }
}

#[test]
fn expired_entries_are_swept_before_any_live_one_is_evicted() {
    let lives = |options| {
        let mut cache = Make {
            kind: "lru",
            options,
        }
        .cache(10, 0);
        // Five that die soon and are the most recent, five that live: room is needed at 20.
        (0..5).for_each(|key| cache.put(key, entry(10, 1), 0));
        (5..10).for_each(|key| cache.put(key, entry(0, 1), 0));
        for key in 0..5 {
            cache.get(key, 1);
        }
        (10..15).for_each(|key| cache.put(key, entry(0, 1), 20));
        let live = (5..15).filter(|&key| hit(cache.get(key, 21))).count();
        (live, gauge(&*cache, "cache.expirations"))
    };
    assert_eq!(lives("sweep = 10"), (10, 5.0));
    assert_eq!(lives("sweep = 0").0, 5);
}

#[test]
fn a_stale_entry_is_served_while_one_request_refreshes_it() {
    let options = "stale = \"30ns\", lease = \"4ns\"";
    let mut cache = Make {
        kind: "lru",
        options,
    }
    .cache(10, 0);
    cache.put(1, entry(10, 1), 0);
    assert!(hit(cache.get(1, 9)));
    // Many at one instant: one is sent, the rest is served.
    let sent = (0..100)
        .filter(|_| cache.get(1, 10) == Lookup::Refresh)
        .count();
    assert_eq!(sent, 1);
    assert!(hit(cache.get(1, 13)), "the lease holds");
    assert_eq!(cache.get(1, 14), Lookup::Refresh, "the first was lost");
    assert!(hit(cache.get(1, 15)));
    cache.put(1, entry(10, 1), 16);
    assert!(hit(cache.get(1, 25)), "fresh again");
    assert_eq!(cache.get(1, 56), Lookup::Miss(Reason::Expired), "too stale");
    assert_eq!(gauge(&*cache, "cache.refreshes"), 2.0);
    assert_eq!(gauge(&*cache, "cache.served_stale"), 101.0);
}

proptest! {
    #[test]
    fn lru_equals_a_naive_list(ops in prop::collection::vec((any::<bool>(), 0u64..10, 0u64..4), 0..300)) {
        let mut cache = pick(&kinds(), "cache", &node("lru", "", CAPACITY, 0)).unwrap();
        // Most recently used first: (key, expires).
        let mut model: Vec<(u64, u64)> = vec![];
        for (now, (put, key, ttl)) in ops.into_iter().enumerate() {
            let now = now as u64;
            let at = model.iter().position(|e| e.0 == key);
            if put {
                at.map(|i| model.remove(i));
                model.insert(0, (key, if ttl == 0 { u64::MAX } else { now + 3 * ttl }));
                model.truncate(CAPACITY);
                cache.put(key, entry(3 * ttl, 1), now);
            } else {
                let expected = at.is_some_and(|i| model[i].1 > now);
                if let (true, Some(i)) = (expected, at) {
                    let used = model.remove(i);
                    model.insert(0, used);
                }
                prop_assert_eq!(hit(cache.get(key, now)), expected);
            }
        }
    }
}
