//! What a cause did to users and to the service, measured: the recording with it against the recording without it, request by
//! request of the same traffic. Never read from the parameter that was drawn.
//!
//! Noticeable (DIAGNOSIS.md 5.2) is p95 x1.5, 5 points of the hit rate or 1 % of errors, and what is as bad for users in the
//! families that move none of these: three in a thousand operations that are written twice, in part, or not at all, 1 % of answers that are not what they say, a class that waits, CPU x1.5, work for nobody.

use crate::recording::{
    Recording, attempts, cache, end_marker, gauges, outcome, part, requests, told, writes,
};
use std::collections::BTreeMap;

/// One effect in units of what is noticeable, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// What moved.
    pub what: &'static str,
    /// How much: 1 is just noticeable.
    pub size: f64,
    /// Evidence that the recording holds for it, nats: n times the divergence of the two shares.
    pub nats: f64,
}

/// Nats from which an effect can be told from chance with the looks that a diagnosis takes (DIAGNOSIS.md 5.2).
pub const ENOUGH: f64 = 30.0;

/// What a pair of runs showed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// The largest first.
    pub all: Vec<Effect>,
    /// When the first request went otherwise than without the cause, ns.
    pub first: Option<u64>,
}

impl Effects {
    /// The largest of those that the recording can show.
    pub fn largest(&self) -> Option<&Effect> {
        self.all.iter().find(|e| e.nats >= ENOUGH)
    }

    /// The size of the largest that can be shown; 0 when nothing can.
    pub fn magnitude(&self) -> f64 {
        self.largest().map_or(0.0, |e| e.size)
    }
}

/// What moved, and bad ones of all without the cause and with it.
type Pair = (&'static str, (f64, f64), (f64, f64));

/// Users' rows over a stretch, in order of the rows.
struct Side<'r> {
    of: &'r Recording,
    rows: Vec<usize>,
}

impl<'r> Side<'r> {
    fn new(of: &'r Recording, from: u64, to: u64) -> Side<'r> {
        let table = &of.requests;
        let rows = (0..table.len())
            .filter(|&r| table.value(requests::background, r) == 0)
            .filter(|&r| (from..to).contains(&table.value(requests::arrived, r)))
            .collect();
        Side { of, rows }
    }

    fn get(&self, column: usize, row: usize) -> u64 {
        self.of.requests.value(column, row)
    }

    /// Of the rows for which the question arises, those for which it is answered with yes.
    fn share(&self, ask: impl Fn(&Side, usize) -> Option<bool>) -> (f64, f64) {
        let mut k = (0.0, 0.0);
        for &row in &self.rows {
            if let Some(yes) = ask(self, row) {
                k = (k.0 + f64::from(u8::from(yes)), k.1 + 1.0);
            }
        }
        k
    }

    fn sum(&self, column: usize) -> f64 {
        self.rows.iter().map(|&r| self.get(column, r) as f64).sum()
    }

    fn latencies(&self, class: Option<u64>) -> Vec<u64> {
        let mut all: Vec<u64> = self
            .rows
            .iter()
            .filter(|&&r| class.is_none_or(|c| self.get(requests::class, r) == c))
            .map(|&r| self.get(requests::latency, r))
            .collect();
        all.sort_unstable();
        all
    }
}

/// Requests of a class below which nothing is said of it.
const LEAST: usize = 100;

/// Compares the run with the cause to the run without it, over the arrivals in `[from, to)`, ns.
pub fn measure(broken: &Recording, healthy: &Recording, from: u64, to: u64) -> Effects {
    let (b, h) = (Side::new(broken, from, to), Side::new(healthy, from, to));
    if b.rows.is_empty() || h.rows.is_empty() {
        return Effects::default();
    }
    let mut all = vec![];
    all.extend(slower(
        "latency p95",
        &h.latencies(None),
        &b.latencies(None),
    ));
    let classes: std::collections::BTreeSet<u64> =
        h.rows.iter().map(|&r| h.get(requests::class, r)).collect();
    if classes.len() > 1 {
        for class in classes {
            all.extend(slower(
                "latency p95 of a class",
                &h.latencies(Some(class)),
                &b.latencies(Some(class)),
            ));
        }
    }
    let failed = |s: &Side, r: usize| {
        let word = s.get(requests::outcome, r) as u8;
        (word != 0).then_some(!matches!(word, outcome::OK | outcome::DEGRADED))
    };
    all.extend(more("failed", h.share(failed), b.share(failed), 0.01));
    let degraded =
        |s: &Side, r: usize| Some(s.get(requests::outcome, r) as u8 == outcome::DEGRADED);
    all.extend(more("degraded", h.share(degraded), b.share(degraded), 0.01));
    let missed = |s: &Side, r: usize| match s.get(requests::cache, r) as u8 {
        cache::HIT => Some(false),
        cache::MISS => Some(true),
        _ => None,
    };
    all.extend(more("misses", h.share(missed), b.share(missed), 0.05));
    let hidden = |s: &Side, r: usize| {
        let (told, honest) = (
            s.get(requests::told, r) as u8,
            s.get(requests::honest, r) as u8,
        );
        let failed = s.get(requests::steps_failed, r) > 0;
        (honest != 0 || told != 0)
            .then_some(told == told::COMPLETE && (failed || (honest != 0 && honest != outcome::OK)))
    };
    all.extend(more(
        "hidden failures",
        h.share(hidden),
        b.share(hidden),
        0.01,
    ));
    let cut = |s: &Side, r: usize| match s.get(requests::end_marker, r) as u8 {
        end_marker::PRESENT => Some(false),
        end_marker::MISSING => Some(true),
        _ => None,
    };
    all.extend(more("cut answers", h.share(cut), b.share(cut), 0.01));
    let short = |s: &Side, r: usize| {
        let asked = s.get(requests::shards, r);
        (asked > 0).then(|| s.get(requests::shards_ok, r) < asked)
    };
    all.extend(more(
        "answers of some shards",
        h.share(short),
        b.share(short),
        0.01,
    ));
    let unstored = |s: &Side| {
        let sent = s.sum(requests::items_sent);
        (sent - s.sum(requests::items_stored), sent)
    };
    all.extend(more("items not stored", unstored(&h), unstored(&b), 0.01));
    let fallback = |s: &Side, r: usize| Some(s.get(requests::served_by, r) == 4);
    all.extend(more(
        "fallbacks",
        h.share(fallback),
        b.share(fallback),
        0.01,
    ));
    all.extend(ratio(
        "CPU a request",
        mean(&h, requests::cpu),
        mean(&b, requests::cpu),
        1.5,
        b.rows.len(),
    ));
    all.extend(ratio("tries", tries(&h), tries(&b), 1.3, b.rows.len()));
    all.extend(calls(healthy, broken, from, to));
    all.extend(held(healthy, broken, from, to));
    for (what, old, new) in operations(healthy, broken, from, to) {
        all.extend(more(what, old, new, 0.003));
    }
    // Requests that never end have no rows.
    let (rows_h, rows_b) = (h.rows.len() as f64, b.rows.len() as f64);
    all.extend(more(
        "never answered",
        (0.0, rows_h),
        ((rows_h - rows_b).max(0.0), rows_h),
        0.01,
    ));
    all.sort_by(|x, y| y.size.total_cmp(&x.size));
    Effects {
        all,
        first: first(broken, healthy, from, to),
    }
}

fn mean(side: &Side, column: usize) -> f64 {
    side.sum(column) / side.rows.len().max(1) as f64
}

/// Calls a request.
fn tries(side: &Side) -> f64 {
    mean(side, requests::attempts)
}

/// The growth of the p95, in units of x1.5, with the nats in the share beyond the old one.
fn slower(what: &'static str, old: &[u64], new: &[u64]) -> Option<Effect> {
    if old.len() < LEAST || new.len() < LEAST {
        return None;
    }
    let p95 = |v: &[u64]| v[v.len() * 95 / 100] as f64;
    let line = old[old.len() * 95 / 100];
    let above = new.len() - new.partition_point(|&x| x <= line);
    Some(Effect {
        what,
        size: libm::log(p95(new).max(1.0) / p95(old).max(1.0)) / libm::log(1.5),
        nats: nats(
            (0.05 * old.len() as f64, old.len() as f64),
            (above as f64, new.len() as f64),
        ),
    })
}

/// The growth of a share, in units of so many points.
fn more(what: &'static str, old: (f64, f64), new: (f64, f64), points: f64) -> Option<Effect> {
    if old.1 < LEAST as f64 || new.1 < LEAST as f64 {
        return None;
    }
    let size = (new.0 / new.1 - old.0 / old.1) / points;
    Some(Effect {
        what,
        size,
        nats: if size > 0.0 { nats(old, new) } else { 0.0 },
    })
}

/// The growth of a mean, in units of a factor. A mean of so many things that grew by half is not chance.
fn ratio(what: &'static str, old: f64, new: f64, factor: f64, n: usize) -> Option<Effect> {
    (old > 0.0 && new > 0.0).then(|| {
        let size = libm::log(new / old) / libm::log(factor);
        Effect {
            what,
            size,
            nats: size.max(0.0) * n as f64 * 0.05,
        }
    })
}

/// n times the Kullback-Leibler divergence of the new share from the old one.
fn nats(old: (f64, f64), new: (f64, f64)) -> f64 {
    let clip = |p: f64| p.clamp(1e-4, 1.0 - 1e-4);
    let (p0, p1) = (clip(old.0 / old.1), clip(new.0 / new.1));
    new.1 * (p1 * libm::log(p1 / p0) + (1.0 - p1) * libm::log((1.0 - p1) / (1.0 - p0)))
}

/// Time of dependencies for requests that have ended: work for nobody.
fn calls(healthy: &Recording, broken: &Recording, from: u64, to: u64) -> Option<Effect> {
    let wasted = |r: &Recording| {
        let table = &r.attempts;
        let (mut late, mut all) = (0.0, 0.0);
        for row in 0..table.len() {
            let started = table.value(attempts::started, row);
            let request = table.value(attempts::request, row) as usize;
            if !(from..to).contains(&started) || request >= r.requests.len() {
                continue;
            }
            let over = r.requests.value(requests::arrived, request)
                + r.requests.value(requests::latency, request);
            let end = started + table.value(attempts::time, row);
            all += 1.0;
            late += f64::from(u8::from(end > over + 1_000_000));
        }
        (late, all)
    };
    more("calls for nobody", wasted(healthy), wasted(broken), 0.05)
}

/// Gauges of what is held and of who waits longest; a queue's length says no more than its waits.
const HELD: [&str; 4] = [
    "pool.in_use",
    "registry.entries",
    "memory.live",
    "queue.class_age",
];

/// Operations that are written more than once, that lack what follows the write, and that share their key with another.
fn operations(healthy: &Recording, broken: &Recording, from: u64, to: u64) -> [Pair; 3] {
    let count = |r: &Recording| {
        let table = &r.writes;
        // Commits of both steps, and whether it came under the key of another.
        let mut all: BTreeMap<u64, (u64, u64, bool)> = BTreeMap::new();
        let mut owner: BTreeMap<u64, u64> = BTreeMap::new();
        let mut steps = false;
        for row in 0..table.len() {
            let op = table.value(writes::op, row);
            let commits = table.value(writes::commits, row);
            if table.value(writes::part, row) == u64::from(part::SECOND) {
                steps = true;
                if let Some(of) = all.get_mut(&op) {
                    of.1 += commits;
                }
                continue;
            }
            let key = table.value(writes::key, row);
            let first = *owner.entry(key).or_insert(op);
            // A late replay belongs to when it comes.
            if all.contains_key(&op) || (from..to).contains(&table.value(writes::started, row)) {
                let of = all.entry(op).or_default();
                of.0 += commits;
                of.2 |= key != 0 && first != op;
            }
        }
        let n = all.len() as f64;
        let of = |bad: &dyn Fn(&(u64, u64, bool)) -> bool| {
            (all.values().filter(|o| bad(o)).count() as f64, n)
        };
        [
            of(&|o| o.0 > 1),
            of(&|o| steps && o.0 > 0 && o.1 == 0),
            of(&|o| o.2),
        ]
    };
    let ([a, b, c], [x, y, z]) = (count(healthy), count(broken));
    [
        ("written twice", a, x),
        ("written in part", b, y),
        ("under the key of another", c, z),
    ]
}

/// The gauge that grew most, of those that say what is held: a leak is no harm yet, and will be.
fn held(healthy: &Recording, broken: &Recording, from: u64, to: u64) -> Option<Effect> {
    let means = |r: &Recording| {
        let table = &r.gauges;
        let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for row in 0..table.len() {
            if (from..to).contains(&table.value(gauges::time, row)) {
                let name = r.name("gauge", table.value(gauges::gauge, row) as u32);
                let sum = sums.entry(name.to_owned()).or_default();
                *sum = (
                    sum.0 + f64::from_bits(table.value(gauges::value, row)),
                    sum.1 + 1.0,
                );
            }
        }
        sums
    };
    let (old, new) = (means(healthy), means(broken));
    let of_held = |name: &&String| HELD.iter().any(|held| name.starts_with(held));
    let grown = old
        .iter()
        .filter(|(name, _)| of_held(name))
        .filter_map(|(name, o)| {
            let n = new.get(name)?;
            let (o, n, readings) = (o.0 / o.1, n.0 / n.1, n.1);
            // Half a thing; of waits, which are told in ns, a second: below that nobody of the class is starved.
            let least = if name.starts_with("queue.class_age") {
                1e9
            } else {
                0.5
            };
            ratio(
                "a gauge",
                o.max(least),
                n.max(least),
                1.5,
                readings as usize * 4,
            )
        });
    grown.max_by(|a, b| a.size.total_cmp(&b.size))
}

/// When the first request went otherwise: another outcome, another word of the cache, or a tenth slower.
fn first(broken: &Recording, healthy: &Recording, from: u64, to: u64) -> Option<u64> {
    let key = |r: &Recording, row: usize| {
        (
            r.requests.value(requests::op, row),
            r.requests.value(requests::tries, row),
        )
    };
    let users = |r: &Recording, row: usize| {
        r.requests.value(requests::background, row) == 0
            && (from..to).contains(&r.requests.value(requests::arrived, row))
    };
    let old: BTreeMap<(u64, u64), usize> = (0..healthy.requests.len())
        .filter(|&row| users(healthy, row))
        .map(|row| (key(healthy, row), row))
        .collect();
    (0..broken.requests.len())
        .filter(|&row| users(broken, row))
        .filter(|&row| {
            let Some(&other) = old.get(&key(broken, row)) else {
                return true;
            };
            let of = |column: usize| {
                (
                    broken.requests.value(column, row),
                    healthy.requests.value(column, other),
                )
            };
            let differs = |column: usize| of(column).0 != of(column).1;
            let (slow, usual) = of(requests::latency);
            differs(requests::outcome)
                || differs(requests::cache)
                || differs(requests::served_by)
                || slow.abs_diff(usual) > usual / 10 + 1_000_000
        })
        .map(|row| broken.requests.value(requests::arrived, row))
        .min()
}
