//! What a limiter did: whom it refused, under which key and by which level, and what a bucket gave between two refusals.
//!
//! Between two refusals of one key a bucket was empty twice, so what it let pass in between is what it was refilled with,
//! whatever was asked of it. That tells a refill that is lost from a limit that is low without knowing anything of the traffic.

use super::{Evidence, Fact, Spans};
use crate::{
    diagnosis::{
        stats::{Measure, difference, ln, median, share},
        view::{Reading, View},
    },
    recording::{outcome, quota, requests},
    sim::hash::FixedState,
};
use hashbrown::HashMap;
use std::{collections::BTreeMap, ops::Range};

/// Refusals below which nothing is said of them.
const FEW: f64 = 20.0;
/// Tokens that a chain of refusals must be worth: what stands in the bucket at its ends is one token at most.
const CHAIN: f64 = 5.0;

type Counts<V> = HashMap<u64, V, FixedState>;

/// Gathers the facts of a limiter; nothing where none refuses.
pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    let refused = |i: usize| view.get(requests::outcome, i) == u64::from(outcome::REJECTED);
    let before = view.between(spans.before.start, spans.before.end);
    let during = view.between(spans.during.start, spans.during.end);
    let count = |rows: &Range<usize>| rows.clone().filter(|&i| refused(i)).count() as f64;
    let (old, new) = (count(&before), count(&during));
    if let (Some(b), Some(d)) = (
        share(old, before.len() as f64),
        share(new, during.len() as f64),
    ) && view.has(requests::outcome)
    {
        evidence.put(Fact::Refused, Some(difference(d, b)));
    }
    if new < FEW {
        return;
    }
    evidence.put(
        Fact::RefusedDemand,
        demand_of(
            view,
            &spans.before,
            &spans.during,
            &before,
            &during,
            &refused,
        ),
    );
    if view.has(requests::quota) {
        let within = during
            .clone()
            .filter(|&i| refused(i))
            .filter(|&i| view.get(requests::quota, i) == u64::from(quota::UNDER))
            .count();
        evidence.put(Fact::RefusedUnder, share(within as f64, new));
    } else {
        evidence.limits.push(
            "what tenants were promised is not recorded: abuse is told by demand alone".into(),
        );
    }
    if !view.has(requests::limiter_key) {
        evidence
            .limits
            .push("keys of the limiter are not recorded: who shares one cannot be told".into());
        return;
    }
    let (sharing, touched) = sharing(view, &before, &during, &refused);
    evidence.put(Fact::KeySharing, sharing);
    let limit = Limit::read(view, spans, &during, &refused);
    let part = touched.map(|t| f64::from(u8::from(limit.levels > 1)) * (1.0 - t));
    evidence.put(Fact::OneOfSeveral, part.map(|p| Measure::new(p, 0.02)));
    evidence.put(Fact::LimitRate, limit.change(|l| l.0));
    evidence.put(Fact::LimitBurst, limit.change(|l| l.1));
    evidence.put(Fact::RefusedByReplica, by_replica(view, &during, &refused));
    evidence.put(Fact::Divided, Some(divided(view, &limit, &before, &during)));
    buckets(view, &limit, &during, &refused, evidence);
}

/// Whether a limiter does what it is for, while a crowd is there or for a moment: nearly all whom it refuses are beyond their
/// quota, and grew as everybody did. That is no incident; one who grows by himself is.
pub fn holds_a_crowd(view: &View, before: Range<u64>, during: Range<u64>) -> bool {
    if !view.has(requests::quota) {
        return false;
    }
    let refused = |i: usize| view.get(requests::outcome, i) == u64::from(outcome::REJECTED);
    let (b, d) = (
        view.between(before.start, before.end),
        view.between(during.start, during.end),
    );
    let (mut n, mut over) = (0.0, 0.0);
    for i in d.clone().filter(|&i| refused(i)) {
        n += 1.0;
        over += f64::from(u8::from(
            view.get(requests::quota, i) == u64::from(quota::OVER),
        ));
    }
    let first = |rows: &Range<usize>, span: &Range<u64>| {
        let n = rows
            .clone()
            .filter(|&i| view.get(requests::tries, i) <= 1)
            .count();
        n.max(1) as f64 / (span.end - span.start).max(1) as f64
    };
    // Who is near a quota wanders beyond it now and then.
    let moment = during.end - during.start < MOMENT;
    let all = ln(first(&d, &during) / first(&b, &before));
    let spans = (before, during);
    // Tries again count against a quota too, so without a crowd nothing is said of who is beyond it.
    (all >= CROWD || moment)
        && over >= 0.8 * n
        && demand_of(view, &spans.0, &spans.1, &b, &d, &refused).is_some_and(|m| m.value < ALIKE)
}

/// ns: twice as long as the longest of the wanderings of services whose tenants ask nine tenths of their quota.
const MOMENT: u64 = 90_000_000_000;
/// ln ratio of arrivals from which there is a crowd: what the diagnosis calls a change of arrivals.
const CROWD: f64 = 0.1823;
/// ln ratio by which one may grow more than all do, and still be one of the crowd: half as much again.
const ALIKE: f64 = 0.4055;

/// How much more those ask who are refused, beyond what the others do: each weighs as much as it is refused. First tries alone, since whoever is refused
/// asks again.
fn demand_of(
    view: &View,
    old_span: &Range<u64>,
    new_span: &Range<u64>,
    before: &Range<usize>,
    during: &Range<usize>,
    refused: &dyn Fn(usize) -> bool,
) -> Option<Measure> {
    let column = [requests::tenant, requests::user]
        .into_iter()
        .find(|&c| view.has(c))?;
    let mut all: Counts<[f64; 3]> = Counts::default();
    let first = |i: usize| view.get(requests::tries, i) <= 1;
    for i in before.clone().filter(|&i| first(i)) {
        all.entry(view.get(column, i)).or_default()[0] += 1.0;
    }
    for i in during.clone() {
        let n = all.entry(view.get(column, i)).or_default();
        n[1] += f64::from(u8::from(first(i)));
        n[2] += f64::from(u8::from(refused(i)));
    }
    // Whole numbers: the order of the sums does not matter.
    let (mut old, mut new, mut weight) = (0.0, 0.0, 0.0);
    let mut most = [0.0; 3];
    let mut sums = [0.0; 2];
    for n in all.values() {
        let [b, d, r] = *n;
        (old, new, weight) = (old + r * b, new + r * d, weight + r);
        sums = [sums[0] + b, sums[1] + d];
        if (r, d, b) > (most[2], most[1], most[0]) {
            most = *n;
        }
    }
    let seconds = |s: &Range<u64>| (s.end - s.start) as f64 * 1e-9;
    let grown = |b: f64, d: f64| {
        ln((d + 0.5) / seconds(new_span).max(1e-9) * seconds(old_span).max(1e-9) / (b + 0.5))
    };
    // Whoever is refused most apart: the others are the crowd, if there is one.
    let others = match sums[0] - most[0] {
        b if b >= FEW => grown(b, sums[1] - most[1]),
        _ => 0.0,
    };
    let (b, d) = (old / weight, new / weight);
    Some(Measure::new(
        grown(b, d) - others,
        (1.0 / b.max(1.0) + 1.0 / d.max(1.0)).sqrt(),
    ))
}

/// How many more share the key of who is refused than shared a key before, as ln ratio of the chance that two requests under
/// one key are of different people; and the part of the traffic that those under shared keys are.
fn sharing(
    view: &View,
    before: &Range<usize>,
    during: &Range<usize>,
    refused: &dyn Fn(usize) -> bool,
) -> (Option<Measure>, Option<f64>) {
    let mut best: Option<Measure> = None;
    let mut touched = None;
    for column in [requests::tenant, requests::user] {
        if !view.has(column) {
            continue;
        }
        let count = |rows: &Range<usize>| {
            let mut pairs: HashMap<(u64, u64), f64, FixedState> = HashMap::default();
            let mut refusals: Counts<f64> = Counts::default();
            for i in rows.clone() {
                let key = view.get(requests::limiter_key, i);
                if key != 0 {
                    *pairs.entry((key, view.get(column, i))).or_default() += 1.0;
                    if refused(i) {
                        *refusals.entry(key).or_default() += 1.0;
                    }
                }
            }
            // By key: requests, and pairs of requests of the same person.
            let mut keys: Counts<[f64; 2]> = Counts::default();
            for ((key, _), n) in &pairs {
                let k = keys.entry(*key).or_default();
                k[0] += n;
                k[1] += n * (n - 1.0);
            }
            (keys, refusals)
        };
        let (old, _) = count(before);
        let (new, refusals) = count(during);
        let same: f64 = old.values().map(|k| k[1]).sum();
        let all: f64 = old.values().map(|k| k[0] * (k[0] - 1.0)).sum();
        let usual = if all > 0.0 { same / all } else { continue };
        // Sums of products of whole numbers over a fixed order of keys.
        let sorted: BTreeMap<u64, f64> = refusals.iter().map(|(k, r)| (*k, *r)).collect();
        let (mut sum, mut weight) = (0.0, 0.0);
        for (key, r) in &sorted {
            let [n, pairs] = new.get(key).copied().unwrap_or_default();
            if n > 1.0 {
                sum += r * pairs / (n * (n - 1.0));
                weight += r;
            }
        }
        if weight <= 0.0 || usual <= 0.0 {
            continue;
        }
        let now = (sum / weight).max(1e-4);
        let measure = Measure::new(ln(usual / now), 1.0 / weight.sqrt());
        if best.is_none_or(|b| measure.value > b.value) {
            best = Some(measure);
            touched = Some(part(view, column, during, refused));
        }
    }
    (best, touched)
}

/// The part of the traffic of those who are refused at least once in twenty times; first tries alone.
fn part(view: &View, column: usize, during: &Range<usize>, refused: &dyn Fn(usize) -> bool) -> f64 {
    let mut all: Counts<[f64; 2]> = Counts::default();
    let mut sum = 0.0;
    for i in during
        .clone()
        .filter(|&i| view.get(requests::tries, i) <= 1)
    {
        let n = all.entry(view.get(column, i)).or_default();
        n[0] += 1.0;
        n[1] += f64::from(u8::from(refused(i)));
        sum += 1.0;
    }
    let struck: f64 = all
        .values()
        .filter(|n| n[1] >= 0.05 * n[0])
        .map(|n| n[0])
        .sum();
    struck / f64::max(sum, 1.0)
}

/// The limit as gauges tell it: rate and burst of the level that refuses.
struct Limit {
    before: Option<(f64, f64)>,
    during: Option<(f64, f64)>,
    levels: usize,
    /// Whether each replica has buckets of its own.
    local: bool,
}

impl Limit {
    fn read(
        view: &View,
        spans: &Spans,
        during: &Range<usize>,
        refused: &dyn Fn(usize) -> bool,
    ) -> Limit {
        let mut levels: BTreeMap<u64, usize> = BTreeMap::new();
        for i in during.clone().filter(|&i| refused(i)) {
            *levels.entry(view.get(requests::reject, i)).or_default() += 1;
        }
        let most = levels.iter().max_by_key(|(_, n)| **n).map_or(0, |l| *l.0);
        let level = view.recording.name("reject", most as u32).to_string();
        let within = |all: &[Reading], span: &Range<u64>| -> Vec<f64> {
            all.iter()
                .filter(|r| span.contains(&r.time))
                .map(|r| r.value)
                .collect()
        };
        let mut local = false;
        let mut of = |span: &Range<u64>, now: bool| {
            let mut value = |gauge: &str| {
                for name in [format!("{gauge}.{level}"), gauge.to_string()] {
                    let all = view.readings(&name);
                    let mut values = within(&all, span);
                    if !values.is_empty() {
                        if now {
                            local = all.iter().any(|r| span.contains(&r.time) && r.replica > 0);
                        }
                        return Some(median(&mut values));
                    }
                }
                None
            };
            Some((value("limiter.rate")?, value("limiter.burst")?))
        };
        let (b, d) = (of(&spans.before, false), of(&spans.during, true));
        let several = view.recording.names.get("gauge").map_or(0, |names| {
            names
                .iter()
                .filter(|name| name.starts_with("limiter.rate."))
                .filter(|name| !within(&view.readings(name), &spans.during).is_empty())
                .count()
        });
        Limit {
            before: b,
            during: d,
            levels: several.max(usize::from(d.is_some())),
            local,
        }
    }

    /// ln ratio of one of its numbers.
    fn change(&self, of: impl Fn((f64, f64)) -> f64) -> Option<Measure> {
        let (old, new) = (of(self.before?), of(self.during?));
        (old > 0.0 && new > 0.0).then(|| Measure::new(ln(new / old), 0.01))
    }
}

/// By how much one replica refuses more, or less, than the others of the same people's requests.
fn by_replica(
    view: &View,
    during: &Range<usize>,
    refused: &dyn Fn(usize) -> bool,
) -> Option<Measure> {
    if !view.has(requests::replica) {
        return None;
    }
    let column = [requests::tenant, requests::user]
        .into_iter()
        .find(|&c| view.has(c))?;
    let mut people: BTreeMap<u64, [f64; 2]> = BTreeMap::new();
    let mut cells: BTreeMap<(u64, u64), [f64; 2]> = BTreeMap::new();
    for i in during.clone() {
        let (who, replica) = (view.get(column, i), view.get(requests::replica, i));
        if replica == 0 {
            continue;
        }
        let bad = f64::from(u8::from(refused(i)));
        for n in [
            people.entry(who).or_default(),
            cells.entry((who, replica)).or_default(),
        ] {
            n[0] += 1.0;
            n[1] += bad;
        }
    }
    let mut replicas: BTreeMap<u64, [f64; 2]> = BTreeMap::new();
    for ((who, replica), n) in &cells {
        let all = people[who];
        let sum = replicas.entry(*replica).or_default();
        sum[0] += n[0];
        sum[1] += n[1] - n[0] * all[1] / all[0];
    }
    if replicas.len() < 2 {
        return Some(Measure::new(0.0, 0.0));
    }
    replicas
        .values()
        .filter(|n| n[0] >= FEW)
        .map(|n| Measure::new((n[1] / n[0]).abs(), 0.5 / n[0].sqrt()))
        .max_by(|a, b| a.value.total_cmp(&b.value))
}

/// Whether each replica keeps a share of the limit for people whom it serves alone, or nearly so: rate and burst were divided by
/// the number of replicas, or people who went to all of them go to one.
fn divided(view: &View, limit: &Limit, before: &Range<usize>, during: &Range<usize>) -> Measure {
    let replicas = |rows: &Range<usize>| {
        let mut seen: Vec<u64> = rows
            .clone()
            .map(|i| view.get(requests::replica, i))
            .filter(|r| *r != 0)
            .collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len() as f64
    };
    let n = replicas(during);
    if !limit.local || n < 2.0 {
        return Measure::new(0.0, 0.0);
    }
    let near = |change: Option<Measure>| change.is_some_and(|c| (c.value + ln(n)).abs() < 0.25);
    let parts = near(limit.change(|l| l.0)) && near(limit.change(|l| l.1));
    let gathered = faithful(view, during) - faithful(view, before) > 0.5 * (1.0 - 1.0 / n);
    Measure::new(f64::from(u8::from(parts || gathered)), 0.0)
}

/// Share of the requests that go to the replica which serves their tenant, or user, most.
fn faithful(view: &View, rows: &Range<usize>) -> f64 {
    let column = if view.has(requests::tenant) {
        requests::tenant
    } else {
        requests::user
    };
    let mut cells: BTreeMap<(u64, u64), f64> = BTreeMap::new();
    for i in rows.clone() {
        let replica = view.get(requests::replica, i);
        if replica != 0 {
            *cells.entry((view.get(column, i), replica)).or_default() += 1.0;
        }
    }
    let mut most: BTreeMap<u64, f64> = BTreeMap::new();
    for ((who, _), n) in &cells {
        let m = most.entry(*who).or_default();
        *m = m.max(*n);
    }
    most.values().sum::<f64>() / cells.values().sum::<f64>().max(1.0)
}

/// One bucket while the episode goes by.
#[derive(Clone, Copy, Default)]
struct Bucket {
    /// When it refused last, ns; 0 is never.
    refused: u64,
    /// When its present run of refusals began; 0: it granted last.
    run: u64,
    /// Granted since it refused last.
    granted: f64,
    /// Granted, and seconds, since the chain of refusals began.
    chain: (f64, f64),
}

/// What buckets gave between refusals, and whether they refuse to the edge of a window.
fn buckets(
    view: &View,
    limit: &Limit,
    during: &Range<usize>,
    refused: &dyn Fn(usize) -> bool,
    evidence: &mut Evidence,
) {
    let Some((rate, burst)) = limit.during.filter(|l| l.0 > 0.0 && l.1 >= CHAIN) else {
        return;
    };
    if limit.levels > 1 {
        return; // who is granted carries the key of another level
    }
    let window = (burst / rate * 1e9).round().max(1.0) as u64;
    let full = ((burst - 1.0) / rate * 1e9) as u64;
    let two = (2.0 / rate * 1e9) as u64;
    let mut all: HashMap<(u64, u64), Bucket, FixedState> = HashMap::default();
    let (mut given, mut time) = (0.0, 0.0);
    // Refused again, of those that asked again: within the window, and in a later one.
    let (mut same, mut later) = ([0.0; 2], [0.0; 2]);
    let mut close = |chain: &mut (f64, f64)| {
        if chain.1 * rate >= CHAIN {
            given += chain.0;
            time += chain.1;
        }
        *chain = (0.0, 0.0);
    };
    for i in during.clone() {
        let (key, word) = (
            view.get(requests::limiter_key, i),
            view.get(requests::outcome, i),
        );
        if key == 0 || word == 0 {
            continue;
        }
        let replica = if limit.local {
            view.get(requests::replica, i)
        } else {
            0
        };
        let now = view.arrived[i].max(1);
        let bucket = all.entry((key, replica)).or_default();
        let no = refused(i);
        if bucket.run > 0 && now - bucket.run >= two {
            let edge = bucket.run / window != now / window;
            let of = if edge { &mut later } else { &mut same };
            of[0] += 1.0;
            of[1] += f64::from(u8::from(no));
        }
        if no {
            if bucket.refused > 0 && now - bucket.refused <= full {
                bucket.chain.0 += bucket.granted;
                bucket.chain.1 += (now - bucket.refused) as f64 * 1e-9;
            } else {
                close(&mut bucket.chain);
            }
            bucket.refused = now;
            bucket.granted = 0.0;
            // A run in a new window counts from its first refusal there.
            if bucket.run == 0 || bucket.run / window != now / window {
                bucket.run = now;
            }
        } else {
            bucket.granted += 1.0;
            bucket.run = 0;
        }
    }
    let mut open: Vec<_> = all.into_iter().collect();
    open.sort_unstable_by_key(|(key, _)| *key);
    for (_, bucket) in &mut open {
        close(&mut bucket.chain);
    }
    if time * rate >= FEW {
        evidence.put(
            Fact::RefillShort,
            Some(Measure::new(
                ln((given + 0.5) / (time * rate)),
                1.0 / (time * rate).sqrt(),
            )),
        );
    }
    if let (Some(s), Some(l)) = (share(same[1], same[0]), share(later[1], later[0]))
        && same[0] >= FEW
    {
        evidence.put(Fact::WindowEdge, Some(difference(s, l)));
    } else {
        evidence.put(Fact::WindowEdge, Some(Measure::new(0.0, 0.0)));
    }
}
