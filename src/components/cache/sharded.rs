//! The LRU kind as a replay has it: one shard, or several side by side.

use super::{
    Cache, Counts, Entry, Lookup,
    lru::{Kept, Lru},
    lru_options::{LruOptions, part, shard_of},
};
use crate::{
    config::{At, Node, Options, Refusal, Table},
    sim::{dice::Draw, hash::mix},
};

/// Options that the cache *stage* reads from the same table.
pub(super) const OF_THE_STAGE: &[&str] = &["kind", "scope", "ttl", "jitter", "lookup"];

/// See the module.
pub(super) struct Sharded {
    shards: Vec<Lru<()>>,
    capacity: usize,
    held: usize,
    /// Entries that made room in their shard while there was room in others.
    evicted_early: u64,
    /// Of shards that a deploy did away with.
    before: Counts,
    stale: bool,
    early: bool,
    sweep: bool,
    detail: bool,
}

/// Builds one from its options.
pub(super) fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Cache>, Refusal> {
    let options = LruOptions::read_table(at, table, &[taken, OF_THE_STAGE].concat())?;
    options.check(at)?;
    Ok(Box::new(Sharded::new(&options)))
}

/// A shard of these options.
pub(super) fn shard<V>(options: &LruOptions, i: u64) -> Lru<V> {
    let (capacity, bytes) = room(options, i);
    Lru::new(options, capacity, bytes)
}

/// Entries and bytes that the `i`-th shard has room for.
fn room(options: &LruOptions, i: u64) -> (usize, u64) {
    let n = options.shards.0;
    let capacity = part(options.capacity.0, n, i) as usize;
    (capacity, part(options.bytes.0, n, i))
}

impl Sharded {
    fn new(options: &LruOptions) -> Sharded {
        let mut sharded = Sharded {
            shards: (0..options.shards.0).map(|i| shard(options, i)).collect(),
            capacity: 0,
            held: 0,
            evicted_early: 0,
            before: Counts::default(),
            stale: false,
            early: false,
            sweep: false,
            detail: false,
        };
        sharded.note(options);
        sharded
    }

    fn note(&mut self, options: &LruOptions) {
        self.capacity = options.capacity.0 as usize;
        self.stale = options.stale.0 > 0;
        self.early = options.early > 0.0;
        self.sweep = options.sweep.0 > 0;
        self.detail = options.detail;
        self.held = self.shards.iter().map(Lru::held).sum();
    }

    #[inline]
    fn of(&mut self, key: u64) -> &mut Lru<()> {
        let i = match self.shards.len() {
            1 => 0,
            n => shard_of(mix(key), n),
        };
        &mut self.shards[i]
    }

    fn counts(&self) -> Counts {
        let shards = self.shards.iter().map(Lru::counts);
        shards.fold(self.before, |sum, each| sum.plus(each))
    }

    /// Other shards, with the same entries: the oldest of each goes in first, so that the order of use is kept within what
    /// was a shard, and between shards by rank. Ghosts are forgotten.
    fn reshard(&mut self, options: &LruOptions) {
        self.before = self.counts();
        let mut old = std::mem::take(&mut self.shards);
        self.shards = (0..options.shards.0).map(|i| shard(options, i)).collect();
        while !old.is_empty() {
            old.retain_mut(|shard| {
                let last: Option<Kept<()>> = shard.pop_last();
                let more = last.is_some();
                if let Some(kept) = last {
                    self.of(kept.key).keep(kept, &mut drop);
                }
                more
            });
        }
    }
}

impl Cache for Sharded {
    fn get(&mut self, key: u64, now: u64) -> Lookup {
        self.of(key).get(key, now, None)
    }

    fn look_up(&mut self, _tenant: &dyn Fn() -> u64, key: u64, now: u64, dice: Draw) -> Lookup {
        self.of(key).get(key, now, Some(dice))
    }

    fn put(&mut self, key: u64, entry: Entry, now: u64) {
        let shard = self.of(key);
        let (held, evicted) = (shard.held(), shard.counts().evicted_for_entries);
        shard.put(key, &entry, (), now, &mut drop);
        let (more, evicted) = (shard.held(), shard.counts().evicted_for_entries - evicted);
        if self.held < self.capacity {
            self.evicted_early += evicted;
        }
        self.held = self.held + more - held;
    }

    fn retune(&mut self, options: &Node, _now: u64) -> Result<(), Refusal> {
        let table = options.table("the cache")?;
        let new = LruOptions::read_table(&options.at, table, OF_THE_STAGE)?;
        new.check(&options.at)?;
        if new.shards.0 == self.shards.len() as u64 {
            for (i, shard) in self.shards.iter_mut().enumerate() {
                let (capacity, bytes) = room(&new, i as u64);
                shard.set(&new, capacity, bytes, &mut drop);
            }
        } else {
            self.reshard(&new);
        }
        self.note(&new);
        Ok(())
    }

    fn flush(&mut self) {
        self.shards.iter_mut().for_each(Lru::clear);
        self.held = 0;
    }

    fn flush_shard(&mut self, shard: usize) {
        if let Some(shard) = self.shards.get_mut(shard) {
            self.held -= shard.held();
            shard.clear();
        }
    }

    fn gauges(&self, out: &mut dyn FnMut(&'static str, f64)) {
        let counts = self.counts();
        let bytes: u64 = self.shards.iter().map(Lru::bytes).sum();
        out("cache.entries", self.held as f64);
        out("cache.capacity", self.capacity as f64);
        out("cache.bytes", bytes as f64);
        out("cache.evictions", counts.evictions() as f64);
        if self.sweep {
            out("cache.expirations", counts.expirations as f64);
        }
        if self.stale {
            out("cache.served_stale", counts.served_stale as f64);
        }
        if self.stale || self.early {
            out("cache.refreshes", counts.refreshes as f64);
        }
        if self.detail {
            let fullest = self.shards.iter().map(Lru::held).max().unwrap_or(0);
            out("cache.stampede", counts.stampede as f64);
            out(
                "cache.evicted_for_entries",
                counts.evicted_for_entries as f64,
            );
            out("cache.evicted_for_bytes", counts.evicted_for_bytes as f64);
            out("cache.evicted_early", self.evicted_early as f64);
            out("cache.too_large", counts.too_large as f64);
            out("cache.fullest_shard", fullest as f64);
        }
    }
}
