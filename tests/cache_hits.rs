//! Hits of the unsharded LRU without time to live are those of an LRU that others wrote, to the last one.

use gameday::components::cache::{Cache, Entry, Lookup, kinds};
use gameday::config::{Node, Source, pick};
use gameday::sim::{
    dice::{Dice, Purpose},
    zipf::Zipf,
};
use std::num::NonZeroUsize;

fn ours(keys: &[u64], capacity: usize) -> u64 {
    let text = format!("c = {{ kind = \"lru\", capacity = {capacity} }}");
    let node = Node::parse(&Source::new("test.toml", text)).unwrap();
    let mut cache: Box<dyn Cache> = pick(&kinds(), "cache", node.get("c").unwrap()).unwrap();
    let entry = Entry {
        bytes: 1,
        ttl: 0,
        writer: 0,
        content: 0,
        cost: 0,
    };
    let mut hits = 0;
    for (now, &key) in keys.iter().enumerate() {
        match cache.get(key, now as u64) {
            Lookup::Hit { .. } => hits += 1,
            _ => cache.put(key, entry, now as u64),
        }
    }
    hits
}

fn theirs(keys: &[u64], capacity: usize) -> u64 {
    let mut cache = lru::LruCache::new(NonZeroUsize::new(capacity).unwrap());
    let mut hits = 0;
    for &key in keys {
        match cache.get(&key) {
            Some(()) => hits += 1,
            None => {
                cache.put(key, ());
            }
        }
    }
    hits
}

#[test]
fn hits_are_those_of_an_independent_lru() {
    let zipf = Zipf::new(5000, 0.9).unwrap();
    let mut draw = Dice::new(3, 1).draw(Purpose::named("keys"), 0);
    let popular: Vec<u64> = (0..60_000).map(|_| zipf.sample(&mut draw) as u64).collect();
    let scan: Vec<u64> = (0..30_000).map(|n| n % 700).collect();
    // A scan of what nobody asks for again runs through what is popular.
    let both: Vec<u64> = (popular.iter().enumerate())
        .flat_map(|(n, &key)| [Some(key), (n % 3 == 0).then_some(1_000_000 + n as u64)])
        .flatten()
        .collect();
    let mut some = 0;
    for (name, keys) in [("popular", &popular), ("scan", &scan), ("both", &both)] {
        for capacity in [1, 2, 10, 699, 700, 3000, 100_000] {
            let (ours, theirs) = (ours(keys, capacity), theirs(keys, capacity));
            assert_eq!(ours, theirs, "{name}, room for {capacity}");
            some += ours;
        }
    }
    assert!(some > 100_000, "{some}");
}
