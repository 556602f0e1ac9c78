//! What the hand-written pipeline and the one on the engine share: the requests, the limiter, the
//! cache and the recorder. They differ only in who keeps the waits.

use gameday::sim::dice::{Dice, Purpose};
use gameday::sim::hash::mix;
use gameday::sim::zipf::Zipf;
use gameday::sim::{MICROS, MILLIS, SECONDS};
use hashbrown::HashTable;
use hdrhistogram::Histogram;

pub const WORKERS: usize = 16;
pub const CACHE_TIME: u64 = 150 * MICROS;
pub const TIMEOUT: u64 = 100 * MILLIS;
pub const TTL: u64 = 60 * SECONDS;
pub const RETRIES: u64 = 2;
const RATE: f64 = 4000.0; // requests a second; 16 workers are 0.89 busy
const TENANTS: usize = 1000;
const KEYS: usize = 100_000;
const CACHED: usize = 20_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    #[default]
    Rejected,
    Hit,
    Ok,
    Shared,
    Failed,
    SharedFailed,
}

/// Where the requests come from.
pub struct World {
    zipf: Zipf,
    seed: u64,
}

impl World {
    pub fn new() -> World {
        let zipf = Zipf::new(KEYS, 1.0).expect("100,000 ranks are a distribution");
        World { zipf, seed: 77 }
    }

    pub fn arrivals(&self, requests: usize) -> impl Iterator<Item = (u64, u32)> + use<> {
        const GAP: Purpose = Purpose::named("gap");
        let (mut now, seed) = (0u64, self.seed);
        (0..requests as u32).map(move |i| {
            let mut draw = Dice::new(seed, u64::from(i)).draw(GAP, 0);
            now += draw.exponential(SECONDS as f64 / RATE) as u64;
            (now, i)
        })
    }

    #[inline(always)]
    pub fn request(&self, i: u32) -> Request {
        const TENANT: Purpose = Purpose::named("tenant");
        const KEY: Purpose = Purpose::named("key");
        let dice = Dice::new(self.seed, u64::from(i));
        let u = dice.draw(TENANT, 0).unit();
        let rank = self.zipf.sample(&mut dice.draw(KEY, 0)) as u32;
        let kind = (rank % 7) as u16;
        let mut key = mix(u64::from(kind) + 1);
        for field in [rank, rank % 3, 1] {
            key = mix(key ^ u64::from(field).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        }
        Request {
            dice,
            tenant: (u * u * TENANTS as f64) as u32,
            rank,
            kind,
            key,
        }
    }
}

#[derive(Clone, Copy)]
pub struct Request {
    dice: Dice,
    pub tenant: u32,
    pub rank: u32,
    pub kind: u16,
    pub key: u64,
}

impl Request {
    /// How long the call takes, and whether it fails.
    #[inline(always)]
    pub fn call(&self, attempt: u64) -> (u64, bool) {
        const CALL: Purpose = Purpose::named("call");
        const FAILS: Purpose = Purpose::named("fails");
        let time = self.dice.draw(CALL, attempt).lognormal(16.4, 0.8) as u64;
        (time, self.dice.draw(FAILS, attempt).chance(0.01))
    }

    /// Full jitter on 10 ms, doubled each time.
    #[inline(always)]
    pub fn backoff(&self, attempt: u64) -> u64 {
        const BACKOFF: Purpose = Purpose::named("backoff");
        let most = (10 * MILLIS) << attempt;
        (self.dice.draw(BACKOFF, attempt).unit() * most as f64) as u64
    }
}

/// A rate limit for each tenant: 20 requests a second, bursts of 20 (GCRA).
pub struct Buckets(Vec<u64>);

impl Buckets {
    pub fn new() -> Buckets {
        Buckets(vec![0; TENANTS])
    }

    #[inline(always)]
    pub fn admit(&mut self, tenant: u32, now: u64) -> bool {
        const GAP: u64 = 50 * MILLIS;
        const BURST: u64 = 20 * GAP;
        let due = &mut self.0[tenant as usize];
        let next = (*due).max(now) + GAP;
        let admitted = next - now <= BURST;
        if admitted {
            *due = next;
        }
        admitted
    }
}

struct Entry {
    key: u64,
    expires: u64,
    before: u32,
    after: u32,
}

/// A cache with a time to live that evicts the least recently used.
pub struct Lru {
    map: HashTable<u32>,
    /// The first is the ring's sentinel.
    entries: Vec<Entry>,
}

impl Lru {
    pub fn new() -> Lru {
        let sentinel = Entry {
            key: 0,
            expires: 0,
            before: 0,
            after: 0,
        };
        Lru {
            map: HashTable::with_capacity(CACHED + 1),
            entries: vec![sentinel],
        }
    }

    #[inline(always)]
    fn unlink(&mut self, i: u32) {
        let (before, after) = (
            self.entries[i as usize].before,
            self.entries[i as usize].after,
        );
        self.entries[before as usize].after = after;
        self.entries[after as usize].before = before;
    }

    #[inline(always)]
    fn link_first(&mut self, i: u32) {
        let first = self.entries[0].after;
        self.entries[i as usize].before = 0;
        self.entries[i as usize].after = first;
        self.entries[first as usize].before = i;
        self.entries[0].after = i;
    }

    #[inline(always)]
    fn find(&self, key: u64) -> Option<u32> {
        let entries = &self.entries;
        self.map
            .find(key, |&i| entries[i as usize].key == key)
            .copied()
    }

    #[inline(always)]
    pub fn get(&mut self, key: u64, now: u64) -> bool {
        match self.find(key) {
            Some(i) if self.entries[i as usize].expires > now => {
                self.unlink(i);
                self.link_first(i);
                true
            }
            _ => false,
        }
    }

    pub fn put(&mut self, key: u64, expires: u64) {
        if let Some(i) = self.find(key) {
            self.entries[i as usize].expires = expires;
            self.unlink(i);
            return self.link_first(i);
        }
        let i = if self.entries.len() <= CACHED {
            self.entries.push(Entry {
                key,
                expires,
                before: 0,
                after: 0,
            });
            (self.entries.len() - 1) as u32
        } else {
            let last = self.entries[0].before;
            let old = self.entries[last as usize].key;
            if let Ok(entry) = self.map.find_entry(old, |&j| j == last) {
                entry.remove();
            }
            self.unlink(last);
            self.entries[last as usize].key = key;
            self.entries[last as usize].expires = expires;
            last
        };
        self.link_first(i);
        let entries = &self.entries;
        self.map.insert_unique(key, i, |&j| entries[j as usize].key);
    }
}

/// What is recorded of a request: 50 bytes in columns.
#[derive(Clone, Copy, Default)]
pub struct Row {
    pub arrived: u64,
    pub began: u64,
    pub ended: u64,
    /// Cache, follow, queue, call: ns in each.
    pub stages: [u32; 4],
    pub tenant: u16,
    pub kind: u16,
    pub rank: u32,
    pub attempts: u8,
    pub outcome: Outcome,
}

impl Row {
    #[inline(always)]
    pub fn new(request: &Request, now: u64) -> Row {
        Row {
            arrived: now,
            began: now,
            ended: now,
            tenant: request.tenant as u16,
            kind: request.kind,
            rank: request.rank,
            ..Row::default()
        }
    }
}

/// Columns, a histogram of latency, and the p95 of each virtual second.
pub struct Recorder {
    times: [Vec<u64>; 3],
    stages: [Vec<u32>; 4],
    tenant: Vec<u16>,
    kind: Vec<u16>,
    rank: Vec<u32>,
    attempts: Vec<u8>,
    outcome: Vec<Outcome>,
    latency: Histogram<u32>,
    second: u64,
    in_second: Vec<u64>,
    windows: Vec<(u32, u64)>,
}

impl Recorder {
    pub fn new(requests: usize) -> Recorder {
        let column = || vec![0u32; requests];
        let hour = 3600 * SECONDS;
        Recorder {
            times: [vec![0; requests], vec![0; requests], vec![0; requests]],
            stages: [column(), column(), column(), column()],
            tenant: vec![0; requests],
            kind: vec![0; requests],
            rank: column(),
            attempts: vec![0; requests],
            outcome: vec![Outcome::Rejected; requests],
            latency: Histogram::new_with_bounds(1, hour, 3).expect("bounds that the crate allows"),
            second: 0,
            in_second: Vec::new(),
            windows: Vec::new(),
        }
    }

    #[inline(always)]
    pub fn put(&mut self, i: u32, row: &Row) {
        let i = i as usize;
        for (column, value) in self
            .times
            .iter_mut()
            .zip([row.arrived, row.began, row.ended])
        {
            column[i] = value;
        }
        for (column, value) in self.stages.iter_mut().zip(row.stages) {
            column[i] = value;
        }
        self.tenant[i] = row.tenant;
        self.kind[i] = row.kind;
        self.rank[i] = row.rank;
        self.attempts[i] = row.attempts;
        self.outcome[i] = row.outcome;
        if row.outcome == Outcome::Rejected {
            return;
        }
        let latency = row.ended - row.arrived;
        self.latency.saturating_record(latency);
        let second = row.ended / SECONDS;
        if second != self.second {
            self.close(second);
        }
        self.in_second.push(latency);
    }

    #[cold]
    fn close(&mut self, next: u64) {
        let n = self.in_second.len();
        if n > 0 {
            let at = (n * 95).div_ceil(100) - 1;
            let p95 = *self.in_second.select_nth_unstable(at).1;
            self.windows.push((n as u32, p95));
        }
        self.in_second.clear();
        self.second = next;
    }

    /// A checksum of all rows and windows: equal for equal runs.
    pub fn checksum(mut self) -> u64 {
        self.close(u64::MAX);
        let mut sum = 1u64;
        let mut add = |word: u64| sum = mix(sum ^ word).wrapping_add(sum.rotate_left(7));
        for i in 0..self.tenant.len() {
            self.times.iter().for_each(|column| add(column[i]));
            self.stages
                .iter()
                .for_each(|column| add(u64::from(column[i])));
            add(u64::from(self.tenant[i]) << 32 | u64::from(self.kind[i]));
            add(u64::from(self.rank[i]) << 16 | u64::from(self.attempts[i]));
            add(self.outcome[i] as u64);
        }
        for &(n, p95) in &self.windows {
            add(u64::from(n));
            add(p95);
        }
        sum
    }
}
