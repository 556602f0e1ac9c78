//! What every sound cache keeps. Walks the table.

use super::{Cache, Entry, Lookup, Reason, kinds};
use crate::config::{Node, Source, pick};
use proptest::prelude::*;

const CAPACITY: usize = 4;

fn node(kind: &str, capacity: usize, bytes: u64) -> Node {
    let text = format!("c = {{ kind = \"{kind}\", capacity = {capacity}, bytes = {bytes} }}");
    Node::parse(&Source::new("law.toml", text))
        .unwrap()
        .get("c")
        .unwrap()
        .clone()
}

fn each(capacity: usize, bytes: u64, check: impl Fn(&str, Box<dyn Cache>)) {
    for kind in kinds() {
        check(
            kind.name,
            pick(&kinds(), "cache", &node(kind.name, capacity, bytes)).unwrap(),
        );
    }
}

fn entry(ttl: u64, bytes: u64) -> Entry {
    Entry {
        bytes,
        ttl,
        writer: 1,
        content: 0,
    }
}

fn gauge(cache: &dyn Cache, name: &str) -> f64 {
    let mut found = f64::NAN;
    cache.gauges(&mut |gauge, value| {
        if gauge == name {
            found = value
        }
    });
    found
}

fn hit(answer: Lookup) -> bool {
    matches!(answer, Lookup::Hit { .. })
}

#[test]
fn after_as_many_distinct_puts_as_it_has_room_it_is_full_and_not_one_less() {
    for capacity in [1, 2, CAPACITY, 100] {
        each(capacity, 0, |name, mut cache| {
            for key in 0..3 * capacity as u64 {
                cache.put(key, entry(0, 1), key);
                let expected = capacity.min(key as usize + 1);
                assert_eq!(
                    gauge(&*cache, "cache.entries"),
                    expected as f64,
                    "{name} with room for {capacity}"
                );
                assert!(hit(cache.get(key, key)), "{name} lost what was just put");
            }
        });
    }
}

#[test]
fn a_miss_says_why() {
    each(2, 0, |name, mut cache| {
        assert_eq!(cache.get(1, 0), Lookup::Miss(Reason::NeverSeen), "{name}");
        cache.put(1, entry(10, 1), 0);
        assert_eq!(
            cache.get(1, 9),
            Lookup::Hit {
                age: 9,
                writer: 1,
                content: 0
            },
            "{name}"
        );
        assert_eq!(cache.get(1, 10), Lookup::Miss(Reason::Expired), "{name}");
        (2..5).for_each(|key| cache.put(key, entry(0, 1), 10));
        assert_eq!(cache.get(2, 11), Lookup::Miss(Reason::Evicted), "{name}");
    });
}

#[test]
fn bytes_are_bounded_too() {
    each(100, 50, |name, mut cache| {
        for key in 0..1000 {
            cache.put(key, entry(0, key % 60), key);
            assert!(gauge(&*cache, "cache.bytes") <= 50.0, "{name}");
        }
    });
}

#[test]
fn a_deploy_keeps_the_warm_cache() {
    each(8, 0, |name, mut cache| {
        (0..8).for_each(|key| cache.put(key, entry(0, 1), key));
        cache.retune(&node(name, 4, 0), 9).unwrap();
        assert_eq!(
            (0..8).filter(|&key| hit(cache.get(key, 10))).count(),
            4,
            "{name}"
        );
        cache.retune(&node(name, 8, 0), 11).unwrap();
        assert_eq!(
            (4..8).filter(|&key| hit(cache.get(key, 12))).count(),
            4,
            "{name}"
        );
        cache.flush();
        assert_eq!(cache.get(5, 13), Lookup::Miss(Reason::NeverSeen), "{name}");
    });
}

proptest! {
    #[test]
    fn lru_equals_a_naive_list(ops in prop::collection::vec((any::<bool>(), 0u64..10, 0u64..4), 0..300)) {
        let mut cache = pick(&kinds(), "cache", &node("lru", CAPACITY, 0)).unwrap();
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
