//! What cannot be read: what is wrong with it, who sent it, which reader refuses it, and whether its form was read before.

use super::{Evidence, Fact, Spans};
use crate::{
    diagnosis::{
        series::unread,
        stats::{Measure, difference, share},
        view::View,
    },
    recording::{parsed, parsed_at, requests},
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

fn word_of(view: &View, i: usize) -> usize {
    (view.get(requests::parse_error, i) as usize).min(WORDS - 1)
}

fn count(view: &View, rows: impl Iterator<Item = usize>) -> Side {
    let mut side = Side::default();
    for i in rows {
        side.n += 1.0;
        if unread(view, i) {
            side.bad += 1.0;
            side.by[word_of(view, i)] += 1.0;
        }
    }
    side
}

pub fn gather(view: &View, spans: &Spans, evidence: &mut Evidence) {
    if !view.has(requests::parse_error) && !view.has(requests::parser_version) {
        return;
    }
    let before = view.between(spans.before.start, spans.before.end);
    let during = view.between(spans.during.start, spans.during.end);
    let by_version = |i: &usize| {
        spans
            .version
            .is_none_or(|v| view.get(v.column, *i) == v.value)
    };
    let b = count(view, before.clone());
    let all = count(view, during.clone().filter(by_version));
    let more = share(all.bad, all.n)
        .zip(share(b.bad, b.n))
        .map(|(d, b)| difference(d, b));
    evidence.put(Fact::Unread, more);
    let clear = more.is_some_and(|m| m.value > 3.0 * m.se) && all.bad >= LEAST;
    if !clear {
        for fact in KINDS {
            evidence.put(fact, Some(Measure::new(0.0, 0.0)));
        }
        return;
    }
    let reader = by_new_reader(
        view,
        spans,
        before.clone(),
        during.clone().filter(by_version),
    );
    // In a roll-out the requests of the reader that refuses speak.
    let refuses = |i: &usize| {
        by_version(i)
            && (reader.version == 0 || view.get(requests::parser_version, *i) == reader.version)
    };
    let d = count(view, during.clone().filter(refuses));
    let excess: Vec<f64> = (0..WORDS as u8)
        .map(|w| (d.rate(w) - b.rate(w)).max(0.0))
        .collect();
    let total: f64 = excess.iter().sum();
    let part = |words: &[u8]| {
        let p = words.iter().map(|&w| excess[usize::from(w)]).sum::<f64>() / total.max(1e-12);
        Measure::new(p, (p * (1.0 - p) / d.bad).sqrt())
    };
    let middle = broken_within(view, during.clone().filter(refuses));
    evidence.put(Fact::UnreadMissing, Some(part(&[parsed::MISSING_FIELD])));
    evidence.put(Fact::UnreadType, Some(part(&[parsed::WRONG_TYPE])));
    evidence.put(Fact::UnreadValue, Some(part(&[parsed::UNKNOWN_VALUE])));
    evidence.put(Fact::UnreadFormat, Some(part(&[parsed::WRONG_FORMAT])));
    evidence.put(Fact::UnreadCut, Some(part(&[parsed::TRUNCATED])));
    evidence.put(Fact::UnreadWrapped, Some(part(&[parsed::WRAPPED])));
    evidence.put(
        Fact::UnreadBroken,
        Some(middle.unwrap_or_else(|| part(&[parsed::SYNTAX]))),
    );
    evidence.put(Fact::WrongForm, Some(part(&[parsed::WRONG_FORMAT])));
    evidence.put(Fact::ByNewReader, Some(reader.share));
    let known = shape_known(view, before.clone(), during.clone().filter(refuses));
    evidence.put(Fact::ShapeKnown, known);
    if known.is_none() {
        evidence.limits.push(
            "shapes of payloads are not recorded: whether what cannot be read is of a new form is not told".into(),
        );
    }
    let others = writers(view, before, during.clone().filter(refuses), evidence);
    let old = 1.0 - reader.share.value;
    let apart = part(&[parsed::MISSING_FIELD]).value * others.unwrap_or(0.0)
        + part(&[parsed::WRONG_TYPE, parsed::UNKNOWN_FIELD]).value * old;
    evidence.put(
        Fact::Apart,
        Some(Measure::new(apart, part(&[parsed::MISSING_FIELD]).se)),
    );
    let usual = b.bad / b.n.max(1.0);
    let course = course(view, spans, &reader, usual, refuses);
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
    let outpaced = falls.max(free) * reader.share.value;
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

/// Share of what cannot be read that a version of the parser refuses which did not serve before. A service of a new version
/// with a parser whose version nobody changed speaks neither for it nor against it.
fn by_new_reader(
    view: &View,
    spans: &Spans,
    before: Range<usize>,
    rows: impl Iterator<Item = usize> + Clone,
) -> Reader {
    let new = |column: usize| -> (Measure, u64) {
        let mut served: BTreeMap<u64, f64> = BTreeMap::new();
        let beside = |i: &usize| {
            spans
                .version
                .is_none_or(|v| view.get(v.column, *i) != v.value)
        };
        for i in before.clone().filter(beside) {
            *served.entry(view.get(column, i)).or_default() += 1.0;
        }
        let least = KNOWN * served.values().sum::<f64>();
        let mut refused: BTreeMap<u64, f64> = BTreeMap::new();
        for i in rows.clone().filter(|&i| unread(view, i)) {
            *refused.entry(view.get(column, i)).or_default() += 1.0;
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
    let (service, _) = new(requests::service_version);
    let neither = Measure::new(0.5 * service.value, service.se);
    Reader {
        share: if neither.value > parser.value {
            neither
        } else {
            parser
        },
        version: 0,
    }
}

/// Share of what cannot be read whose bytes break in the middle; `None` where that is not recorded.
fn broken_within(view: &View, rows: impl Iterator<Item = usize>) -> Option<Measure> {
    if !view.has(requests::parse_at) {
        return None;
    }
    let (mut n, mut k) = (0.0, 0.0);
    for i in rows.filter(|&i| unread(view, i)) {
        n += 1.0;
        k += f64::from(u8::from(
            view.get(requests::parse_at, i) == u64::from(parsed_at::MIDDLE),
        ));
    }
    share(k, n)
}

/// Share of what cannot be read whose shape was read without fault before.
fn shape_known(
    view: &View,
    before: Range<usize>,
    rows: impl Iterator<Item = usize>,
) -> Option<Measure> {
    if !view.has(requests::shape) {
        return None;
    }
    let read: HashSet<u64, FixedState> = before
        .filter(|&i| !unread(view, i))
        .map(|i| view.get(requests::shape, i))
        .collect();
    let (mut n, mut k) = (0.0, 0.0);
    for i in rows.filter(|&i| unread(view, i)) {
        let shape = view.get(requests::shape, i);
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
fn writers(
    view: &View,
    before: Range<usize>,
    rows: impl Iterator<Item = usize>,
    evidence: &mut Evidence,
) -> Option<f64> {
    let mut clients: HashMap<u64, Client, FixedState> = HashMap::default();
    for i in before {
        let client = clients.entry(view.get(requests::client, i)).or_default();
        client.before += 1.0;
        client.unknown += view.get(requests::unknown_fields, i) as f64;
    }
    for i in rows {
        let client = clients.entry(view.get(requests::client, i)).or_default();
        client.during += 1.0;
        if unread(view, i) {
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
/// on serving and nothing was deployed, to what comes after.
fn course(
    view: &View,
    spans: &Spans,
    reader: &Reader,
    usual: f64,
    refuses: impl Fn(&usize) -> bool,
) -> Option<Course> {
    let (from, to) = (spans.during.start, spans.during.end);
    let third = (to - from) / 3;
    let rate = |from: u64, to: u64| {
        let side = count(view, view.between(from, to).filter(&refuses));
        let m = share(side.bad, side.n)?;
        (side.n >= 30.0).then(|| Measure::new((m.value - usual).max(0.0), m.se))
    };
    let (first, last) = (rate(from, from + third)?, rate(to - third, to)?);
    let gone = |early: Measure, late: Measure| {
        let relative = (early.se / early.value.max(1e-9)).hypot(late.se / early.value.max(1e-9));
        Measure::new(1.0 - late.value / early.value.max(1e-9), relative)
    };
    let mut falls = gone(first, last);
    let margin = third / 4;
    if reader.version != 0
        && let Some(after) = rate(to + margin, view.end.min(to + margin + 2 * third))
    {
        let after = gone(first, after);
        if after.shrunk() > falls.shrunk() {
            falls = after;
        }
    }
    Some(Course {
        falls,
        rises: gone(last, first),
    })
}
