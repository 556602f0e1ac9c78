//! The look-ups of an episode and of what came before, sampled by content so that repeats stay together.
//!
//! What a key is made of when all is well is learned first: the tags (tenant, model, ...) that the keys of one content
//! follow before the episode. A content is then counted once per value of those, so that one answer per tenant is no split.

use super::Spans;
use crate::{
    diagnosis::view::View,
    recording::{cache, outcome, requests},
    sim::hash::{FixedState, mix},
};
use hashbrown::HashMap;

/// Look-ups kept: bounds time and memory. Contents are kept whole, so what repeats keeps repeating.
const MOST: usize = 250_000;

/// Where a look-up lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Earlier than what is compared, but it may have filled the cache.
    History,
    /// In the clean stretch.
    Before,
    /// In the episode, and touched by it.
    During,
    /// Touched, after an episode that healed by itself: keys are still what they became.
    After,
}

/// One look-up.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The request.
    pub i: u32,
    /// When, ns.
    pub time: u64,
    /// What is asked for, with what healthy keys depend on beside it.
    pub content: u64,
    /// The key.
    pub key: u64,
    /// Where it lies.
    pub phase: Phase,
    /// Whether it missed.
    pub miss: bool,
    /// When it ended, ns, if it brought an answer: what failed leaves nothing in a cache.
    pub answered: Option<u64>,
    /// The cache that was asked: 0 when it is shared, else the process.
    pub place: u64,
}

/// Look-ups in order of time.
pub struct Looks {
    /// All of them.
    pub all: Vec<Look>,
    /// Gaps longer than this read as "never": both sides can see as far back.
    pub horizon: u64,
    /// Columns that healthy keys follow.
    pub follows: Vec<usize>,
    /// Whether what is asked for was recorded, so that keys can be compared with it.
    pub contents: bool,
}

/// What keys may follow, in the order in which equal explanations are preferred.
pub const CANDIDATES: [usize; 11] = [
    requests::tenant,
    requests::model,
    requests::route,
    requests::region,
    requests::class,
    requests::client,
    requests::h_fields,
    requests::h_raw,
    requests::process,
    requests::replica,
    requests::user,
];

/// Splits of a content by its key below which keys are said to follow the content alone.
const CLEAN: f64 = 0.005;
/// Look-ups that healthy keys are learned from.
const FOLLOWED: usize = 60_000;

impl Looks {
    /// Collects them; `None` when no keys are recorded. Says in `limits` what is missing.
    pub fn collect(view: &View, spans: &Spans, limits: &mut Vec<String>) -> Option<Looks> {
        if !view.has(requests::cache) {
            return None;
        }
        if !view.has(requests::h_key) {
            limits.push("digests of keys are not recorded: key drift cannot be told from a cache that lost its entries".into());
            return None;
        }
        let identity = identity(view);
        if identity != Some(requests::h_canon) {
            limits.push(match identity {
                Some(c) => format!("h_canon is not recorded: content is told by {} instead, so equal content written differently reads as different content", View::column_name(c)),
                None => "no digest of the content is recorded: whether keys drifted cannot be told".into(),
            });
        }
        let content = identity.unwrap_or(requests::h_key);
        let local = view.local_caches(&spans.before);
        let mut all = sample(view, spans, content, local);
        let follows = if identity.is_some() {
            follows(view, &all)
        } else {
            vec![]
        };
        beside(view, &mut all, &follows);
        // The clean stretch is compared in its later half, with as much history on either side.
        let horizon = (spans.before.end / 2).max(1);
        for look in &mut all {
            if look.phase == Phase::Before && look.time < horizon {
                look.phase = Phase::History;
            }
        }
        Some(Looks {
            all,
            horizon,
            follows,
            contents: identity.is_some(),
        })
    }
}

/// What tells contents: the best digest that is recorded.
fn identity(view: &View) -> Option<usize> {
    [requests::h_canon, requests::h_fields, requests::h_raw]
        .into_iter()
        .find(|&c| view.has(c))
}

/// Counts a content once for each value of what healthy keys follow.
fn beside(view: &View, all: &mut [Look], follows: &[usize]) {
    for look in all {
        look.content = follows.iter().fold(look.content, |c, &column| {
            mix(c.rotate_left(9) ^ view.get(column, look.i as usize))
        });
    }
}

/// The look-ups of a whole recording; `None` when keys or contents are not recorded. What its first keys follow counts as
/// healthy: a change later on is then an exception.
pub fn whole(view: &View) -> Option<Vec<Look>> {
    if !view.has(requests::cache) || !view.has(requests::h_key) {
        return None;
    }
    let content = identity(view)?;
    let spans = Spans {
        before: 0..view.end,
        during: view.end..view.end,
        version: None,
        keys_until: view.end,
        onset: view.end..view.end,
        behind_misses: false,
    };
    let mut all = sample(view, &spans, content, false);
    let follows = follows(view, &all);
    beside(view, &mut all, &follows);
    Some(all)
}

fn sample(view: &View, spans: &Spans, content: usize, local: bool) -> Vec<Look> {
    let rows = view.between(0, spans.keys_until.max(spans.during.end));
    let looks = rows
        .clone()
        .filter(|&i| view.get(requests::cache, i) != 0)
        .count();
    let keep = if looks <= MOST {
        u64::MAX
    } else {
        (u64::MAX as f64 * (MOST as f64 / looks as f64)) as u64
    };
    let mut all = Vec::with_capacity(looks.min(MOST + MOST / 4));
    for i in rows {
        let word = view.get(requests::cache, i) as u8;
        let of = view.get(content, i);
        if word == 0 || of == 0 || mix(of ^ 0x6c6f_6f6b) > keep {
            continue;
        }
        let time = view.arrived[i];
        let phase = if spans.before.contains(&time) {
            Phase::Before
        } else if time >= spans.during.start
            && spans
                .version
                .is_none_or(|v| view.get(v.column, i) == v.value)
        {
            if time < spans.during.end {
                Phase::During
            } else {
                Phase::After
            }
        } else {
            Phase::History
        };
        all.push(Look {
            i: i as u32,
            time,
            content: of,
            key: view.get(requests::h_key, i),
            phase,
            miss: word == cache::MISS,
            answered: matches!(
                view.get(requests::outcome, i) as u8,
                0 | outcome::OK | outcome::DEGRADED
            )
            .then(|| time + view.get(requests::latency, i)),
            place: if local {
                view.get(requests::process, i)
            } else {
                0
            },
        });
    }
    all
}

/// The columns that the keys of one content follow before the episode: those that never change without the key changing.
/// A column that merely goes along with one of them fails that now and then; one that the others imply is dropped.
fn follows(view: &View, all: &[Look]) -> Vec<usize> {
    let before: Vec<&Look> = all
        .iter()
        .filter(|l| l.phase == Phase::Before)
        .take(FOLLOWED)
        .collect();
    let with = |columns: &[usize]| {
        split(before.iter().map(|l| {
            (
                columns.iter().fold(l.content, |c, &column| {
                    mix(c.rotate_left(9) ^ view.get(column, l.i as usize))
                }),
                l.key,
            )
        }))
    };
    let whole = with(&[]);
    // Keys that are new with every repeat follow everything, and nothing.
    if !(CLEAN..0.99).contains(&whole) {
        return vec![];
    }
    let moves = |column: usize| {
        let mut last: HashMap<u64, (u64, u64), FixedState> = HashMap::default();
        let (mut differ, mut same_key) = (0.0, 0.0);
        for l in &before {
            let x = view.get(column, l.i as usize);
            if let Some((old, key)) = last.insert(l.content, (x, l.key))
                && old != x
            {
                differ += 1.0;
                same_key += f64::from(u8::from(key == l.key));
            }
        }
        differ >= 30.0 && same_key <= 2.0 * CLEAN * differ
    };
    let mut chosen: Vec<usize> = CANDIDATES
        .into_iter()
        .filter(|&c| view.has(c) && moves(c))
        .collect();
    let explained = with(&chosen);
    for column in CANDIDATES.into_iter().rev() {
        let rest: Vec<usize> = chosen.iter().copied().filter(|c| *c != column).collect();
        if rest.len() < chosen.len() && with(&rest) <= explained + CLEAN {
            chosen = rest;
        }
    }
    chosen
}

/// Share of repeats of an identity that come with another key than the last time.
pub fn split(pairs: impl Iterator<Item = (u64, u64)>) -> f64 {
    let mut last: HashMap<u64, u64, FixedState> = HashMap::default();
    let (mut n, mut other) = (0.0, 0.0);
    for (identity, key) in pairs {
        if let Some(previous) = last.insert(identity, key) {
            n += 1.0;
            other += f64::from(u8::from(previous != key));
        }
    }
    if n > 0.0 { other / n } else { 0.0 }
}
