//! The cache for threads, with real ones. All schedules that matter are tried in `cache::laws_threads`.

use gameday::components::cache::{
    Answer, Cache, Concurrent, Entry, Lookup, LruOptions, Reason, kinds,
};
use gameday::config::{Count, Node, Source, Span, pick};
use proptest::prelude::*;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

const FOR_EVER: Duration = Duration::ZERO;

fn options(capacity: u64, shards: u64) -> LruOptions {
    LruOptions {
        capacity: Count(capacity),
        shards: Count(shards),
        ..LruOptions::default()
    }
}

fn lab(options: &str) -> Box<dyn Cache> {
    let text = format!("c = {{ kind = \"lru\", {options} }}");
    let node = Node::parse(&Source::new("test.toml", text)).unwrap();
    pick(&kinds(), "cache", node.get("c").unwrap()).unwrap()
}

#[test]
fn what_no_cache_can_be_is_refused() {
    for (capacity, shards, why) in [
        (0, 1, "0 entries"),
        (5, 6, "6 shards"),
        (5, 0, "0 shards"),
        (1 << 40, 1, "1099511627776 entries"),
    ] {
        let refused = Concurrent::<u64, u64>::new(&options(capacity, shards), FOR_EVER).err();
        assert!(refused.unwrap().to_string().contains(why));
    }
    let early = LruOptions {
        early: f64::NAN,
        ..options(5, 1)
    };
    assert!(Concurrent::<u64, u64>::new(&early, FOR_EVER).is_err());
}

#[test]
fn threads_find_their_own_values_and_every_look_is_counted() {
    const LOOKS: u64 = 20_000;
    let cache: Concurrent<String, Arc<str>> = Concurrent::new(&options(500, 8), FOR_EVER).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let cache = &cache;
            scope.spawn(move || {
                for n in 0..LOOKS {
                    let key = format!("{}", (n * n + thread) % 2000);
                    match cache.get(key.as_str(), n) {
                        Some(found) => assert_eq!(*found, *key),
                        None => cache.put(key.clone(), key.into(), n),
                    }
                }
            });
        }
    });
    let metrics = cache.metrics();
    assert_eq!(metrics.hits + metrics.misses, 4 * LOOKS);
    assert!(metrics.hit_ratio().unwrap() > 0.1 && metrics.entries <= 500);
    assert!(metrics.counts.evictions() > 0);
}

/// A key whose hash is that of all others.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Alike(u32);

impl std::hash::Hash for Alike {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        0u8.hash(state);
    }
}

#[test]
fn two_keys_of_one_hash_never_get_each_others_value() {
    let cache = Concurrent::new(&options(10, 1), FOR_EVER).unwrap();
    for n in 0..100 {
        cache.put(Alike(n), n, 0);
        assert_eq!(cache.get(&Alike(n), 0), Some(n));
        assert_eq!(cache.get(&Alike(n + 1), 0), None);
        assert_eq!(cache.remove(&Alike(n + 1)), None);
    }
    assert_eq!(cache.metrics().entries, 1);
}

/// A value that panics when it is cloned.
struct Bomb(bool);

impl Clone for Bomb {
    fn clone(&self) -> Bomb {
        assert!(!self.0, "boom");
        Bomb(false)
    }
}

#[test]
fn a_value_that_panics_leaves_the_cache_usable() {
    let cache = Concurrent::new(&options(2, 1), FOR_EVER).unwrap();
    cache.put(1, Bomb(true), 0);
    cache.put(2, Bomb(false), 0);
    assert!(catch_unwind(AssertUnwindSafe(|| cache.get(&1, 1).is_some())).is_err());
    assert!(cache.get(&2, 2).is_some());
    // The bomb was used first, so it is the one to go.
    cache.put(3, Bomb(false), 3);
    assert!(cache.get(&1, 4).is_none() && cache.get(&2, 4).is_some());
    assert_eq!(cache.metrics().entries, 2);
}

/// A value that asks its cache when it is dropped.
#[derive(Clone)]
struct Asks {
    home: Arc<OnceLock<Weak<Concurrent<u64, Asks>>>>,
    _token: Arc<()>,
}

impl Drop for Asks {
    fn drop(&mut self) {
        if let Some(cache) = self.home.get().and_then(Weak::upgrade) {
            cache.metrics();
            cache.remove(&99);
        }
    }
}

#[test]
fn values_are_dropped_after_the_lock() {
    let (cache, token) = (
        Arc::new(Concurrent::new(&options(2, 1), FOR_EVER).unwrap()),
        Arc::new(()),
    );
    let home = Arc::new(OnceLock::new());
    home.set(Arc::downgrade(&cache)).unwrap();
    let asks = || Asks {
        home: home.clone(),
        _token: token.clone(),
    };
    for key in 0..10 {
        cache.put(key, asks(), key); // evicts
        cache.put(key, asks(), key); // replaces
        cache.get_or_put(key, asks(), key);
    }
    drop(cache.remove(&9));
    assert_eq!(cache.metrics().entries, 1);
    assert_eq!(Arc::strong_count(&token), 2);
}

proptest! {
    /// Alone, it is the LRU of the lab: one policy, whoever calls it.
    #[test]
    fn with_one_thread_it_answers_as_the_kind_does(
        ops in prop::collection::vec((0u8..8, 0u64..30, 0u64..20), 0..400),
        capacity in 1u64..12,
        stale in 0u64..9,
        sweep in 0u64..3,
    ) {
        let with = LruOptions { stale: Span(stale), sweep: Count(sweep), lease: Span(2), ..options(capacity, 1) };
        let threads: Concurrent<u64, u64> = Concurrent::new(&with, FOR_EVER).unwrap();
        let mut lab = lab(&format!(
            "capacity = {capacity}, stale = \"{stale}ns\", sweep = {sweep}, lease = \"2ns\""
        ));
        for (now, (what, key, ttl)) in ops.into_iter().enumerate() {
            let now = now as u64;
            if what < 4 {
                let entry = Entry { bytes: 1, ttl, writer: 0, content: now, cost: 0 };
                lab.put(key, entry, now);
                threads.put_entry(key, now, entry, now);
                continue;
            }
            match (lab.get(key, now), threads.look_up(&key, now)) {
                (Lookup::Hit { content, .. }, Answer::Hit(value)) => prop_assert_eq!(content, value),
                (Lookup::Refresh, Answer::Refresh(_)) => {}
                // It keeps no ghosts: what made room, or was swept, reads as never seen.
                (Lookup::Miss(of), Answer::Miss(Reason::NeverSeen)) => {
                    prop_assert!(of != Reason::Expired || sweep > 0);
                }
                (Lookup::Miss(of), Answer::Miss(reason)) => prop_assert_eq!(of, reason),
                (lab, threads) => prop_assert!(false, "{:?}, {:?}", lab, threads),
            }
        }
    }
}
