//! What the answer to a request is made of, as the log of its sub-steps has it: items of bulk calls, shards of searches,
//! the end of a stream, and steps without a result; and what the answer says of that (`service.report`).
//!
//! Whether an item is stored, or a shard answers, is settled when a call is sent, for the time that the call takes depends
//! on it; it counts when the answer is there. A second call of the same step asks only for what the first did not bring.

use super::{
    journey::Visit,
    purpose,
    seams::{Part, Whole},
    spec::{
        DependencySpec, ItemsSpec, MOST_ITEMS, OnCut, ReportKind, ReportOptions, ShardsBy,
        ShardsOptions, Status, Step,
    },
    world::{World, tag_digest},
};
use crate::{
    components::{keys::Tag, retry::Failure},
    recording::{RequestRow, end_marker, outcome, told},
    sim::hash::mix,
};
use std::{cell::RefCell, collections::BTreeMap};

/// What several things of one step came to: its items, or its shards.
struct Several {
    /// What the dice of the step are told apart by.
    step: u64,
    /// Fields of each item, by bits.
    fields: Vec<u32>,
    there: Vec<bool>,
}

impl Several {
    fn of(all: &mut Vec<Several>, step: u64, count: usize) -> (&mut Several, bool) {
        let known = all.iter().position(|s| s.step == step);
        let place = known.unwrap_or_else(|| {
            all.push(Several {
                step,
                fields: vec![],
                there: vec![false; count],
            });
            all.len() - 1
        });
        (&mut all[place], known.is_none())
    }
}

/// What the answer to one request is made of.
#[derive(Default)]
pub(super) struct Parts {
    bulk: Vec<Several>,
    searches: Vec<Several>,
    hits: u32,
    end: u8,
    /// Tokens that came before a stream was cut.
    cut_at: Option<u32>,
    /// Steps without a result, in the end, and those with one.
    pub missing: usize,
    pub there: usize,
}

fn count(all: &[Several]) -> (u32, u32) {
    let sizes = all.iter().map(|s| s.there.len() as u32).sum();
    let there = all.iter().flat_map(|s| &s.there).filter(|t| **t).count() as u32;
    (sizes, there)
}

impl Parts {
    /// Whether a step with a result has brought less than it was asked for.
    pub fn lacks(&self, step: &Step) -> bool {
        let mut of_step = self.bulk.iter().chain(&self.searches);
        of_step.any(|s| s.step == step.draws && s.there.contains(&false))
    }

    /// How a request that ended so, as far as steps go, ended in truth.
    fn truth(&self, end: u8) -> u8 {
        let ((sent, stored), (shards, ok)) = (count(&self.bulk), count(&self.searches));
        match end {
            outcome::OK | outcome::DEGRADED if sent > 0 && stored == 0 => outcome::ERROR,
            outcome::OK if stored < sent || ok < shards || self.cut_at.is_some() => {
                outcome::DEGRADED
            }
            end => end,
        }
    }
}

/// Items since gauges were read: sent and stored of each dependency's fields, and what tenants have stored so far.
#[derive(Default)]
pub(super) struct Stores {
    by_field: BTreeMap<(usize, usize), (u64, u64)>,
    by_tenant: BTreeMap<(usize, u32), u64>,
}

/// The place of items without any field.
const PLAIN: usize = 32;

impl Stores {
    /// Names and values of gauges.
    pub fn gauges(&mut self, dependencies: &[DependencySpec], out: &mut dyn FnMut(String, f64)) {
        for (&(dependency, field), &(sent, stored)) in &self.by_field {
            let spec = dependencies.get(dependency).and_then(|d| d.items.as_ref());
            let name = spec.and_then(|s| s.fields.get(field)).map(|f| f.0.as_str());
            let name = name.or((field == PLAIN).then_some("plain"));
            if let (Some(name), 1..) = (name, sent) {
                let share = stored as f64 / sent as f64;
                out(format!("items.field_stored.{name}"), share);
            }
        }
        self.by_field.clear();
    }

    fn note(&mut self, dependency: usize, fields: u32, add: impl Fn(&mut (u64, u64))) {
        if fields == 0 {
            add(self.by_field.entry((dependency, PLAIN)).or_default());
        }
        for field in (0..PLAIN).filter(|f| fields >> f & 1 == 1) {
            add(self.by_field.entry((dependency, field)).or_default());
        }
    }
}

/// What a call will bring, if it is answered.
#[derive(Default)]
pub(super) struct Planned {
    items: Vec<usize>,
    shards: Vec<usize>,
    hits: u32,
    refusal: Option<Failure>,
    /// Tokens until the cut.
    cut: Option<u32>,
}

/// A call is about to be sent: what it will bring. `time` becomes the time that it takes.
pub(super) fn plan(
    w: &World<'_>,
    v: &Visit<'_>,
    parts: &RefCell<Parts>,
    step: &Step,
    number: u16,
    time: &mut u64,
) -> Planned {
    let spec = &w.newest().spec.dependencies[step.dependency];
    let parts = &mut *parts.borrow_mut();
    let mut planned = Planned::default();
    if let Some(items) = &spec.items {
        bulk(w, v, parts, step, items, number, &mut planned);
        let more = items
            .options
            .time
            .0
            .saturating_mul(planned.items.len() as u64);
        *time = time.saturating_add(more);
    }
    search(w, v, parts, step, number, time, &mut planned);
    if let Some(stream) = &spec.stream {
        let tokens = v.request.output_tokens;
        let faulty = w.saboteur.cuts(&whole(w, v, step, number), *time);
        let by_time = [stream.proxy_timeout.0, faulty.unwrap_or(0)];
        let by_time = by_time.into_iter().filter(|&t| t > 0).min();
        if let Some(at) = by_time.filter(|&at| at < *time && *time < u64::MAX) {
            let share = at as f64 / *time as f64;
            planned.cut = Some((f64::from(tokens) * share) as u32);
            *time = at;
        }
        let limit = stream.proxy_limit;
        if limit > 0 && limit < planned.cut.unwrap_or(tokens) {
            *time =
                (*time as f64 * f64::from(limit) / f64::from(planned.cut.unwrap_or(tokens))) as u64;
            planned.cut = Some(limit);
        }
    }
    planned
}

fn whole<'a>(w: &World<'_>, v: &'a Visit<'_>, step: &Step, attempt: u16) -> Whole<'a> {
    Whole {
        dependency: step.dependency,
        replica: v.process.replica,
        attempt,
        request: v.request,
        dice: v.dice,
        now: w.sim.now(),
    }
}

fn bulk(
    w: &World<'_>,
    v: &Visit<'_>,
    parts: &mut Parts,
    step: &Step,
    items: &ItemsSpec,
    number: u16,
    planned: &mut Planned,
) {
    let o = &items.options;
    let single = !o.routes.is_empty() && {
        let tags = w.tags.borrow();
        let route = tags.route.name(v.request.route);
        !o.routes.iter().any(|r| r == route)
    };
    let size = match single {
        true => 1,
        false => (v.request.input_tokens / o.tokens).clamp(1, MOST_ITEMS),
    };
    let mut stores = w.stores.borrow_mut();
    let (several, new) = Several::of(&mut parts.bulk, step.draws, size as usize);
    if new {
        for item in 0..u64::from(size) {
            let mut draw = v.dice.draw(purpose::ITEM, item << 32 | step.draws);
            let carried = items
                .fields
                .iter()
                .enumerate()
                .fold(0, |all, (i, (_, share))| {
                    all | u32::from(draw.chance(*share)) << i
                });
            several.fields.push(carried);
            stores.note(step.dependency, carried, |(sent, _)| *sent += 1);
        }
    }
    let whole = whole(w, v, step, number);
    let mut refusal = None;
    for item in 0..several.there.len() {
        if several.there[item] {
            continue;
        }
        let carried = several.fields[item];
        let carries = |i: usize| carried >> i & 1 == 1;
        let refused = (0..items.fields.len()).any(|i| items.refused[i] && carries(i))
            || w.saboteur.refuses(
                &whole,
                &Part::Item {
                    number: item,
                    carries: &|name| {
                        let field = items.fields.iter().position(|(field, _)| field == name);
                        field.is_some_and(carries)
                    },
                },
            );
        let chance = o.error_rate.0;
        let key = u64::from(number) << 48 | (item as u64) << 32 | step.draws;
        if refused || chance > 0.0 && v.dice.draw(purpose::ITEM_FAILS, key).chance(chance) {
            refusal = Some(Failure::Permanent);
            continue;
        }
        if o.quota.0 > 0 {
            let tenant = (step.dependency, v.request.tenant);
            let stored = stores.by_tenant.entry(tenant).or_default();
            if *stored >= o.quota.0 {
                refusal = Some(Failure::Throttled);
                continue;
            }
            *stored += 1;
        }
        planned.items.push(item);
    }
    planned.refusal = refusal.filter(|_| single);
}

/// The shard that alone is asked, where it is one by a hash.
fn of_request(w: &World<'_>, v: &Visit<'_>, shards: &ShardsOptions) -> Option<usize> {
    let digest = |tag| tag_digest(v.request, &w.tags.borrow(), tag);
    let digest = match shards.by {
        ShardsBy::All => return None,
        ShardsBy::User => digest(Tag::User),
        ShardsBy::Tenant => digest(Tag::Tenant),
        ShardsBy::Content => v.request.payload.raw_digest,
    };
    Some((mix(digest) % u64::from(shards.count)) as usize)
}

/// The slowest shard of those that answer is the time that a search takes.
fn search(
    w: &World<'_>,
    v: &Visit<'_>,
    parts: &mut Parts,
    step: &Step,
    number: u16,
    time: &mut u64,
    planned: &mut Planned,
) {
    let spec = &w.newest().spec.dependencies[step.dependency];
    let Some(shards) = &spec.shards else { return };
    let only = of_request(w, v, shards);
    let asked = only.map_or(shards.count as usize, |_| 1);
    let (several, _) = Several::of(&mut parts.searches, step.draws, asked);
    let whole = whole(w, v, step, number);
    let size = super::stages::size(v);
    let mut slowest = None;
    for place in 0..several.there.len() {
        if several.there[place] {
            continue;
        }
        let shard = only.unwrap_or(place);
        let once = (shard as u64) << 32 | step.draws;
        let key = u64::from(number) << 48 | once;
        let lost = w.saboteur.refuses(&whole, &Part::Shard { number: shard });
        let fails = |v: &Visit<'_>| v.dice.draw(purpose::SHARD_FAILS, key);
        if lost || shards.error_rate.0 > 0.0 && fails(v).chance(shards.error_rate.0) {
            continue;
        }
        let took = spec
            .latency
            .sample(size, &mut v.dice.draw(purpose::SHARD, key));
        slowest = slowest.max(Some(took));
        let mut draw = v.dice.draw(purpose::HITS, once);
        planned.hits += draw.below(2 * u64::from(shards.hits) + 1) as u32;
        planned.shards.push(place);
    }
    if let Some(slowest) = slowest.filter(|_| *time < u64::MAX) {
        *time = slowest;
    }
    let there = several.there.iter().filter(|t| **t).count() + planned.shards.len();
    if there < shards.need as usize {
        planned.refusal = Some(Failure::Error);
    }
}

impl Planned {
    /// The answer is there: what it brought counts. How the call failed, if it did after all.
    pub fn arrives(self, w: &World<'_>, parts: &RefCell<Parts>, step: &Step) -> Option<Failure> {
        let parts = &mut *parts.borrow_mut();
        if self.refusal.is_some() {
            return self.refusal;
        }
        if let Some(bulk) = parts.bulk.iter_mut().find(|s| s.step == step.draws) {
            let mut stores = w.stores.borrow_mut();
            for item in self.items {
                bulk.there[item] = true;
                stores.note(step.dependency, bulk.fields[item], |(_, stored)| {
                    *stored += 1
                });
            }
        }
        if let Some(search) = parts.searches.iter_mut().find(|s| s.step == step.draws) {
            self.shards.into_iter().for_each(|s| search.there[s] = true);
            parts.hits = parts.hits.saturating_add(self.hits);
        }
        let stream = w.newest().spec.dependencies[step.dependency]
            .stream
            .as_ref()?;
        if let Some(tokens) = self.cut {
            parts.end = end_marker::MISSING;
            if stream.on_cut == OnCut::Fail {
                return Some(Failure::Error);
            }
            parts.cut_at = Some(tokens);
        } else {
            parts.end = end_marker::PRESENT;
            parts.cut_at = None;
        }
        None
    }
}

/// The calls of a request have ended so: writes what is known of its parts into the row. Gives the outcome by what the
/// answer says.
pub(super) fn say(v: &Visit<'_>, parts: &RefCell<Parts>, row: &mut RequestRow, end: u8) -> u8 {
    let parts = parts.borrow();
    let truth = parts.truth(end);
    row.honest = truth;
    row.steps_failed = u16::try_from(parts.missing).unwrap_or(u16::MAX);
    (row.items_sent, row.items_stored) = count(&parts.bulk);
    let (shards, ok) = count(&parts.searches);
    let fit = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    (row.shards, row.shards_ok) = (fit(shards), fit(ok));
    row.hits = parts.hits;
    row.end_marker = parts.end;
    if let Some(tokens) = parts.cut_at {
        row.output_tokens = tokens;
    }
    let honest = ReportOptions {
        kind: ReportKind::Honest,
        status: Status::Partial,
        retry_failed: false,
    };
    let report = v.version.spec.report.as_ref().unwrap_or(&honest);
    let any = parts.there > 0;
    let (status, says) = match report.kind {
        ReportKind::AlwaysOk => (outcome::OK, told::COMPLETE),
        ReportKind::AggregateBoolean if any => (outcome::OK, told::COMPLETE),
        _ => match truth {
            outcome::OK => (outcome::OK, told::COMPLETE),
            outcome::DEGRADED if report.status == Status::Map => (outcome::OK, told::PARTIAL),
            outcome::DEGRADED => (outcome::DEGRADED, told::PARTIAL),
            failed => (failed, told::FAILED),
        },
    };
    row.told = says;
    status
}

/// Of an answer that no call has part in.
pub(super) fn say_whole(row: &mut RequestRow) {
    row.honest = row.outcome;
    row.told = match row.outcome {
        outcome::OK => told::COMPLETE,
        outcome::DEGRADED => told::PARTIAL,
        0 | outcome::HUNG_UP => 0,
        _ => told::FAILED,
    };
}
