//! How keys relate to content within the episode: split or whole, the same as before or new, and what they follow.
//!
//! Two questions decide whether the key follows X (beyond what healthy keys follow): with equal X, is the key equal? With
//! another X, is it another? Keys are deterministic, so the true X answers both without exception; a tag that merely goes
//! along with it (clients that write in their own order) fails one of them now and then.

use super::{
    Evidence, Fact,
    looks::{CANDIDATES, Look, Looks, Phase},
};
use crate::{
    diagnosis::{
        stats::{Measure, share},
        view::View,
    },
    recording::requests,
    sim::hash::{FixedState, mix},
};
use hashbrown::{HashMap, HashSet};

/// Look-ups of the episode that are compared: the first so many. Ten thousand pairs settle a deterministic question.
const MOST: usize = 60_000;
/// Times a content must have come before its repeats count as late.
const LATE: u32 = 4;
/// A tag with more values than this is request-scoped, such as a user or a session.
const FEW_VALUES: usize = 64;
/// Pairs that a question needs.
const PAIRS: f64 = 8.0;
/// Standard error from which an answer decides nothing.
const UNDECIDED: f64 = 0.2;
/// ns of a minute, the clock that keys are caught with.
const MINUTE: u64 = 60_000_000_000;

/// Answers to the two questions.
struct Agreement {
    value: Measure,
    values: usize,
    column: Option<usize>,
}

pub fn gather(view: &View, looks: &Looks, evidence: &mut Evidence) {
    if !looks.contents {
        return;
    }
    let during: Vec<&Look> = looks
        .all
        .iter()
        .filter(|l| matches!(l.phase, Phase::During | Phase::After))
        .take(MOST)
        .collect();
    evidence.put(Fact::Rekeyed, rekeyed(looks));
    let (split, novel) = splits(&during);
    evidence.put(Fact::Split, split);
    evidence.put(Fact::Novel, novel);
    // With hardly any split there is nothing to explain.
    if !split.is_some_and(|s| s.value >= 0.01) {
        return;
    }
    let follow =
        |column: usize| agreement(&during, Some(column), |l| view.get(column, l.i as usize));
    // How content is written has questions of its own, below.
    let all: Vec<Agreement> = CANDIDATES
        .into_iter()
        .filter(|c| ![requests::h_fields, requests::h_raw].contains(c))
        .filter(|c| !looks.follows.contains(c) && view.has(*c))
        .filter_map(follow)
        .collect();
    let minute = agreement(&during, None, |l| l.time / MINUTE);
    let written = |column: usize, l: &Look| view.get(column, l.i as usize);
    let values = view
        .has(requests::h_fields)
        .then(|| together(&during, |l| l.content, |l| written(requests::h_fields, l)))
        .flatten();
    // Bytes are to blame only where the values are equal.
    let bytes = (view.has(requests::h_raw) && view.has(requests::h_fields))
        .then(|| {
            together(
                &during,
                |l| mix(l.content ^ mix(written(requests::h_fields, l))),
                |l| written(requests::h_raw, l),
            )
        })
        .flatten();
    explain(&all, minute, (values, bytes), (split, novel), evidence);
    for column in [requests::h_fields, requests::h_raw] {
        if !view.has(column) {
            evidence.limits.push(format!(
                "{} is not recorded: how equal content is written cannot be told",
                View::column_name(column)
            ));
        }
    }
}

fn explain(
    all: &[Agreement],
    minute: Option<Agreement>,
    (values, bytes): (Option<Measure>, Option<Measure>),
    (split, novel): (Option<Measure>, Option<Measure>),
    evidence: &mut Evidence,
) {
    let processes = [requests::process, requests::replica];
    let of_process = |a: &&Agreement| a.column.is_some_and(|c| processes.contains(&c));
    let process = all
        .iter()
        .filter(of_process)
        .map(|a| a.value)
        .max_by(|a, b| a.value.total_cmp(&b.value));
    evidence.put(Fact::RawValues, values);
    evidence.put(Fact::RawBytes, bytes);
    evidence.put(Fact::Process, process);
    let tag = |few: bool| {
        all.iter()
            .filter(|a| !of_process(a) && (a.values <= FEW_VALUES) == few)
            .fold(None, |best: Option<&Agreement>, a| match best {
                Some(b) if b.value.value >= a.value.value => best,
                _ => Some(a),
            })
    };
    let name = |a: &Agreement| a.column.map_or("minute", View::column_name).to_string();
    let best = all
        .iter()
        .chain(&minute)
        .map(|a| a.value)
        .chain(values)
        .chain(bytes)
        .filter(|m| m.se < UNDECIDED)
        .map(|m| m.value)
        .fold(0.0, f64::max);
    // What nothing recorded explains: new with every request if it goes on bringing new keys, else an unrecorded tag.
    // Where no content came often enough, a key with every repeat is as new as it can be.
    let novel = novel.or(split.filter(|s| s.value >= 0.9));
    let novelty = novel.map_or(0.5, |n| n.value);
    let unexplained = 1.0 - best;
    let unique = Measure::new(novelty.min(unexplained), novel.map_or(0.3, |n| n.se));
    let unknown_tag = Measure::new(
        (1.0 - novelty).min(unexplained) * 0.9,
        novel.map_or(0.3, |n| n.se),
    );
    let mut scoped = (unique, "unique per request".to_string());
    for a in tag(false).into_iter().chain(minute.as_ref()) {
        if a.value.se < UNDECIDED && a.value.value > scoped.0.value {
            scoped = (a.value, name(a));
        }
    }
    evidence.put(Fact::RequestScoped, Some(scoped.0));
    evidence.field = Some(scoped.1);
    let known = tag(true).filter(|a| a.value.value >= unknown_tag.value);
    evidence.put(Fact::Tag, Some(known.map_or(unknown_tag, |a| a.value)));
    evidence.tag = known.map(|a| format!("{} ({} values)", name(a), a.values));
}

/// A seed per process shows in one of two ways: keys follow the process, or, where one process serves, all of them are new
/// once with a process that is new under a template that is not.
pub fn seeding(evidence: &mut Evidence) {
    let once = match (
        evidence.get(Fact::Rekeyed),
        evidence.get(Fact::Split),
        evidence.get(Fact::NewProcess),
        evidence.get(Fact::NewTemplate),
    ) {
        (Some(rekeyed), Some(split), Some(process), template) if split.value < 0.05 => {
            let old = template.map_or(0.5, |t| 1.0 - t.value);
            Some(Measure::new(
                rekeyed.value.min(process.value).min(old),
                rekeyed.se,
            ))
        }
        _ => None,
    };
    let better = [evidence.get(Fact::Process), once]
        .into_iter()
        .flatten()
        .max_by(|a, b| a.value.total_cmp(&b.value));
    evidence.put(
        Fact::BySeed,
        better.or(evidence.get(Fact::Split).map(|s| Measure::new(0.0, s.se))),
    );
}

/// A serializer shows in one of two ways: keys follow bytes, or all of them are new once with a serializer that is new.
pub fn writing(evidence: &mut Evidence) {
    let bytes = evidence.get(Fact::RawBytes);
    let once = match (
        evidence.get(Fact::Rekeyed),
        evidence.get(Fact::Split),
        evidence.get(Fact::NewSerializer),
    ) {
        // Where the serializer is not recorded, half a vote: it may have been that, or the template.
        (Some(rekeyed), Some(split), serializer) if split.value < 0.05 => Some(Measure::new(
            rekeyed.value.min(serializer.map_or(0.8, |s| s.value)),
            rekeyed.se,
        )),
        _ => None,
    };
    // Or they follow how values are written, under a serializer that is new: bytes and values often differ together.
    let values = match (
        evidence.get(Fact::RawValues),
        evidence.get(Fact::NewSerializer),
    ) {
        (Some(v), Some(new)) => Some(Measure::new(v.value.min(new.value), v.se)),
        _ => None,
    };
    let better = |a: Measure, b: Measure| if b.value > a.value { b } else { a };
    let bytes = bytes.into_iter().chain(values).reduce(better);
    let better = match (bytes, once) {
        (Some(b), Some(o)) if b.value >= o.value => Some(b),
        (b, o) => o.or(b),
    };
    evidence.put(
        Fact::ByWriting,
        better.or(evidence.get(Fact::Split).map(|s| Measure::new(0.0, s.se))),
    );
}

/// Share of contents whose first key in the episode differs from the last one before it.
fn rekeyed(looks: &Looks) -> Option<Measure> {
    let mut last: HashMap<u64, (u64, bool), FixedState> = HashMap::default();
    let (mut n, mut other) = (0.0, 0.0);
    for look in &looks.all {
        let during = matches!(look.phase, Phase::During | Phase::After);
        match last.get_mut(&look.content) {
            Some((_, true)) => {}
            Some((key, done)) => {
                if during {
                    n += 1.0;
                    other += f64::from(u8::from(*key != look.key));
                    *done = true;
                } else {
                    *key = look.key;
                }
            }
            None => {
                last.insert(look.content, (look.key, during));
            }
        }
    }
    if n < PAIRS { None } else { share(other, n) }
}

/// Share of repeats that come with another key, and of late repeats that bring one never seen.
fn splits(during: &[&Look]) -> (Option<Measure>, Option<Measure>) {
    let mut last: HashMap<u64, (u64, u32), FixedState> = HashMap::default();
    let mut keys: HashSet<u64, FixedState> = HashSet::default();
    let (mut n, mut other, mut late, mut new) = (0.0, 0.0, 0.0, 0.0);
    for look in during {
        let fresh = keys.insert(mix(look.content ^ look.key.rotate_left(1)));
        let entry = last.entry(look.content).or_insert((look.key, 0));
        if entry.1 > 0 {
            n += 1.0;
            other += f64::from(u8::from(entry.0 != look.key));
        }
        if entry.1 >= LATE {
            late += 1.0;
            new += f64::from(u8::from(fresh));
        }
        *entry = (look.key, entry.1 + 1);
    }
    let enough = |k: f64, of: f64| if of < PAIRS { None } else { share(k, of) };
    (enough(other, n), enough(new, late))
}

/// How well keys follow how content is written. Different writings may well share a key (not every step of normalisation is
/// gone), so one question only: with equal writing, is the key equal? Among identities whose keys split at all.
fn together(
    during: &[&Look],
    identity: impl Fn(&Look) -> u64,
    written: impl Fn(&Look) -> u64,
) -> Option<Measure> {
    let mut last: HashMap<u64, (u64, u64), FixedState> = HashMap::default();
    let mut with: HashMap<u64, u64, FixedState> = HashMap::default();
    let (mut n, mut split, mut equal, mut equal_other, mut differ) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for look in during {
        let (identity, x) = (identity(look), written(look));
        if let Some((old, key)) = last.insert(identity, (x, look.key)) {
            n += 1.0;
            split += f64::from(u8::from(key != look.key));
            differ += f64::from(u8::from(old != x));
        }
        if let Some(key) = with.insert(mix(identity ^ mix(x ^ 1)), look.key) {
            equal += 1.0;
            equal_other += f64::from(u8::from(key != look.key));
        }
    }
    if n < PAIRS {
        return None;
    }
    if split < 0.01 * n || differ < 0.01 * n {
        return share(0.0, n);
    }
    if equal < PAIRS {
        // Nothing is ever written the same twice: it cannot be told from something unique.
        return Some(Measure::new(0.9, 0.3));
    }
    let other = share(equal_other, equal)?;
    Some(Measure::new(1.0 - other.value, other.se))
}

/// How well the key follows X: one less the larger share of exceptions to the two questions.
fn agreement(
    during: &[&Look],
    column: Option<usize>,
    x: impl Fn(&Look) -> u64,
) -> Option<Agreement> {
    let mut with: HashMap<u64, u64, FixedState> = HashMap::default();
    let mut without: HashMap<u64, (u64, u64), FixedState> = HashMap::default();
    let mut values: HashSet<u64, FixedState> = HashSet::default();
    let (mut equal, mut equal_other, mut differ, mut differ_same) = (0.0, 0.0, 0.0, 0.0);
    for look in during {
        let x = x(look);
        if values.len() <= 10 * FEW_VALUES {
            values.insert(x);
        }
        if let Some(key) = with.insert(mix(look.content ^ mix(x ^ 1)), look.key) {
            equal += 1.0;
            equal_other += f64::from(u8::from(key != look.key));
        }
        if let Some((old, key)) = without.insert(look.content, (x, look.key))
            && old != x
        {
            differ += 1.0;
            differ_same += f64::from(u8::from(key == look.key));
        }
    }
    if differ < PAIRS {
        return None;
    }
    let apart = share(differ_same, differ)?;
    let value = if equal < PAIRS {
        // X never stays the same for a content: it cannot be told from something unique.
        Measure::new(1.0 - apart.value, 0.3)
    } else {
        let together = share(equal_other, equal)?;
        let worse = if together.value > apart.value {
            together
        } else {
            apart
        };
        Measure::new(1.0 - worse.value, worse.se)
    };
    Some(Agreement {
        value,
        values: values.len(),
        column,
    })
}
