//! Get, and put on a miss, beside `lru`, `quick_cache` and `moka`: `cargo bench --bench cache`.
//!
//! Keys are Zipf over half a million, the cache holds a tenth; all hash alike, so what differs is the structure. `lru` is
//! exact LRU as ours is: their hits are equal to the last one, or the bench fails. `quick_cache` (S3-FIFO) and `moka`
//! (TinyLFU) keep other entries, so their hit rates differ, and a miss costs more than a hit.
//!
//! On two cores that others kept busy (best rounds, to `lru`): alone, ours 0.8, `quick_cache` 1.1, `moka` 0.07; with two
//! threads, to `lru` in one mutex, ours 0.8 with 1 or 16 shards, `quick_cache` 1.1, `moka` 0.1. Shards brought nothing there:
//! hardly a look-up in a thousand found its lock held. Nor does this say what more cores would.

mod ratios;

use gameday::components::cache::{Cache, Concurrent, Entry, Lookup, LruOptions, kinds};
use gameday::config::{Count, Node, Source, pick};
use gameday::sim::{
    dice::{Dice, Purpose},
    hash::FixedState,
    zipf::Zipf,
};
use ratios::{OPS, ROUNDS, Way, compare};
use std::{num::NonZeroUsize, sync::Mutex, time::Duration};

const KEYS: usize = 500_000;
const CAPACITY: usize = 50_000;

fn ours(shards: u64) -> Concurrent<u64, u64, FixedState> {
    let options = LruOptions {
        capacity: Count(CAPACITY as u64),
        shards: Count(shards),
        ..LruOptions::default()
    };
    Concurrent::with_hasher(&options, Duration::ZERO, FixedState).expect("a cache that can be")
}

fn of_the_lab() -> Box<dyn Cache> {
    let text = format!("c = {{ kind = \"lru\", capacity = {CAPACITY} }}");
    let node = Node::parse(&Source::new("bench", text)).expect("a table");
    pick(&kinds(), "cache", node.get("c").expect("it is there")).expect("a cache that can be")
}

fn lru_crate() -> lru::LruCache<u64, u64, FixedState> {
    let capacity = NonZeroUsize::new(CAPACITY).expect("more than 0");
    lru::LruCache::with_hasher(capacity, FixedState)
}

type Quick = quick_cache::sync::Cache<u64, u64, quick_cache::UnitWeighter, FixedState>;

fn quick() -> Quick {
    Quick::with(
        CAPACITY,
        CAPACITY as u64,
        quick_cache::UnitWeighter,
        FixedState,
        Default::default(),
    )
}

fn moka() -> moka::sync::Cache<u64, u64, FixedState> {
    moka::sync::Cache::builder()
        .max_capacity(CAPACITY as u64)
        .build_with_hasher(FixedState)
}

/// Of how many keys it is true, asked by `threads` that share the keys out.
fn count(keys: &[u64], threads: usize, hit: impl Fn(u64) -> bool + Sync) -> u64 {
    let of = |keys: &[u64]| keys.iter().filter(|&&key| hit(key)).count() as u64;
    if threads == 1 {
        return of(keys);
    }
    std::thread::scope(|scope| {
        let parts: Vec<_> = keys
            .chunks(keys.len().div_ceil(threads))
            .map(|part| scope.spawn(|| of(part)))
            .collect();
        let hits = parts.into_iter().map(|part| part.join());
        hits.map(|hits| hits.expect("no panic")).sum()
    })
}

/// A way that looks a key up, and puts it when it is not there.
fn way<'a, C: Sync + 'a>(
    name: &'a str,
    threads: usize,
    cache: C,
    get: fn(&C, u64) -> bool,
    put: fn(&C, u64),
) -> Way<'a> {
    let run = move |keys: &[u64]| {
        count(keys, threads, |key| {
            let hit = get(&cache, key);
            if !hit {
                put(&cache, key);
            }
            hit
        })
    };
    (name, Box::new(run))
}

type Ours = Concurrent<u64, u64, FixedState>;

fn with_locks<'a>(threads: usize, one: &'a Ours, many: &'a Ours) -> Vec<Way<'a>> {
    vec![
        way(
            "lru, in one mutex",
            threads,
            Mutex::new(lru_crate()),
            |c, k| c.lock().expect("no panic").get(&k).is_some(),
            |c, k| {
                c.lock().expect("no panic").put(k, k);
            },
        ),
        way(
            "ours, 1 shard",
            threads,
            one,
            |c, k| c.get(&k, 0).is_some(),
            |c, k| c.put(k, k, 0),
        ),
        way(
            "ours, 16 shards",
            threads,
            many,
            |c, k| c.get(&k, 0).is_some(),
            |c, k| c.put(k, k, 0),
        ),
        way(
            "quick_cache",
            threads,
            quick(),
            |c, k| c.get(&k).is_some(),
            |c, k| c.insert(k, k),
        ),
        way(
            "moka",
            threads,
            moka(),
            |c, k| c.get(&k).is_some(),
            |c, k| c.insert(k, k),
        ),
    ]
}

fn without_locks<'a>() -> Vec<Way<'a>> {
    let (mut theirs, mut ours) = (lru_crate(), of_the_lab());
    let entry = Entry {
        bytes: 1,
        ttl: 0,
        writer: 0,
        content: 0,
        cost: 0,
    };
    let theirs = move |keys: &[u64]| {
        let mut hits = 0;
        for &key in keys {
            match theirs.get(&key) {
                Some(_) => hits += 1,
                None => {
                    theirs.put(key, key);
                }
            }
        }
        hits
    };
    let ours = move |keys: &[u64]| {
        let mut hits = 0;
        for &key in keys {
            match ours.get(key, 0) {
                Lookup::Hit { .. } => hits += 1,
                _ => ours.put(key, entry, 0),
            }
        }
        hits
    };
    vec![
        ("lru, no lock", Box::new(theirs)),
        ("ours in a replay: no lock, with ghosts", Box::new(ours)),
    ]
}

fn main() {
    let zipf = Zipf::new(KEYS, 0.9).expect("weights");
    let mut draw = Dice::new(1, 1).draw(Purpose::named("bench"), 0);
    let all = 4 * CAPACITY + ROUNDS * OPS;
    let keys: Vec<u64> = (0..all).map(|_| zipf.sample(&mut draw) as u64).collect();
    let (one, many) = (ours(1), ours(16));
    let mut ways = without_locks();
    ways.extend(with_locks(1, &one, &many));
    let said = compare("One thread", &keys, "hits", &mut ways);
    // lru, ours in a replay, lru in a mutex, ours with one shard.
    let same = said[..4].iter().all(|hits| *hits == said[0]);
    assert!(same, "hits differ: {said:?}");
    let (one, many) = (ours(1), ours(16));
    compare(
        "Two threads",
        &keys,
        "hits",
        &mut with_locks(2, &one, &many),
    );
    for (name, cache) in [("1 shard", &one), ("16 shards", &many)] {
        let metrics = cache.metrics();
        println!(
            "two threads, {name}: waited for a lock {} times in {} look-ups and {} puts",
            metrics.contended,
            metrics.hits + metrics.misses,
            metrics.misses
        );
    }
}
