//! For whom it is worse: values of tags, and pairs of them, whose requests got worse by more than everybody's (`odds`).
//!
//! The clearest group speaks; a narrower one within it takes its place where the rest of the wider is *shown* to lack the
//! effect (a tenant implies its region, a route may only be bad for one class). Then its requests are left out, and the
//! search begins again. Source of the thresholds: DIAGNOSIS.md 2.6 (z 4.8: 1 % over 200 values is 3.9, the rest pays for
//! tenants that drift by themselves; 5.2 for pairs, which are chosen on the data that they are tested on).

mod attribute;
mod odds;

use super::{
    Segment,
    evidence::Spans,
    series::What,
    stats::{quantile, spaced},
    view::View,
    windows::SECOND,
};
use crate::recording::{cache, outcome, parsed, requests};
use attribute::Attribute;
use odds::{Group, Row};

const STRATUM: u64 = 10 * SECOND;
/// ln 1.3: less is not worth a name.
const LEAST_EFFECT: f64 = 0.2624;
const LEAST_Z: f64 = 4.8;
const LEAST_Z_PAIR: f64 = 5.2;
const LEAST_BAD: f64 = 30.0;
/// Rows that are looked at; more change no answer.
const SAMPLE: usize = 150_000;
/// Single values that pairs are made of, and the z from which they may.
const SINGLES: usize = 12;
const PROMISING: f64 = 2.0;
/// Groups that are named at most.
const NAMED: usize = 3;
/// A group of more than this share of the rows is everybody.
const EVERYBODY: f64 = 0.9;
/// Standard errors of 95 % on one side.
const ONE_SIDED: f64 = 1.64;

/// A group: one value, or two values of different attributes.
#[derive(Clone, Debug)]
struct Candidate {
    of: Vec<(usize, u32)>,
    group: Group,
    z: f64,
}

/// The rows that are looked at, and what they can be told apart by.
struct Table {
    rows: Vec<Row>,
    attributes: Vec<Attribute>,
}

/// The segments that are worse, the clearest first.
pub fn find(view: &View, spans: &Spans, lead: What) -> Vec<Segment> {
    let mut table = read(view, spans, lead);
    let mut found = vec![];
    while found.len() < NAMED {
        let Some(best) = best(&table) else {
            break;
        };
        let n = table.rows.iter().filter(|r| r.phase == 1).count().max(1) as f64;
        let part = |f: &dyn Fn(&Attribute, u32) -> String| -> Vec<String> {
            best.of
                .iter()
                .map(|&(a, code)| f(&table.attributes[a], code))
                .collect()
        };
        found.push(Segment {
            tag: part(&|a, _| a.name.to_string()).join(" x "),
            value: part(&|a, code| a.values[code as usize].clone()).join(" x "),
            odds: libm::exp(best.group.effect().min(20.0)),
            share: best.group.n[1] / n,
            z: best.z,
        });
        table.leave_out(&best);
    }
    found
}

/// Whether a request went badly, in the way that this episode is about.
fn judge<'v>(view: &'v View, spans: &Spans, lead: What) -> Box<dyn Fn(usize) -> Option<bool> + 'v> {
    if lead == What::Misses || lead.behind_misses() {
        return Box::new(|i| match view.get(requests::cache, i) as u8 {
            cache::HIT => Some(false),
            cache::MISS => Some(true),
            _ => None,
        });
    }
    if lead == What::ParseErrors {
        return Box::new(|i| Some(parsed::is_fault(view.get(requests::parse_error, i) as u8)));
    }
    if lead == What::Rejects {
        let rejected = u64::from(outcome::REJECTED);
        return Box::new(move |i| Some(view.get(requests::outcome, i) == rejected));
    }
    let rows = view.between(spans.before.start, spans.before.end);
    let mut latencies: Vec<f32> = spaced(rows, 100_000)
        .map(|i| view.seconds(requests::latency, i))
        .collect();
    let line = quantile(&mut latencies, 0.95).unwrap_or(f32::MAX);
    Box::new(move |i| {
        let failed = !matches!(
            view.get(requests::outcome, i) as u8,
            0 | outcome::OK | outcome::DEGRADED
        );
        Some(failed || view.seconds(requests::latency, i) > line)
    })
}

fn read(view: &View, spans: &Spans, lead: What) -> Table {
    let bad = judge(view, spans, lead);
    let (mut rows, mut places) = (vec![], vec![]);
    for (phase, span) in [&spans.before, &spans.during].into_iter().enumerate() {
        for i in spaced(view.between(span.start, span.end), SAMPLE) {
            if let Some(bad) = bad(i) {
                // Strata begin at whole tens of seconds; the second phase has none of the first's.
                let stratum = (view.arrived[i] / STRATUM) as u32 + phase as u32;
                rows.push(Row {
                    stratum,
                    phase: phase as u8,
                    bad,
                });
                places.push(i as u32);
            }
        }
    }
    let attributes = attribute::all(view, &places, &spans.before);
    Table { rows, attributes }
}

impl Table {
    /// Which rows a group holds.
    fn holds(&self, of: &[(usize, u32)], row: usize) -> bool {
        of.iter()
            .all(|&(a, code)| self.attributes[a].codes[row] == code)
    }

    /// Tests a group, or what is left of it without another, against all other rows.
    fn test(&self, of: &[(usize, u32)], without: Option<&[(usize, u32)]>) -> Group {
        let code = |row: usize| {
            let in_it = self.holds(of, row) && without.is_none_or(|w| !self.holds(w, row));
            u32::from(!in_it)
        };
        let codes: Vec<u32> = (0..self.rows.len()).map(code).collect();
        odds::groups(&self.rows, &codes, 1).swap_remove(0)
    }

    /// Takes a group's rows out.
    fn leave_out(&mut self, group: &Candidate) {
        let keep: Vec<bool> = (0..self.rows.len())
            .map(|row| !self.holds(&group.of, row))
            .collect();
        let mut kept = keep.iter();
        self.rows.retain(|_| *kept.next().unwrap_or(&true));
        for attribute in &mut self.attributes {
            let mut kept = keep.iter();
            attribute.codes.retain(|_| *kept.next().unwrap_or(&true));
        }
    }
}

/// The group that is worse most clearly, as narrow as the data show it to be.
fn best(table: &Table) -> Option<Candidate> {
    let total = table.rows.iter().filter(|r| r.phase == 1).count() as f64;
    let mut singles: Vec<Candidate> = vec![];
    for (a, attribute) in table.attributes.iter().enumerate() {
        let groups = odds::groups(&table.rows, &attribute.codes, attribute.values.len());
        let all = odds::dispersion(&groups);
        for (code, group) in groups.into_iter().enumerate() {
            if group.tells() && group.effect() > 0.0 && group.n[1] <= EVERYBODY * total {
                let z = group.effect() / group.error(group.phi(all));
                singles.push(Candidate {
                    of: vec![(a, code as u32)],
                    group,
                    z,
                });
            }
        }
    }
    singles.sort_by(|a, b| b.z.total_cmp(&a.z).then(a.of.cmp(&b.of)));
    let promising: Vec<&Candidate> = singles
        .iter()
        .filter(|c| c.z > PROMISING)
        .take(SINGLES)
        .collect();
    let mut pairs: Vec<Candidate> = vec![];
    for (k, first) in promising.iter().enumerate() {
        for second in &promising[k + 1..] {
            if first.of[0].0 == second.of[0].0 {
                continue;
            }
            let mut of = vec![first.of[0], second.of[0]];
            of.sort_unstable();
            let group = table.test(&of, None);
            if group.tells() {
                let z = group.effect() / group.error(group.phi(1.0));
                pairs.push(Candidate { of, group, z });
            }
        }
    }
    let large = |c: &&Candidate| c.group.effect() >= LEAST_EFFECT && c.group.bad[1] >= LEAST_BAD;
    let mut all: Vec<&Candidate> = singles
        .iter()
        .filter(|c| c.z >= LEAST_Z)
        .filter(large)
        .collect();
    let mut best = (*all.first()?).clone();
    all.extend(pairs.iter().filter(|c| c.z >= LEAST_Z_PAIR).filter(large));
    // The clearest narrower one, as long as there is one.
    loop {
        let narrower = all
            .iter()
            .filter(|c| c.group.n[1] < 0.95 * best.group.n[1] && within(table, c, &best))
            .filter(|c| lacks_elsewhere(table, &best, c))
            .max_by(|a, b| a.z.total_cmp(&b.z).then(b.of.cmp(&a.of)));
        match narrower {
            Some(narrower) => best = (*narrower).clone(),
            None => return Some(best),
        }
    }
}

/// Whether nearly all rows of one group are rows of another.
fn within(table: &Table, narrow: &Candidate, wide: &Candidate) -> bool {
    if wide.of.iter().all(|of| narrow.of.contains(of)) {
        return true;
    }
    let of: Vec<usize> = (0..table.rows.len())
        .filter(|&r| table.holds(&narrow.of, r))
        .collect();
    let both = of.iter().filter(|&&r| table.holds(&wide.of, r)).count();
    both * 20 >= of.len() * 19
}

/// Whether the rest of the wider group is shown to have less than half of the narrower one's effect.
fn lacks_elsewhere(table: &Table, wide: &Candidate, narrow: &Candidate) -> bool {
    let rest = table.test(&wide.of, Some(&narrow.of));
    rest.tells()
        && rest.effect() + ONE_SIDED * rest.error(rest.phi(1.0)) < narrow.group.effect() / 2.0
}
