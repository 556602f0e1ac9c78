//! The same LRU for threads: a lock to each shard, keys and values of any type, and counters of what threads wait for.
//!
//! Not for replays, which have one thread and a kind named `lru`; this is what a service of yours can hold. Time is the
//! caller's, in nanoseconds from any start, so that it can be tested without sleeping.
//!
//! # Short answer
//! "A dict is thread-safe" is true of one call and false of two: between *is it there?* and *then I put it* everybody else
//! has looked as well. Each operation here holds its shard's lock from its first look to its last write, so it is atomic:
//! [`get_or_put`](Concurrent::get_or_put), [`look_up`](Concurrent::look_up) with a lease, and an eviction with its put.
//! Values that are dropped are dropped after the lock is released; values are cloned under it, so make them cheap to
//! clone (`Arc`).
//!
//! # Complexity
//! As the kind's. A lock that is held when a thread comes is counted ([`Metrics::contended`]) and waited for.
//!
//! # Follow-ups
//! - *How would you shard cache to reduce contention?* `shards`: a few times the threads; contended locks over look-ups
//!   say whether it is worth it.
//! - *Single process, or distributed?* One process. Several each have their own, and agree on nothing but the TTL.
//!
//! # Anti-patterns
//! Check, then act, without a lock over both: `checking_before_putting_is_not_enough` shows the schedule that breaks it.
//!
//! # Smallest set-up
//! ```
//! use gameday::components::cache::{Answer, Concurrent, LruOptions};
//! use gameday::config::{Count, Span};
//! use std::{sync::Arc, time::{Duration, Instant}};
//!
//! let options = LruOptions { capacity: Count(10_000), shards: Count(16), stale: Span(30_000_000_000), ..Default::default() };
//! let cache: Concurrent<String, Arc<str>> = Concurrent::new(&options, Duration::from_secs(300))?;
//! let start = Instant::now();
//! let now = || start.elapsed().as_nanos() as u64;
//!
//! let answer: Arc<str> = match cache.look_up("what is LRU?", now()) {
//!     Answer::Hit(found) => found,
//!     // Ours to make anew; everybody else is served what is there meanwhile, and so could we be.
//!     Answer::Refresh(_) | Answer::Miss(_) => {
//!         let made: Arc<str> = "least recently used".into();
//!         cache.put("what is LRU?".into(), made.clone(), now());
//!         made
//!     }
//! };
//! assert_eq!(&*answer, "least recently used");
//! assert_eq!(cache.metrics().misses, 1);
//! # Ok::<(), gameday::config::Refusal>(())
//! ```
//!
//! # Source
//! Q1. All schedules that matter are tried by `shuttle` in `cargo test --lib cache::laws_threads`.

use super::{
    Counts, Entry, Lookup, Reason,
    lru::Lru,
    lru_options::{LruOptions, shard_of},
    sharded::shard,
};
use crate::{
    config::{At, Refusal},
    sim::{
        dice::{Dice, Purpose},
        hash::mix,
    },
};
use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash, RandomState},
    time::Duration,
};

#[cfg(test)]
use shuttle::sync::{
    Mutex, MutexGuard, PoisonError, TryLockError,
    atomic::{AtomicU64, Ordering},
};
#[cfg(not(test))]
use std::sync::{
    Mutex, MutexGuard, PoisonError, TryLockError,
    atomic::{AtomicU64, Ordering},
};

const EARLY: Purpose = Purpose::named("renew-early");

/// What a look-up says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<V> {
    /// Found.
    Hit(V),
    /// Found, but too old or soon to be, and this caller is the one that is to make it anew; until it has, or its lease is
    /// over, others are served what is there.
    Refresh(V),
    /// Not found; evicted keys are not remembered, so they read as never seen.
    Miss(Reason),
}

/// What a cache has counted since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Look-ups that found something, stale or not.
    pub hits: u64,
    /// Look-ups that did not, or were sent to refresh.
    pub misses: u64,
    /// Times that a thread found a shard's lock held, and had to wait.
    pub contended: u64,
    /// Entries there are.
    pub entries: u64,
    /// Bytes there are, as told by [`Concurrent::put_entry`].
    pub bytes: u64,
    /// Evictions by reason, and the rest.
    pub counts: Counts,
}

impl Metrics {
    /// Hits as a share of look-ups; `None` before the first.
    pub fn hit_ratio(&self) -> Option<f64> {
        let all = self.hits + self.misses;
        (all > 0).then(|| self.hits as f64 / all as f64)
    }
}

/// See the module.
pub struct Concurrent<K, V, S = RandomState> {
    shards: Box<[Shard<(K, V)>]>,
    hasher: S,
    ttl: u64,
    early: bool,
}

/// Alone on its lines of the processor's cache, so that threads at different shards do not slow each other down.
#[repr(align(128))]
struct Shard<T> {
    held: Mutex<Held<T>>,
    contended: AtomicU64,
}

struct Held<T> {
    lru: Lru<T>,
    hits: u64,
    misses: u64,
}

/// What was dropped under the lock, to be dropped after it.
struct Dropped<T>(Option<T>, Vec<T>);

impl<T> Dropped<T> {
    fn none() -> Dropped<T> {
        Dropped(None, Vec::new())
    }

    fn push(&mut self, value: T) {
        if let Some(earlier) = self.0.replace(value) {
            self.1.push(earlier);
        }
    }
}

impl<T> Shard<T> {
    /// Counts when it has to wait. A thread that panicked while it held the lock (in a `clone` or an `eq` of the user's)
    /// left nothing half done: neither is called between writes.
    fn lock(&self) -> MutexGuard<'_, Held<T>> {
        match self.held.try_lock() {
            Ok(held) => held,
            Err(TryLockError::Poisoned(held)) => held.into_inner(),
            Err(TryLockError::WouldBlock) => {
                self.contended.fetch_add(1, Ordering::Relaxed);
                self.held.lock().unwrap_or_else(PoisonError::into_inner)
            }
        }
    }
}

impl<K: Hash + Eq, V: Clone> Concurrent<K, V> {
    /// A cache of these options, whose entries live `ttl`; zero is for ever.
    ///
    /// # Errors
    /// Options that no cache can have: see [`LruOptions::check`].
    pub fn new(options: &LruOptions, ttl: Duration) -> Result<Self, Refusal> {
        Concurrent::with_hasher(options, ttl, RandomState::new())
    }
}

impl<K: Hash + Eq, V: Clone, S: BuildHasher> Concurrent<K, V, S> {
    /// As `new`, with a hasher of the caller's. Two keys of equal hash are told apart, but only one of them is held.
    ///
    /// # Errors
    /// Options that no cache can have: see [`LruOptions::check`].
    pub fn with_hasher(options: &LruOptions, ttl: Duration, hasher: S) -> Result<Self, Refusal> {
        options.check(&At::nowhere())?;
        let shards = (0..options.shards.0).map(|i| Shard {
            held: Mutex::new(Held {
                lru: shard(options, i).without_ghosts(),
                hits: 0,
                misses: 0,
            }),
            contended: AtomicU64::new(0),
        });
        Ok(Concurrent {
            shards: shards.collect(),
            hasher,
            ttl: u64::try_from(ttl.as_nanos()).unwrap_or(u64::MAX),
            early: options.early > 0.0,
        })
    }

    fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.hasher.hash_one(key)
    }

    fn shard(&self, hash: u64) -> &Shard<(K, V)> {
        &self.shards[shard_of(mix(hash), self.shards.len())]
    }

    /// Looks a key up, and counts it as used.
    pub fn look_up<Q>(&self, key: &Q, now: u64) -> Answer<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hash(key);
        self.touch(&mut self.shard(hash).lock(), hash, key, now)
    }

    fn touch<Q>(&self, held: &mut Held<(K, V)>, hash: u64, key: &Q, now: u64) -> Answer<V>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let Some(i) = find(&held.lru, hash, key) else {
            held.misses += 1;
            return Answer::Miss(Reason::NeverSeen);
        };
        let dice = self.early.then(|| {
            // By the key and how many came before: nobody has to agree on these, so they need no seed of a run.
            Dice::new(hash, held.hits + held.misses).draw(EARLY, 0)
        });
        let said = held.lru.touch(i, now, dice);
        match (said, held.lru.value(i)) {
            (Lookup::Hit { .. }, Some((_, value))) => {
                held.hits += 1;
                Answer::Hit(value.clone())
            }
            (Lookup::Refresh, Some((_, value))) => {
                held.misses += 1;
                Answer::Refresh(value.clone())
            }
            (Lookup::Miss(reason), _) => {
                held.misses += 1;
                Answer::Miss(reason)
            }
            // An entry holds a value; this is for the compiler.
            (_, None) => Answer::Miss(Reason::NeverSeen),
        }
    }

    /// The value, if it is there and fresh, or somebody else is refreshing it. `None` means that the caller is to make it.
    pub fn get<Q>(&self, key: &Q, now: u64) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        match self.look_up(key, now) {
            Answer::Hit(value) => Some(value),
            Answer::Refresh(_) | Answer::Miss(_) => None,
        }
    }

    /// Stores a value for the cache's time to live, making room where needed.
    pub fn put(&self, key: K, value: V, now: u64) {
        self.put_entry(key, value, self.entry(), now);
    }

    fn entry(&self) -> Entry {
        Entry {
            bytes: 1,
            ttl: self.ttl,
            writer: 0,
            content: 0,
            cost: 0,
        }
    }

    /// As [`put`](Self::put), with a size, a life and the time that it took to make (for `early`) of its own.
    pub fn put_entry(&self, key: K, value: V, entry: Entry, now: u64) {
        let hash = self.hash(&key);
        let mut dropped = Dropped::none();
        let mut held = self.shard(hash).lock();
        let mut out = |gone| dropped.push(gone);
        held.lru.put(hash, &entry, (key, value), now, &mut out);
        drop(held);
        drop(dropped);
    }

    /// The value that is there and may be served, or else this one, stored. Of many who come at once, all get the same.
    pub fn get_or_put(&self, key: K, value: V, now: u64) -> V {
        let hash = self.hash(&key);
        let mut dropped = Dropped::none();
        let mut held = self.shard(hash).lock();
        let found = match self.touch(&mut held, hash, &key, now) {
            Answer::Hit(found) => found,
            Answer::Refresh(_) | Answer::Miss(_) => {
                let stored = value.clone();
                let mut out = |gone| dropped.push(gone);
                let entry = self.entry();
                held.lru.put(hash, &entry, (key, value), now, &mut out);
                stored
            }
        };
        drop(held);
        drop(dropped);
        found
    }

    /// Takes a value out.
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hash(key);
        let mut held = self.shard(hash).lock();
        let i = find(&held.lru, hash, key)?;
        let taken = held.lru.remove(i);
        drop(held);
        taken.map(|(_, value)| value)
    }

    /// What it has counted. Shards are asked one after the other, so under traffic the sums are of slightly different
    /// instants.
    pub fn metrics(&self) -> Metrics {
        let mut sum = Metrics::default();
        for shard in &self.shards {
            let held = shard.held.lock().unwrap_or_else(PoisonError::into_inner);
            sum.hits += held.hits;
            sum.misses += held.misses;
            sum.entries += held.lru.held() as u64;
            sum.bytes += held.lru.bytes();
            sum.counts = sum.counts.plus(held.lru.counts());
            sum.contended += shard.contended.load(Ordering::Relaxed);
        }
        sum
    }
}

/// The slot of a key; one of another key with the same hash is not it.
fn find<K: Borrow<Q>, V, Q: Eq + ?Sized>(lru: &Lru<(K, V)>, hash: u64, key: &Q) -> Option<u32> {
    let i = lru.find(hash)?;
    lru.value(i)
        .is_some_and(|(held, _)| held.borrow() == key)
        .then_some(i)
}
