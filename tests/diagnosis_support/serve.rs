//! Serving a world's traffic and writing the recording.

use super::{Incident, Kind, World, dice, normal};
use gameday::{
    recording::{
        AttemptRow, EventRow, GaugeRow, Recording, RequestRow, cache, miss, outcome, result,
        served_by,
    },
    sim::hash::mix,
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

/// A recording, and what only the test knows.
pub struct Run {
    pub recording: Recording,
    /// First instant that an entry touched, ns.
    pub onset: Option<u64>,
    /// Share of look-ups that missed after the onset (among those touched), failures, p95 of latency: for pairing.
    pub touched: Felt,
}

/// What the touched requests felt.
#[derive(Clone, Copy, Debug, Default)]
pub struct Felt {
    pub looks: f64,
    pub misses: f64,
    pub n: f64,
    pub failed: f64,
    pub p95: f64,
    pub call: f64,
}

const NS: f64 = 1e9;

/// LRU with lifetimes, as small as it can be written.
struct Lru {
    entries: BTreeMap<u64, (f64, f64, u32, u64)>,
    order: BTreeMap<u64, u64>,
    gone: BTreeMap<u64, u8>,
    tick: u64,
}

impl Lru {
    fn new() -> Lru {
        Lru {
            entries: BTreeMap::new(),
            order: BTreeMap::new(),
            gone: BTreeMap::new(),
            tick: 0,
        }
    }
    /// `Ok((age, writer))`, or why not.
    fn get(&mut self, key: u64, now: f64) -> Result<(f64, u32), u8> {
        self.tick += 1;
        match self.entries.get_mut(&key) {
            Some(e) if e.1 > now => {
                self.order.remove(&e.3);
                e.3 = self.tick;
                self.order.insert(self.tick, key);
                Ok((now - e.0, e.2))
            }
            Some(_) => Err(miss::EXPIRED),
            None => Err(self.gone.get(&key).copied().unwrap_or(miss::NEVER_SEEN)),
        }
    }
    fn put(&mut self, key: u64, now: f64, ttl: f64, writer: u32, capacity: usize) {
        self.tick += 1;
        if let Some(old) = self
            .entries
            .insert(key, (now, now + ttl, writer, self.tick))
        {
            self.order.remove(&old.3);
        }
        self.gone.remove(&key);
        self.order.insert(self.tick, key);
        self.fit(capacity);
    }
    fn fit(&mut self, capacity: usize) {
        while self.entries.len() > capacity {
            let Some((_, key)) = self.order.pop_first() else {
                return;
            };
            self.entries.remove(&key);
            self.gone.insert(key, miss::EVICTED);
            if self.gone.len() > 2 * capacity + 1000 {
                self.gone.pop_first();
            }
        }
    }
    fn flush(&mut self) {
        *self = Lru::new();
    }
}

struct Arrival {
    at: f64,
    id: u64,
    hot: bool,
}

fn arrivals(w: &World, inc: Option<&Incident>) -> Vec<Arrival> {
    let mut all = vec![];
    let mut stream =
        |salt: u64, scale: &dyn Fn(usize) -> f64, (from, to): (f64, f64), hot: bool| {
            for t in 0..w.seconds {
                let mean = w.rate * w.swing[t] * scale(t);
                // A Poisson number by its gaps.
                let (mut x, mut k) = (0.0, 0u64);
                loop {
                    let id = (salt << 48) | ((t as u64) << 20) | k;
                    x -= libm::log(1.0 - dice(w.seed, id, 10)) / mean.max(1e-9);
                    if x >= 1.0 {
                        break;
                    }
                    let at = t as f64 + x;
                    if at >= from && at < to {
                        all.push(Arrival { at, id, hot });
                    }
                    k += 1;
                }
            }
        };
    stream(1, &|_| 1.0, (0.0, f64::INFINITY), false);
    if let Some(i) = inc.filter(|i| matches!(i.kind, Kind::Surge | Kind::HotTenant)) {
        let on = |t: usize| {
            if (t + 1) as f64 > i.from && (t as f64) < i.to {
                i.size
            } else {
                0.0
            }
        };
        stream(2, &on, (i.from, i.to), i.kind == Kind::HotTenant);
    }
    all.sort_by(|a, b| a.at.total_cmp(&b.at));
    all
}

struct Zipf(Vec<f64>);
impl Zipf {
    fn new(n: usize, s: f64) -> Zipf {
        let mut sum = 0.0;
        let mut cdf: Vec<f64> = (1..=n.max(1))
            .map(|k| {
                sum += libm::pow(k as f64, -s);
                sum
            })
            .collect();
        cdf.iter_mut().for_each(|c| *c /= sum);
        Zipf(cdf)
    }
    fn at(&self, u: f64) -> usize {
        self.0.partition_point(|&c| c < u).min(self.0.len() - 1)
    }
}

/// Serves the traffic of a world, with what happens to it.
pub fn run(w: &World, inc: Option<&Incident>) -> Run {
    serve(w, inc, Some(workers(w)))
}

/// Workers for the drawn load at the true hit rate, with room for the largest swing: a healthy service is not overloaded.
fn workers(w: &World) -> usize {
    let free = serve(w, None, None).recording;
    let busy = |row: usize| {
        let r = free.requests.row(row);
        (r.compute + r.call + r.backoff) as f64 / NS
    };
    let skip = free.requests.len() / 5;
    let n = (free.requests.len() - skip).max(1) as f64;
    let mean = (skip..free.requests.len()).map(busy).sum::<f64>() / n;
    let peak = w
        .swing
        .windows(20.min(w.seconds))
        .map(|s| s.iter().sum::<f64>() / s.len() as f64)
        .fold(1.0, f64::max);
    ((w.rate * mean / w.rho.min(0.92 / peak)).ceil() as usize).max(2)
}

#[allow(clippy::too_many_lines, reason = "one request's journey, in order")]
fn serve(w: &World, inc: Option<&Incident>, workers: Option<usize>) -> Run {
    let mut rec = Recording::default();
    let arrivals = arrivals(w, inc);
    let (popular, tenants) = (
        Zipf::new(w.contents, w.zipf),
        Zipf::new(w.tenants, w.tenant_zipf),
    );
    let mut caches: Vec<Lru> = (0..=w.replicas).map(|_| Lru::new()).collect();
    let mut writes: BinaryHeap<Reverse<(u64, u64, u32, u64)>> = BinaryHeap::new();
    let mut flights: BTreeMap<u64, f64> = BTreeMap::new();
    let workers = workers.unwrap_or(1 << 14);
    let mut free: BinaryHeap<Reverse<u64>> = (0..workers).map(|_| Reverse(0)).collect();
    let mut attempts: Vec<AttemptRow> = vec![];
    let (mut onset, mut felt, mut slow): (Option<u64>, Felt, Vec<f64>) =
        (None, Felt::default(), vec![]);
    let mut flushed = false;
    let mut gauge_at = 0.0;
    let hot = (dice(w.seed, 7, 1) * w.tenants.min(4) as f64) as usize;
    let mut capacity = w.capacity;
    let names = &mut rec.names;
    for (dictionary, n) in [
        ("tenant", w.tenants),
        ("user", w.users),
        ("client", w.clients as usize),
        ("model", w.models as usize),
        ("region", w.regions as usize),
        ("route", 4),
    ] {
        let names = names.entry(dictionary).or_default();
        (0..n).for_each(|k| {
            names.number(&format!("{dictionary}-{k}"));
        });
    }
    let gauge =
        |n: &str, rec: &mut Recording| rec.names.entry("gauge").or_default().number(n) as u16;
    let (entries_gauge, limit_gauge) = (
        gauge("cache.entries", &mut rec),
        gauge("cache.capacity", &mut rec),
    );
    let deploy = rec.names.entry("event").or_default().number("deploy") as u16;
    let restart = rec.names.entry("event").or_default().number("restart") as u16;
    let dependency = rec.names.entry("dependency").or_default().number("llm") as u16;
    if w.warm_start {
        // Yesterday's traffic filled it.
        for k in 0..(w.contents * 4) as u64 {
            let c = content(w, &popular, 0, dice(w.seed, k, 77), 0.0, k);
            let tags = mix(c.1);
            caches[0].put(tags, 0.0, 1.0, 0, w.capacity);
        }
    }
    for a in &arrivals {
        let (i, now) = (a.id, a.at);
        let u = |purpose: u64| dice(w.seed, i, purpose);
        let tenant = if a.hot { hot } else { tenants.at(u(1)) };
        let user = (u(2) * w.users as f64) as u64;
        let (client, model, region) = (
            (u(3) * w.clients as f64) as u64,
            (u(4) * u(4) * w.models as f64) as u64,
            (u(5) * w.regions as f64) as u64,
        );
        let replica = 1 + (u(6) * w.replicas as f64) as u64;
        let within = inc.filter(|x| now >= x.from && now < x.to);
        let kind = within.map(|x| x.kind);
        // Which of the fleet has the new version: by request for a canary, replica by replica for a roll-out.
        let reached = |x: &Incident| {
            if x.canary < 1.0 {
                u(8) < x.canary
            } else {
                now >= x.from + x.rolling * (replica - 1) as f64 / w.replicas as f64
            }
        };
        let touched = within.filter(|x| if x.kind.deployed() { reached(x) } else { true });
        let changed = touched.map(|x| x.kind).filter(|k| k.of_keys());
        let decoys = w.decoys.iter().filter(|d| **d <= now).count() as u64;
        let version = 1 + decoys + u64::from(touched.is_some_and(|x| x.kind.deployed())) * 10;
        let restarted = touched.is_some_and(|x| x.kind == Kind::PerProcessSeed);
        let process = replica + if restarted { w.replicas } else { 0 };
        // Content, and how it is written.
        let shift = within.filter(|x| x.kind == Kind::MixShift);
        let fresh = w.unique
            + shift.map_or(0.0, |x| {
                if x.variant % 2 == 0 {
                    x.size * (1.0 - w.unique)
                } else {
                    0.0
                }
            });
        let (mut canon, mut id) = if u(11) < fresh {
            (mix(i ^ 0xF00D), mix(i ^ 0xF00D))
        } else {
            content(w, &popular, tenant, u(12), now, i)
        };
        if let Some(x) = shift
            && x.variant % 2 == 1
            && u(13) < x.size
        {
            // A crawler walks through a large catalogue.
            canon = mix((u(14) * w.contents as f64 * 30.0) as u64 ^ 0xC0DE);
            id = canon;
        }
        let style = if w.by_client {
            client
        } else {
            1 + (u(15) * 3.0) as u64
        };
        let vary = |k: usize, p: u64| {
            if u(p) < w.variants[k] {
                style * 7 + 1 + k as u64
            } else {
                0
            }
        };
        let (by_value, by_bytes) = (vary(0, 16), vary(1, 17));
        let (h_canon, h_fields) = (mix(canon), mix(canon ^ by_value << 56));
        let h_raw = mix(h_fields ^ by_bytes << 48);
        let variant = within.map_or(0, |x| x.variant);
        // The key.
        let mut key = mix(id ^ 0x5EED);
        if w.key_tags & 1 == 1 {
            key = mix(key ^ (tenant as u64 + 1) << 8);
        }
        if w.key_tags & 2 == 2 {
            key = mix(key ^ (model + 1) << 32);
        }
        match changed {
            Some(Kind::FieldAdded) => {
                key = mix(key
                    ^ match variant % 3 {
                        0 => i,
                        1 => 0xAAAA_0000 + (now / 60.0) as u64,
                        _ => i,
                    } << 1)
            }
            Some(Kind::VersionBumped) => key = mix(key ^ 0xB),
            Some(Kind::ModelFieldAdded) => {
                key = mix(key
                    ^ (0x1000
                        + if w.key_tags & 2 == 0 && variant.is_multiple_of(2) {
                            model
                        } else if w.regions > 1 {
                            region
                        } else {
                            client
                        }))
            }
            Some(Kind::NormalisationLost) if by_value > 0 => key = mix(key ^ by_value),
            Some(Kind::SerializerDrift) => {
                key = mix(key
                    ^ (0xC0
                        + if variant.is_multiple_of(2) {
                            by_bytes
                        } else {
                            0
                        }))
            }
            Some(Kind::PerProcessSeed) => key = mix(key ^ process << 40),
            _ => {}
        }
        let ttl = w.ttl
            * if touched.is_some_and(|x| x.kind == Kind::TtlChanged) {
                within.map_or(1.0, |x| x.size)
            } else {
                1.0
            };
        let new_capacity = if kind == Some(Kind::CapacityCut) {
            let live = caches
                .iter()
                .map(|c| c.entries.len())
                .max()
                .unwrap_or(0)
                .max(10);
            if capacity == w.capacity {
                ((live.min(w.capacity)) as f64 * within.map_or(1.0, |x| x.size)) as usize
            } else {
                capacity
            }
        } else {
            w.capacity
        };
        if new_capacity != capacity {
            capacity = new_capacity.max(3);
            caches.iter_mut().for_each(|c| c.fit(capacity));
        }
        if kind == Some(Kind::Flush) && !flushed {
            caches.iter_mut().for_each(Lru::flush);
            flushed = true;
        }
        if restarted
            && w.local_cache
            && !caches[replica as usize].entries.is_empty()
            && caches[replica as usize]
                .entries
                .values()
                .any(|e| u64::from(e.2) == replica)
        {
            caches[replica as usize].flush();
        }
        let place = if w.local_cache { replica as usize } else { 0 };
        while let Some(Reverse((at, key, writer, cache))) = writes
            .peek()
            .copied()
            .filter(|Reverse(x)| x.0 as f64 / NS <= now)
        {
            writes.pop();
            caches[cache as usize].put(key, at as f64 / NS, ttl, writer, capacity);
        }
        let mut row = RequestRow {
            op: rec.requests.len() as u64 + 1,
            tries: 1,
            arrived: (now * NS) as u64,
            tenant: tenant as u32 + 1,
            user: user as u32 + 1,
            route: 1 + (u(18) * 4.0) as u32,
            region: region as u32 + 1,
            client: client as u32 + 1,
            model: model as u32 + 1,
            replica: replica as u16,
            process: process as u32,
            service_version: version as u16,
            key_template: 1 + u16::from(
                changed.is_some_and(|k| k != Kind::SerializerDrift && k != Kind::PerProcessSeed),
            ),
            serializer: 1 + u16::from(changed == Some(Kind::SerializerDrift)),
            h_raw,
            h_fields,
            h_canon,
            h_key: key,
            bytes: 500 + (u(19) * 4000.0) as u64,
            outcome: outcome::OK,
            ..RequestRow::default()
        };
        let own = w.own * (0.5 + u(20));
        row.compute = (own * NS) as u64;
        let number = rec.requests.len();
        let looked = caches[place].get(key, now);
        let mut busy = own;
        let flight = flights
            .get(&mix(key ^ place as u64))
            .copied()
            .filter(|t| *t > now);
        match (looked, flight) {
            (Ok((age, writer)), _) => {
                row.cache = cache::HIT;
                row.hit_age = (age * NS) as u64;
                row.writer = writer;
                row.served_by = served_by::CACHE;
            }
            (Err(why), Some(until)) if w.single_flight => {
                row.cache = cache::MISS;
                row.miss = why;
                row.served_by = served_by::FLIGHT;
                row.flight_wait = ((until - now) * NS) as u64;
                row.latency = row.flight_wait + row.compute;
                note(
                    &mut felt,
                    &mut slow,
                    &mut onset,
                    touched.is_some(),
                    inc,
                    now,
                    &row,
                );
                rec.requests.push(&row);
                continue;
            }
            (Err(why), _) => {
                row.cache = cache::MISS;
                row.miss = why;
                row.served_by = served_by::DEPENDENCY;
                for attempt in 1..=3u64 {
                    let p = 100 * attempt;
                    let second = (now as usize).min(w.seconds - 1);
                    let mut seconds =
                        w.median * libm::exp(w.sigma * normal(w.seed, i, p) + w.mood[second]);
                    if let Some(x) = within.filter(|x| x.kind == Kind::DependencySlow) {
                        if x.variant % 2 == 0 {
                            seconds *= 1.0 + x.size
                        } else if u(p + 1) < 0.12 {
                            seconds += w.median * libm::exp(1.645 * w.sigma) * (1.0 + 2.0 * x.size)
                        }
                    }
                    let wrong = w.errors
                        + within
                            .filter(|x| x.kind == Kind::DependencyErrors)
                            .map_or(0.0, |x| x.size);
                    let failed = u(p + 2) < wrong;
                    if failed {
                        seconds *= 0.3;
                    }
                    attempts.push(AttemptRow {
                        request: number as u64,
                        number: attempt as u16,
                        dependency,
                        replica: replica as u16,
                        started: 0,
                        time: (seconds * NS) as u64,
                        result: if failed { result::ERROR } else { result::OK },
                        ..AttemptRow::default()
                    });
                    row.attempts = attempt as u16;
                    row.call += (seconds * NS) as u64;
                    busy += seconds;
                    if !failed {
                        break;
                    }
                    if attempt == 3 {
                        row.outcome = outcome::ERROR;
                    } else {
                        row.backoff += 20_000_000;
                        busy += 0.02;
                    }
                }
            }
        }
        // A worker.
        let at = row.arrived;
        let Reverse(soonest) = free.pop().unwrap_or(Reverse(0));
        let start = soonest.max(at);
        let wait = start - at;
        if wait as f64 / NS > 10.0 {
            free.push(Reverse(soonest));
            row.outcome = outcome::SHED;
            let first = attempts.len() - (row.attempts as usize);
            attempts.truncate(first);
            (row.call, row.attempts, row.backoff, row.served_by) = (0, 0, 0, 0);
            row.latency = 1_000_000;
        } else {
            let end = start + (busy * NS) as u64;
            free.push(Reverse(end));
            row.queue_wait = wait;
            row.latency = end - at;
            let first = attempts.len() - row.attempts as usize;
            let mut begun = start + row.compute;
            for call in &mut attempts[first..] {
                call.started = begun;
                begun += call.time + 20_000_000;
            }
            if row.cache == cache::MISS && row.outcome == outcome::OK {
                writes.push(Reverse((end, key, process as u32, place as u64)));
                flights.insert(mix(key ^ place as u64), end as f64 / NS);
                if flights.len() > 50_000 {
                    flights.retain(|_, t| *t > now);
                }
            }
        }
        note(
            &mut felt,
            &mut slow,
            &mut onset,
            touched.is_some(),
            inc,
            now,
            &row,
        );
        rec.span = rec.span.max(row.arrived + row.latency);
        rec.requests.push(&row);
        if now >= gauge_at {
            gauge_at = now + 10.0;
            let live: usize = caches.iter().map(|c| c.entries.len()).sum();
            for (gauge, value) in [(entries_gauge, live as f64), (limit_gauge, capacity as f64)] {
                rec.gauges.push(&GaugeRow {
                    time: at,
                    gauge,
                    replica: 0,
                    value,
                });
            }
        }
    }
    attempts.sort_by_key(|a| a.started + a.time);
    attempts.iter().for_each(|a| {
        rec.attempts.push(a);
    });
    let mut log: Vec<EventRow> = w
        .decoys
        .iter()
        .enumerate()
        .map(|(k, t)| EventRow {
            time: (t * NS) as u64,
            event: deploy,
            replica: 0,
            version: 2 + k as u16,
            share: 1.0,
        })
        .collect();
    if let Some(x) = inc.filter(|x| x.kind.deployed()) {
        let decoys = w.decoys.iter().filter(|d| **d <= x.from).count() as u16;
        for replica in 1..=w.replicas as u16 {
            let time =
                ((x.from + x.rolling * f64::from(replica - 1) / w.replicas as f64) * NS) as u64;
            let event = if x.kind == Kind::PerProcessSeed {
                restart
            } else {
                deploy
            };
            if x.rolling > 0.0 || x.kind == Kind::PerProcessSeed {
                log.push(EventRow {
                    time,
                    event,
                    replica,
                    version: 11 + decoys,
                    share: 1.0,
                });
            }
        }
        if x.rolling == 0.0 && x.kind != Kind::PerProcessSeed {
            log.push(EventRow {
                time: (x.from * NS) as u64,
                event: deploy,
                replica: 0,
                version: 11 + decoys,
                share: x.canary,
            });
        }
    }
    if let Some(x) = inc.filter(|x| x.kind.deployed() && x.to.is_finite()) {
        let rollback = rec.names.entry("event").or_default().number("rollback") as u16;
        let version = 1 + w.decoys.iter().filter(|d| **d <= x.to).count() as u16;
        log.push(EventRow {
            time: (x.to * NS) as u64,
            event: rollback,
            replica: 0,
            version,
            share: 1.0,
        });
    }
    log.sort_by_key(|e| e.time);
    log.iter().for_each(|e| {
        rec.events.push(e);
    });
    slow.sort_by(f64::total_cmp);
    felt.p95 = slow.get(slow.len() * 95 / 100).copied().unwrap_or(0.0);
    Run {
        recording: rec,
        onset,
        touched: felt,
    }
}

/// What is asked for: `(as content, as a healthy key sees it)`.
fn content(w: &World, popular: &Zipf, tenant: usize, u: f64, now: f64, _i: u64) -> (u64, u64) {
    let rank = popular.at(u) as u64;
    // Ranks turn over one by one: each content is popular for a while.
    let age = if w.turnover.is_finite() {
        ((now + (mix(rank) % 1000) as f64 / 1000.0 * w.turnover) / w.turnover) as u64
    } else {
        0
    };
    let own = if w.own_contents { tenant as u64 + 1 } else { 0 };
    let c = mix(rank ^ age << 32 ^ own << 48);
    (c, c)
}

fn note(
    felt: &mut Felt,
    slow: &mut Vec<f64>,
    onset: &mut Option<u64>,
    touched: bool,
    inc: Option<&Incident>,
    now: f64,
    row: &RequestRow,
) {
    let Some(x) = inc else { return };
    // A flush or a bump matters while it refills; the rest as long as it lasts.
    let until = if matches!(x.kind, Kind::Flush | Kind::VersionBumped) {
        x.to.min(x.from + 120.0)
    } else {
        x.to
    };
    if now < x.from || now >= until || !touched {
        return;
    }
    onset.get_or_insert(row.arrived);
    felt.n += 1.0;
    felt.looks += 1.0;
    felt.misses += f64::from(u8::from(row.cache == cache::MISS));
    felt.failed += f64::from(u8::from(row.outcome != outcome::OK));
    slow.push(row.latency as f64 / NS);
}
