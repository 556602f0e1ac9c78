//! What answers lack, and whether they say so: sub-steps, items, shards, ends of streams, and defaults in their place.

use super::{Evidence, Fact, Spans};
use crate::{
    diagnosis::{
        series::{lacks, whole},
        stats::{Measure, difference, quantile, share},
        view::View,
    },
    recording::{attempts, end_marker, gauges, outcome, requests, result, served_by, told},
};
use std::{collections::BTreeMap, ops::Range};

/// Answers in the episode below which nothing is said of what they lack.
const LEAST: f64 = 8.0;

#[derive(Default)]
struct Side {
    n: f64,
    hidden: f64,
    lacking: f64,
    unstored: f64,
    /// Of the hidden ones: steps, items, shards, ends, defaults.
    of: [f64; 5],
}

/// Whether an answer says that it is complete, and is not.
fn hides(view: &View, i: usize) -> bool {
    view.get(requests::told, i) == u64::from(told::COMPLETE) && !whole(view, i)
}

fn count(view: &View, rows: impl Iterator<Item = usize>) -> Side {
    let mut side = Side::default();
    for i in rows {
        let get = |column| view.get(column, i);
        side.n += 1.0;
        side.lacking += f64::from(u8::from(lacks(view, i)));
        let unstored = get(requests::items_stored) < get(requests::items_sent);
        side.unstored += f64::from(u8::from(unstored));
        if hides(view, i) {
            side.hidden += 1.0;
            let of = [
                get(requests::steps_failed) > 0,
                unstored,
                get(requests::shards_ok) < get(requests::shards),
                get(requests::end_marker) == u64::from(end_marker::MISSING),
                get(requests::served_by) == u64::from(served_by::FALLBACK),
            ];
            for (sum, is) in side.of.iter_mut().zip(of) {
                *sum += f64::from(u8::from(is));
            }
        }
    }
    side
}

pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    let before = view.between(spans.before.start, spans.before.end);
    let during = view.between(spans.during.start, spans.during.end);
    let affected = |i: &usize| {
        spans
            .version
            .is_none_or(|v| view.get(v.column, *i) == v.value)
    };
    let (b, d) = (
        count(view, before),
        count(view, during.clone().filter(affected)),
    );
    let up = |b: f64, bn: f64, d: f64, dn: f64| Some(difference(share(d, dn)?, share(b, bn)?));
    evidence.put(Fact::Lacking, up(b.lacking, b.n, d.lacking, d.n));
    let items = (b.unstored, b.n, d.unstored, d.n);
    if up(items.0, items.1, items.2, items.3).is_some_and(|m| m.value > 3.0 * m.se)
        && d.unstored >= LEAST
    {
        evidence.put(Fact::WrongForm, one_field(view, spans));
    }
    if !view.has(requests::told) || !view.has(requests::honest) {
        if d.lacking >= LEAST {
            evidence.limits.push(
                "what answers say of themselves is not recorded beside the log of their steps: whether a failure is hidden is not told".into(),
            );
        }
        return;
    }
    let hidden = up(b.hidden, b.n, d.hidden, d.n);
    evidence.put(Fact::Hidden, hidden);
    let clear = hidden.is_some_and(|m| m.value > 3.0 * m.se) && d.hidden >= LEAST;
    let usual = b.hidden / b.n.max(1.0);
    let excess = (d.hidden / d.n.max(1.0) - usual).max(1e-12);
    let facts = [
        Fact::HiddenSteps,
        Fact::HiddenItems,
        Fact::HiddenShards,
        Fact::HiddenEnds,
        Fact::HiddenDefaults,
    ];
    for (k, fact) in facts.into_iter().enumerate() {
        let part = ((d.of[k] / d.n.max(1.0) - b.of[k] / b.n.max(1.0)) / excess).clamp(0.0, 1.0);
        let se = (part * (1.0 - part) / d.hidden.max(1.0)).sqrt();
        evidence.put(
            fact,
            Some(if clear {
                Measure::new(part, se)
            } else {
                Measure::new(0.0, 0.0)
            }),
        );
    }
    if !clear {
        return;
    }
    let ends = ends(view);
    evidence.put(
        Fact::WholeSaid,
        whole_said(view, during.clone().filter(affected), &ends),
    );
    late(view, during.filter(affected), &ends, evidence);
}

/// A call of a request was late, failed, or was answered.
const LATE: u8 = 1;
const FAILED: u8 = 2;
const ANSWERED: u8 = 4;

/// How the calls of each request ended, by its row; nothing where calls are not recorded.
fn ends(view: &View) -> Vec<u8> {
    let table = &view.recording.attempts;
    if !view.own_calls || !table.has(attempts::result) || !table.has(attempts::request) {
        return vec![];
    }
    let mut ends = vec![0u8; view.recording.requests.len()];
    for call in &view.calls {
        let end = match call.result {
            result::OK => ANSWERED,
            result::TIMEOUT | result::CANCELLED => LATE,
            result::ERROR | result::REFUSED | result::THROTTLED => FAILED,
            _ => continue,
        };
        if let Some(of) = ends.get_mut(view.of_call(attempts::request, call) as usize) {
            *of |= end;
        }
    }
    ends
}

/// Of the requests of which no call was answered, or, without calls, that failed altogether: how many say so.
fn whole_said(view: &View, rows: impl Iterator<Item = usize>, ends: &[u8]) -> Option<Measure> {
    let (mut n, mut said) = (0.0, 0.0);
    for i in rows.filter(|&i| !whole(view, i)) {
        let says = view.get(requests::told, i) as u8;
        let nothing = match ends.get(view.row(i) as usize) {
            Some(end) => *end != 0 && end & ANSWERED == 0,
            None => matches!(
                view.get(requests::honest, i) as u8,
                outcome::ERROR | outcome::TIMEOUT
            ),
        };
        if nothing && says != 0 {
            n += 1.0;
            said += f64::from(u8::from(says != told::COMPLETE));
        }
    }
    (n >= LEAST).then(|| share(said, n)).flatten()
}

/// Whether steps that are not there were late, or failed: by the attempts, or by answers that all come at one time.
fn late(view: &View, rows: impl Iterator<Item = usize>, ends: &[u8], evidence: &mut Evidence) {
    let rows: Vec<usize> = rows
        .filter(|&i| hides(view, i) && view.get(requests::steps_failed, i) > 0)
        .collect();
    let mut latencies: Vec<f32> = rows
        .iter()
        .map(|&i| view.seconds(requests::latency, i))
        .collect();
    if (latencies.len() as f64) < LEAST {
        return;
    }
    // Answers at a deadline differ by the time of a few steps; those of calls are spread over more than ten times that.
    let at = quantile(&mut latencies, 0.5).unwrap_or(0.0);
    let near = latencies
        .iter()
        .filter(|l| (**l - at).abs() <= 0.03 * at)
        .count();
    let together = share(near as f64, latencies.len() as f64);
    evidence.put(Fact::AtDeadline, together);
    if ends.is_empty() {
        evidence.put(Fact::LeftOut, together);
        evidence.limits.push(
            "attempts are not recorded: a step that is missing was late or failed by the time of its answer alone".into(),
        );
        return;
    }
    let (mut n, mut k) = (0.0, 0.0);
    for &i in &rows {
        let end = ends.get(view.row(i) as usize).copied().unwrap_or_default();
        // Without a call that ended badly, it was never made: there was no time for it.
        n += 1.0;
        k += f64::from(u8::from(end & FAILED == 0));
    }
    evidence.put(Fact::LeftOut, share(k, n));
}

/// Weight of what items with another field lose.
const ELSEWHERE: f64 = 0.6;

/// Whether items of one field are refused, and of no other: by the gauges of what was stored of the items that carry a field.
/// Items with another field carry this one now and then, so a field is worst where more of it is lost than of all others twice.
fn one_field(view: &View, spans: &Spans) -> Option<Measure> {
    let names = view.recording.names.get("gauge")?;
    let table = &view.recording.gauges;
    let mut fields: BTreeMap<u64, [(f64, f64); 2]> = BTreeMap::new();
    let inside = |span: &Range<u64>, time: u64| span.contains(&time);
    for row in 0..table.len() {
        let gauge = table.value(gauges::gauge, row);
        if !names.name(gauge as u32).starts_with("items.field_stored.") {
            continue;
        }
        let time = table.value(gauges::time, row);
        let side = match (inside(&spans.before, time), inside(&spans.during, time)) {
            (true, _) => 0,
            (_, true) => 1,
            _ => continue,
        };
        let of = &mut fields.entry(gauge).or_default()[side];
        of.0 += 1.0;
        of.1 += f64::from_bits(table.value(gauges::value, row));
    }
    let lost: Vec<(bool, f64)> = fields
        .iter()
        .filter(|(_, [b, d])| b.0 > 0.0 && d.0 > 0.0)
        .map(|(gauge, [b, d])| {
            let plain = names.name(*gauge as u32).ends_with(".plain");
            (plain, (b.1 / b.0 - d.1 / d.0).max(0.0))
        })
        .collect();
    let mut fields: Vec<f64> = lost.iter().filter(|l| !l.0).map(|l| l.1).collect();
    fields.sort_by(|a, b| b.total_cmp(a));
    let worst = fields.first().copied()?;
    let second = fields.get(1).copied().unwrap_or(0.0);
    let plain = lost.iter().find(|(plain, _)| *plain).map(|(_, l)| *l)?;
    // By chance, those without the field lose as much, and those with another. One form of it: the former lose nothing, and
    // the latter what they have in common with it, which is seldom more than half.
    let others = plain.max(ELSEWHERE * second);
    (worst > 0.0).then(|| Measure::new(1.0 - (others / worst).min(1.0), 0.05))
}
