//! What cannot be read: what is wrong with it, who sent it, which reader refuses it, and whether its form was read before.

use super::{Evidence, Fact, Spans};
use crate::{
    diagnosis::{
        series::{unread, unread_call},
        stats::{Measure, difference, share},
        view::{Call, View},
        windows::SECOND,
    },
    recording::{attempts, parsed, parsed_at, requests, result},
    sim::hash::FixedState,
};
use hashbrown::{HashMap, HashSet};
use std::{collections::BTreeMap, ops::Range};

const WORDS: usize = parsed::WORDS.len();
/// Failures in the episode below which nothing is said of their kind.
const LEAST: f64 = 8.0;

#[derive(Default)]
struct Side {
    n: f64,
    bad: f64,
    by: [f64; WORDS],
}

impl Side {
    fn rate(&self, word: u8) -> f64 {
        self.by[usize::from(word)] / self.n.max(1.0)
    }
}

/// A request, or a call that was answered, and what its reader said.
#[derive(Clone, Copy)]
struct Item {
    /// The number of the request.
    i: usize,
    word: u8,
    bad: bool,
}

/// Requests that arrived in a span.
fn requests_of(view: &View, span: &Range<u64>) -> Vec<Item> {
    let item = |i| Item {
        i,
        word: view.get(requests::parse_error, i) as u8,
        bad: unread(view, i),
    };
    view.between(span.start, span.end).map(item).collect()
}

/// Calls that were answered in a span, by the requests that made them.
fn calls_of(view: &View, span: &Range<u64>) -> Vec<Item> {
    let mut number = vec![usize::MAX; view.recording.requests.len()];
    // A call belongs to a request of the last minutes, at most.
    let from = span.start.saturating_sub(600 * SECOND);
    for i in view.between(from, span.end) {
        number[view.row(i) as usize] = i;
    }
    let item = |call: &Call| {
        let row = view.of_call(attempts::request, call) as usize;
        let i = *number.get(row).filter(|i| **i != usize::MAX)?;
        Some(Item {
            i,
            word: view.of_call(attempts::parse_error, call) as u8,
            bad: unread_call(view, call),
        })
    };
    view.calls[view.calls_between(span.start, span.end)]
        .iter()
        .filter(|call| call.result == result::OK)
        .filter_map(item)
        .collect()
}

fn count<'a>(items: impl Iterator<Item = &'a Item>) -> Side {
    let mut side = Side::default();
    for item in items {
        side.n += 1.0;
        if item.bad {
            side.bad += 1.0;
            side.by[usize::from(item.word).min(WORDS - 1)] += 1.0;
        }
    }
    side
}

fn more(b: &Side, d: &Side) -> Option<Measure> {
    Some(difference(share(d.bad, d.n)?, share(b.bad, b.n)?))
}

pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    let answers = view.calls_have(attempts::parse_error);
    if !view.has(requests::parse_error) && !view.has(requests::parser_version) && !answers {
        return;
    }
    let by_version = |item: &Item| {
        spans
            .version
            .is_none_or(|v| view.get(v.column, item.i) == v.value)
    };
    let read = |of: fn(&View, &Range<u64>) -> Vec<Item>| {
        let before = of(view, &spans.before);
        let mut during = of(view, &spans.during);
        during.retain(by_version);
        (before, during)
    };
    let (mut before, mut during) = read(requests_of);
    let mut excess = more(&count(before.iter()), &count(during.iter()));
    // What is asked for again may be read after all: then its calls tell, and its request does not.
    let mut calls = false;
    if answers {
        let (b, d) = read(calls_of);
        let of_calls = more(&count(b.iter()), &count(d.iter()));
        let size = |m: Option<Measure>| m.map_or(0.0, Measure::shrunk);
        if size(of_calls) > size(excess) {
            (before, during, excess, calls) = (b, d, of_calls, true);
        }
    }
    evidence.put(Fact::Unread, excess);
    let (b, all) = (count(before.iter()), count(during.iter()));
    let clear = excess.is_some_and(|m| m.value > 3.0 * m.se) && all.bad >= LEAST;
    if !clear {
        for fact in KINDS {
            evidence.put(fact, Some(Measure::new(0.0, 0.0)));
        }
        return;
    }
    let reader = by_new_reader(view, spans, &before, &during);
    // In a roll-out the requests of the reader that refuses speak.
    during.retain(|item| {
        reader.version == 0 || view.get(requests::parser_version, item.i) == reader.version
    });
    let d = count(during.iter());
    let excess: Vec<f64> = (0..WORDS as u8)
        .map(|w| (d.rate(w) - b.rate(w)).max(0.0))
        .collect();
    let total: f64 = excess.iter().sum();
    let part = |words: &[u8]| {
        let p = words.iter().map(|&w| excess[usize::from(w)]).sum::<f64>() / total.max(1e-12);
        Measure::new(p, (p * (1.0 - p) / d.bad).sqrt())
    };
    let middle = broken_within(view, &during).filter(|_| !calls);
    let syntax = part(&[parsed::SYNTAX]);
    for (fact, word) in [
        (Fact::UnreadMissing, parsed::MISSING_FIELD),
        (Fact::UnreadType, parsed::WRONG_TYPE),
        (Fact::UnreadValue, parsed::UNKNOWN_VALUE),
        (Fact::UnreadFormat, parsed::WRONG_FORMAT),
        (Fact::UnreadCut, parsed::TRUNCATED),
        (Fact::UnreadWrapped, parsed::WRAPPED),
        (Fact::WrongForm, parsed::WRONG_FORMAT),
    ] {
        evidence.put(fact, Some(part(&[word])));
    }
    evidence.put(Fact::UnreadBroken, Some(middle.unwrap_or(syntax)));
    evidence.put(Fact::ByNewReader, Some(reader.share));
    if !calls {
        let known = shape_known(view, &before, &during);
        evidence.put(Fact::ShapeKnown, known);
        if known.is_none() {
            evidence.limits.push(
                "shapes of payloads are not recorded: whether what cannot be read is of a new form is not told".into(),
            );
        }
    }
    let others = writers(view, &before, &during, evidence).unwrap_or(0.0);
    let old = 1.0 - reader.share.value;
    let missing = part(&[parsed::MISSING_FIELD]);
    let apart =
        missing.value * others + part(&[parsed::WRONG_TYPE, parsed::UNKNOWN_FIELD]).value * old;
    evidence.put(Fact::Apart, Some(Measure::new(apart, missing.se)));
    let usual = b.bad / b.n.max(1.0);
    let course = course(view, spans, usual, &during, &reader);
    let falls = course.map_or(0.0, |c| c.falls.shrunk());
    if let Some(course) = course {
        evidence.put(Fact::UnreadFalls, Some(course.falls));
        evidence.put(Fact::UnreadRises, Some(course.rises));
    }
    // What a strict reader refuses that was free to be sent: a new name, a value. (Types have a cause of their own.)
    let free = part(&[
        parsed::UNKNOWN_FIELD,
        parsed::UNKNOWN_VALUE,
        parsed::WRONG_FORMAT,
    ])
    .value;
    let outpaced = match reader.version {
        0 => 0.0,
        _ => falls.max(free) * reader.share.value,
    };
    evidence.put(Fact::Outpaced, Some(Measure::new(outpaced, 0.0)));
}

/// Facts of kind, which are nought where there is nothing to tell kinds of.
const KINDS: [Fact; 9] = [
    Fact::UnreadMissing,
    Fact::UnreadType,
    Fact::UnreadValue,
    Fact::UnreadFormat,
    Fact::UnreadCut,
    Fact::UnreadWrapped,
    Fact::UnreadBroken,
    Fact::WrongForm,
    Fact::Apart,
];

struct Reader {
    /// Of what cannot be read, so much is refused by a reader that is new.
    share: Measure,
    /// Its version of the parser; 0 where none is new.
    version: u64,
}

/// Requests that a version must have served before to be known, of all: an onset is not known to the request, and the first
/// ones of a deploy may lie before it.
const KNOWN: f64 = 0.02;

/// A deploy whose service alone has a new version is taken for one of the reader where it falls on the onset, ns.
const AT_ONCE: u64 = 2 * SECOND;
/// And then it is most of the evidence: a parser that changed under its old version.
const UNNAMED: f64 = 0.75;

/// Share of what cannot be read that a version of the parser refuses which did not serve before.
fn by_new_reader(view: &View, spans: &Spans, before: &[Item], during: &[Item]) -> Reader {
    let new = |column: usize| -> (Measure, u64) {
        let mut served: BTreeMap<u64, f64> = BTreeMap::new();
        for item in before {
            let beside = spans
                .version
                .is_none_or(|v| view.get(v.column, item.i) != v.value);
            if beside {
                *served.entry(view.get(column, item.i)).or_default() += 1.0;
            }
        }
        let least = KNOWN * served.values().sum::<f64>();
        let mut refused: BTreeMap<u64, f64> = BTreeMap::new();
        for item in during.iter().filter(|item| item.bad) {
            *refused.entry(view.get(column, item.i)).or_default() += 1.0;
        }
        let all: f64 = refused.values().sum();
        let fresh = refused
            .iter()
            .filter(|(version, _)| served.get(version).is_none_or(|n| *n < least));
        let most = fresh.clone().max_by(|a, b| a.1.total_cmp(b.1));
        let sum: f64 = fresh.map(|(_, n)| *n).sum();
        (
            share(sum, all).unwrap_or(Measure::new(0.0, 0.0)),
            most.map_or(0, |(version, _)| *version),
        )
    };
    let (parser, version) = new(requests::parser_version);
    if parser.value > 0.5 {
        return Reader {
            share: parser,
            version,
        };
    }
    let at_onset = super::events(view).iter().any(|e| {
        let near = spans.onset.start.saturating_sub(AT_ONCE)..=spans.onset.end + SECOND;
        // In a wide interval something or other was deployed.
        spans.onset.end - spans.onset.start <= 4 * AT_ONCE
            && e.version > 1
            && near.contains(&e.time)
    });
    let (service, _) = new(requests::service_version);
    let share = match at_onset && service.value > 0.95 {
        true => Measure::new(UNNAMED, service.se),
        false => parser,
    };
    Reader { share, version: 0 }
}

/// Share of what cannot be read whose bytes break in the middle; `None` where that is not recorded.
fn broken_within(view: &View, during: &[Item]) -> Option<Measure> {
    if !view.has(requests::parse_at) {
        return None;
    }
    let (mut n, mut k) = (0.0, 0.0);
    for item in during.iter().filter(|item| item.bad) {
        n += 1.0;
        let middle = view.get(requests::parse_at, item.i) == u64::from(parsed_at::MIDDLE);
        k += f64::from(u8::from(middle));
    }
    share(k, n)
}

/// Share of what cannot be read whose shape was read without fault before.
fn shape_known(view: &View, before: &[Item], during: &[Item]) -> Option<Measure> {
    if !view.has(requests::shape) {
        return None;
    }
    let shape = |item: &Item| view.get(requests::shape, item.i);
    let read: HashSet<u64, FixedState> =
        before.iter().filter(|item| !item.bad).map(shape).collect();
    let (mut n, mut k) = (0.0, 0.0);
    for shape in during.iter().filter(|item| item.bad).map(shape) {
        if shape != 0 {
            n += 1.0;
            k += f64::from(u8::from(read.contains(&shape)));
        }
    }
    share(k, n)
}

#[derive(Default)]
struct Client {
    before: f64,
    unknown: f64,
    during: f64,
    bad: f64,
    bad_unknown: f64,
}

/// Who sends it: how far one version of clients is alone with it, and how much of what it sends that is. Gives how many names
/// more than before the reader does not know in what it refuses, where that is recorded.
fn writers(view: &View, before: &[Item], during: &[Item], evidence: &mut Evidence) -> Option<f64> {
    let mut clients: HashMap<u64, Client, FixedState> = HashMap::default();
    for i in before.iter().map(|item| item.i) {
        let client = clients.entry(view.get(requests::client, i)).or_default();
        client.before += 1.0;
        client.unknown += view.get(requests::unknown_fields, i) as f64;
    }
    for &Item { i, bad, .. } in during {
        let client = clients.entry(view.get(requests::client, i)).or_default();
        client.during += 1.0;
        if bad {
            client.bad += 1.0;
            client.bad_unknown += view.get(requests::unknown_fields, i) as f64;
        }
    }
    let clients: BTreeMap<u64, Client> = clients.into_iter().collect();
    let bad: f64 = clients.values().map(|c| c.bad).sum();
    let all: f64 = clients.values().map(|c| c.during).sum();
    let top = clients
        .values()
        .max_by(|a, b| (a.bad).total_cmp(&b.bad))
        .filter(|c| c.bad >= LEAST)?;
    // With one version of clients there is nobody to be told from.
    if view.has(requests::client) && top.during < 0.97 * all {
        let traffic = top.during / all.max(1.0);
        let own = share(top.bad, bad)?;
        evidence.put(
            Fact::OneClient,
            Some(Measure::new(
                (own.value - traffic) / (1.0 - traffic),
                own.se / (1.0 - traffic),
            )),
        );
        let most = clients
            .values()
            .filter(|c| c.bad >= LEAST)
            .filter_map(|c| share(c.bad, c.during))
            .max_by(|a, b| a.value.total_cmp(&b.value));
        evidence.put(Fact::OfClient, most);
    }
    if !view.recording.requests.has(requests::unknown_fields) {
        return None;
    }
    let usual = |c: &Client| c.unknown / c.before.max(1.0);
    let more: f64 = clients
        .values()
        .map(|c| c.bad_unknown - c.bad * usual(c))
        .sum();
    Some((more / bad.max(1.0)).clamp(0.0, 1.0))
}

#[derive(Clone, Copy)]
struct Course {
    falls: Measure,
    rises: Measure,
}

/// How the share that cannot be read goes on: from the first third of the episode to its last, and, where the same reader goes
/// on serving, to what comes after.
fn course(
    view: &View,
    spans: &Spans,
    usual: f64,
    during: &[Item],
    reader: &Reader,
) -> Option<Course> {
    let (from, to) = (spans.during.start, spans.during.end);
    let third = (to - from) / 3;
    let beyond = |side: Side| {
        let m = share(side.bad, side.n)?;
        (side.n >= 30.0).then(|| Measure::new((m.value - usual).max(0.0), m.se))
    };
    let within = |from: u64, to: u64| {
        let inside = |item: &&Item| (from..to).contains(&view.arrived[item.i]);
        beyond(count(during.iter().filter(inside)))
    };
    let (first, last) = (within(from, from + third)?, within(to - third, to)?);
    let gone = |early: Measure, late: Measure| {
        let relative = (early.se / early.value.max(1e-9)).hypot(late.se / early.value.max(1e-9));
        Measure::new(1.0 - late.value / early.value.max(1e-9), relative)
    };
    let mut falls = gone(first, last);
    let margin = third / 4;
    if reader.version != 0 {
        let mut later = requests_of(view, &(to + margin..view.end.min(to + margin + 2 * third)));
        later.retain(|item| view.get(requests::parser_version, item.i) == reader.version);
        if let Some(after) = beyond(count(later.iter())).map(|after| gone(first, after))
            && after.shrunk() > falls.shrunk()
        {
            falls = after;
        }
    }
    Some(Course {
        falls,
        rises: gone(last, first),
    })
}
