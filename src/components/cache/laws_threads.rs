//! What the cache for threads keeps in every schedule that `shuttle` tries. Values yield while they are cloned, which is
//! under the lock, so that threads do meet there.

use super::{Answer, Concurrent, Entry, LruOptions};
use crate::{
    config::{Count, Span},
    sim::hash::FixedState,
};
use shuttle::thread;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

/// A value that gives way while it is cloned.
struct Slow(u64, Arc<()>);

impl Clone for Slow {
    fn clone(&self) -> Slow {
        thread::yield_now();
        Slow(self.0, self.1.clone())
    }
}

type Cache = Concurrent<u64, Slow, FixedState>;

fn cache(capacity: u64, shards: u64, stale: u64) -> Arc<Cache> {
    let options = LruOptions {
        capacity: Count(capacity),
        shards: Count(shards),
        stale: Span(stale),
        ..LruOptions::default()
    };
    Arc::new(Concurrent::with_hasher(&options, Duration::from_nanos(10), FixedState).unwrap())
}

/// Runs one body on each of `n` threads and gives what they return.
fn all<T: Send + 'static>(n: u64, body: impl Fn(u64) -> T + Send + Sync + 'static) -> Vec<T> {
    let body = Arc::new(body);
    let threads: Vec<_> = (0..n)
        .map(|i| {
            let body = body.clone();
            thread::spawn(move || body(i))
        })
        .collect();
    threads.into_iter().map(|t| t.join().unwrap()).collect()
}

/// Tries schedules at random, and with few changes of thread (PCT), which finds what needs a thread to be slow.
fn in_every_schedule(body: impl Fn() + Send + Sync + 'static) {
    let body = Arc::new(body);
    let again = body.clone();
    shuttle::check_random(move || body(), 300);
    shuttle::check_pct(move || again(), 300, 3);
}

/// Three ask for a key that is not there, each with a value of its own. How many different answers they get.
fn answers(ask: fn(&Cache, u64) -> u64) -> usize {
    let (cache, token) = (cache(4, 1, 0), Arc::new(()));
    cache.put(9, Slow(9, token), 0);
    let mut found = all(3, move |i| ask(&cache, i));
    found.sort_unstable();
    found.dedup();
    found.len()
}

#[test]
fn of_many_who_come_at_once_all_get_the_same() {
    in_every_schedule(|| {
        let ask = |cache: &Cache, i| cache.get_or_put(1, Slow(i, Arc::new(())), 0).0;
        assert_eq!(answers(ask), 1);
    });
}

/// The flaw: each call is safe, the two together are not. "Use a dict, it is thread-safe."
#[test]
fn checking_before_putting_is_not_enough() {
    let differ = Arc::new(AtomicBool::new(false));
    let seen = differ.clone();
    in_every_schedule(move || {
        let ask = |cache: &Cache, i| match cache.get(&1, 0) {
            Some(found) => found.0,
            None => {
                cache.put(1, Slow(i, Arc::new(())), 0);
                i
            }
        };
        if answers(ask) > 1 {
            seen.store(true, SeqCst);
        }
    });
    assert!(differ.load(SeqCst), "no schedule showed it");
}

#[test]
fn one_of_many_is_sent_to_refresh_what_expired() {
    in_every_schedule(|| {
        let cache = cache(4, 1, 100);
        cache.put(1, Slow(0, Arc::new(())), 0);
        let said = all(3, move |_| match cache.look_up(&1, 20) {
            Answer::Refresh(_) => 1,
            Answer::Hit(_) => 0,
            Answer::Miss(_) => panic!("it is there"),
        });
        assert_eq!(said.iter().sum::<u64>(), 1);
    });
}

#[test]
fn reads_of_a_key_never_go_back_in_time() {
    in_every_schedule(|| {
        let cache = cache(4, 2, 0);
        all(3, move |i| {
            let mut last = 0;
            for version in 1..4 {
                if i == 0 {
                    cache.put(7, Slow(version, Arc::new(())), version);
                } else if let Some(found) = cache.get(&7, 0) {
                    assert!(found.0 >= last, "{} after {last}", found.0);
                    last = found.0;
                }
            }
        });
    });
}

#[test]
fn nothing_is_lost_nothing_is_held_twice_and_all_is_counted() {
    in_every_schedule(|| {
        let (cache, token) = (cache(3, 2, 0), Arc::new(()));
        let (mine, theirs) = (cache.clone(), token.clone());
        let looked: u64 = all(3, move |i| {
            let mut looked = 0;
            for n in 0..4 {
                let key = (i * 3 + n * n) % 5;
                match (i + n) % 3 {
                    0 => drop(mine.remove(&key)),
                    1 => {
                        looked += 1;
                        mine.get(&key, n);
                    }
                    _ => {
                        looked += 1;
                        let got = mine.get_or_put(key, Slow(key, theirs.clone()), n);
                        assert_eq!(got.0, key, "another key's value");
                    }
                }
            }
            looked
        })
        .into_iter()
        .sum();
        let metrics = cache.metrics();
        assert!(metrics.entries <= 3);
        assert_eq!(metrics.hits + metrics.misses, looked);
        // Each entry holds one token, and nobody else does but this test (the body that ran is gone).
        let held = Arc::strong_count(&token) as u64 - 1;
        assert_eq!(held, metrics.entries);
        assert_eq!(metrics.bytes, metrics.entries);
    });
}

#[test]
fn a_lock_that_is_held_is_counted_and_only_then() {
    let met = Arc::new(AtomicU64::new(0));
    let most = met.clone();
    in_every_schedule(move || {
        let cache = cache(4, 1, 0);
        cache.put(1, Slow(1, Arc::new(())), 0);
        let mine = cache.clone();
        all(2, move |_| mine.get(&1, 0).is_some());
        most.fetch_max(cache.metrics().contended, SeqCst);
    });
    assert_eq!(met.load(SeqCst), 1, "two threads, one lock each");
    in_every_schedule(|| {
        let cache = cache(100, 64, 0);
        // Keys of different shards.
        let keys = [0u64, 1];
        for key in keys {
            cache.put(key, Slow(key, Arc::new(())), 0);
        }
        let mine = cache.clone();
        all(2, move |i| mine.get(&keys[i as usize], 0).is_some());
        assert_eq!(cache.metrics().contended, 0);
    });
}

#[test]
fn early_renewal_sends_one_at_a_time() {
    in_every_schedule(|| {
        let options = LruOptions {
            early: 1000.0,
            ..LruOptions::default()
        };
        let ttl = Duration::from_nanos(100);
        let cache = Arc::new(Concurrent::with_hasher(&options, ttl, FixedState).unwrap());
        let dear = Entry {
            bytes: 1,
            ttl: 100,
            writer: 0,
            content: 0,
            cost: 1000,
        };
        cache.put_entry(1u64, Slow(1, Arc::new(())), dear, 0);
        let sent = all(3, move |_| {
            u64::from(matches!(cache.look_up(&1, 99), Answer::Refresh(_)))
        });
        assert!(sent.iter().sum::<u64>() <= 1);
    });
}
