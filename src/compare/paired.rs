//! Two runs of the same requests: each is compared with itself, and nothing is left to chance.
//!
//! Requests are the same when number, try, arrival, tenant, route and content are (as far as both recordings have these):
//! content is looked at, not seeds. Tries of a client after its first depend on how the service did, so a match is counted
//! over first tries.

use super::{
    Comparison, Matched, Options, Segment, judge, matched, rows, segments::COLUMNS, side::Side,
    whole, words,
};
use crate::{
    indicators::Stage,
    recording::{Meaning, Recording, RequestRow, Row as _, outcome, requests},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Share of the first tries that must be the same for a comparison in pairs.
const MATCHED: f64 = 0.95;
/// Quantiles of the difference that are told.
const QUANTILES: &[f64] = &[0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999];
/// Parts of a request's time.
const STAGES: &[Stage] = &[
    Stage::FlightWait,
    Stage::QueueWait,
    Stage::Compute,
    Stage::PoolWait,
    Stage::Backoff,
    Stage::Call,
];
/// Parts of the traffic that are told.
const SEGMENTS: usize = 12;

/// Two runs of the same requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Paired {
    /// Which requests are compared.
    pub matched: Matched,
    /// The numbers of both, without chance.
    pub comparison: Comparison,
    /// Requests that ended alike in both: the next eight fields are of these, since one that was refused at once, or given
    /// up, is not faster.
    pub alike: u64,
    /// Requests that took longer.
    pub slower: u64,
    /// Requests that took less.
    pub faster: u64,
    /// Requests that took as long.
    pub equal: u64,
    /// Those of the slower ones that are so beyond the tolerance.
    pub slower_beyond: u64,
    /// Those of the faster ones.
    pub faster_beyond: u64,
    /// Mean of `new - base`, ns.
    pub mean: f64,
    /// Quantiles of `new - base`: fraction and ns.
    pub quantiles: Vec<(f64, i64)>,
    /// How requests ended otherwise: base, new, how many; the most frequent first.
    pub outcomes: Vec<(&'static str, &'static str, u64)>,
    /// Where the mean difference lies, ns a request: the stage, and `other` for what no stage has.
    pub stages: Vec<(&'static str, f64)>,
    /// The parts of the traffic that moved most, in the mean.
    pub segments: Vec<Moved>,
    /// The requests that changed most.
    pub most: Vec<Changed>,
}

/// A part of the traffic, and how far it moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// The part.
    pub segment: Segment,
    /// Its requests.
    pub requests: u64,
    /// Mean of `new - base` of those that ended alike, ns.
    pub mean: f64,
    /// Requests that ended otherwise.
    pub ended_otherwise: u64,
}

/// A request that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changed {
    /// Its number.
    pub op: u64,
    /// Which try of its client.
    pub tries: u8,
    /// When it was sent, ns.
    pub arrived: u64,
    /// Whose it is: column and name.
    pub tags: Vec<(&'static str, String)>,
    /// Latency in the base, ns.
    pub base: u64,
    /// And in the new one.
    pub new: u64,
    /// How it ended in the base.
    pub base_outcome: &'static str,
    /// And in the new one.
    pub new_outcome: &'static str,
    /// `new - base` of its stages, ns; those that changed.
    pub stages: Vec<(&'static str, i64)>,
}

/// Compares two recordings request by request; `most` is how many of those that changed most are told.
///
/// # Errors
/// Why they cannot be: too few of their requests are the same.
pub fn paired(
    base: &Recording,
    new: &Recording,
    options: &Options,
    most: usize,
) -> Result<Paired, String> {
    let matched = matched(base, new);
    if matched.share < MATCHED || matched.pairs.is_empty() {
        return Err(format!(
            "{:.1} % of their requests are the same, and {:.0} % must be",
            100.0 * matched.share,
            100.0 * MATCHED
        ));
    }
    let exact = Options {
        draws: 0,
        ..*options
    };
    let sides = [Side::new(base), Side::new(new)];
    let mut comparison = Comparison {
        base: whole(&sides[0]),
        new: whole(&sides[1]),
        tolerance: options.tolerance,
        alpha: 0.0,
        rows: judge::judged(rows::over_all(&sides, &exact), &exact),
        notes: vec![],
    };
    words::notes(&sides, &mut comparison);
    Ok(differences(base, new, options, most, matched, comparison))
}

fn differences(
    base: &Recording,
    new: &Recording,
    options: &Options,
    most: usize,
    matched: Matched,
    comparison: Comparison,
) -> Paired {
    let (a, b) = (&base.requests, &new.requests);
    let latency =
        |&(i, j): &(usize, usize)| (a.value(requests::latency, i), b.value(requests::latency, j));
    let mut by: Vec<i64> = vec![];
    let mut counts = [0u64; 5];
    let mut outcomes: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    let mut parts: BTreeMap<(usize, u64), (u64, i128, u64)> = BTreeMap::new();
    let beyond = |from: u64, to: u64| {
        let limit = from as f64 * (1.0 + options.tolerance.relative) + options.tolerance.absolute;
        u64::from(to as f64 > limit)
    };
    let mut alike: Vec<(usize, usize)> = vec![];
    let mut of_alike: Vec<i64> = vec![];
    for pair in &matched.pairs {
        let (x, y) = latency(pair);
        let d = i128::from(y) - i128::from(x);
        by.push(clamped(d));
        let ended = (
            a.value(requests::outcome, pair.0),
            b.value(requests::outcome, pair.1),
        );
        let same = ended.0 == ended.1;
        if same {
            alike.push(*pair);
            of_alike.push(clamped(d));
            counts[0] += u64::from(d > 0);
            counts[1] += u64::from(d < 0);
            counts[2] += u64::from(d == 0);
            counts[3] += beyond(x, y);
            counts[4] += beyond(y, x);
        } else {
            *outcomes.entry(ended).or_default() += 1;
        }
        for &tag in COLUMNS {
            let part = parts.entry((tag, a.value(tag, pair.0))).or_default();
            let d = if same { d } else { 0 };
            *part = (part.0 + 1, part.1 + d, part.2 + u64::from(!same));
        }
    }
    let sum = of_alike.iter().map(|d| *d as f64).sum::<f64>();
    let mean = sum / of_alike.len().max(1) as f64;
    let order = ranked(&matched.pairs, &by, most);
    of_alike.sort_unstable();
    let quantile = |q: f64| {
        let rank = ((q * of_alike.len() as f64).ceil() as usize).max(1);
        of_alike.get(rank - 1).map(|ns| (q, *ns))
    };
    let mut outcomes: Vec<_> = outcomes
        .into_iter()
        .map(|((x, y), n)| (word(x), word(y), n))
        .collect();
    outcomes.sort_by_key(|(_, _, n)| std::cmp::Reverse(*n));
    Paired {
        alike: alike.len() as u64,
        slower: counts[0],
        faster: counts[1],
        equal: counts[2],
        slower_beyond: counts[3],
        faster_beyond: counts[4],
        mean,
        quantiles: QUANTILES.iter().filter_map(|&q| quantile(q)).collect(),
        outcomes,
        stages: stages(base, new, &alike, mean),
        segments: segments(base, parts),
        most: order
            .into_iter()
            .map(|pair| changed(base, new, pair))
            .collect(),
        matched,
        comparison,
    }
}

fn clamped(d: i128) -> i64 {
    d.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

fn word(outcome: u64) -> &'static str {
    outcome::WORDS.get(outcome as usize).copied().unwrap_or("")
}

/// The pairs that changed most, by the size of the difference, then by number.
fn ranked(pairs: &[(usize, usize)], by: &[i64], most: usize) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..pairs.len()).filter(|&k| by[k] != 0).collect();
    order.sort_by_key(|&k| (std::cmp::Reverse(by[k].unsigned_abs()), k));
    order.into_iter().take(most).map(|k| pairs[k]).collect()
}

/// Where the mean difference lies; only stages that both recorded.
fn stages(
    base: &Recording,
    new: &Recording,
    pairs: &[(usize, usize)],
    mean: f64,
) -> Vec<(&'static str, f64)> {
    let mut told = vec![];
    let mut rest = mean;
    for &stage in STAGES {
        let columns = column(stage);
        if !base.requests.has(columns) || !new.requests.has(columns) {
            continue;
        }
        let sum: f64 = pairs
            .iter()
            .map(|&(i, j)| {
                new.requests.value(columns, j) as f64 - base.requests.value(columns, i) as f64
            })
            .sum();
        let by = sum / pairs.len().max(1) as f64;
        rest -= by;
        if by != 0.0 {
            told.push((stage.name(), by));
        }
    }
    told.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    if rest.abs() > 0.5 {
        told.push(("other", rest));
    }
    told
}

/// The column of a stage that is one.
fn column(stage: Stage) -> usize {
    match stage {
        Stage::FlightWait => requests::flight_wait,
        Stage::QueueWait => requests::queue_wait,
        Stage::Compute => requests::compute,
        Stage::PoolWait => requests::pool_wait,
        Stage::Backoff => requests::backoff,
        Stage::Call => requests::call,
        _ => requests::latency,
    }
}

fn segments(base: &Recording, parts: BTreeMap<(usize, u64), (u64, i128, u64)>) -> Vec<Moved> {
    let mut moved: Vec<Moved> = vec![];
    for &tag in COLUMNS {
        let Meaning::Name(dictionary) = RequestRow::COLUMNS[tag].meaning else {
            continue;
        };
        let of_tag: Vec<_> = parts.range((tag, 1)..=(tag, u64::MAX)).collect();
        // One value is all of the traffic.
        if of_tag.len() < 2 {
            continue;
        }
        moved.extend(
            of_tag
                .into_iter()
                .map(|(&(_, number), &(n, sum, ended_otherwise))| Moved {
                    segment: Segment {
                        column: RequestRow::COLUMNS[tag].name,
                        value: base.name(dictionary, number as u32).to_string(),
                    },
                    requests: n,
                    mean: sum as f64 / (n - ended_otherwise).max(1) as f64,
                    ended_otherwise,
                }),
        );
    }
    moved.sort_by(|a, b| b.mean.abs().total_cmp(&a.mean.abs()));
    moved.truncate(SEGMENTS);
    moved
}

fn changed(base: &Recording, new: &Recording, (i, j): (usize, usize)) -> Changed {
    let (a, b) = (base.requests.row(i), new.requests.row(j));
    let tag = |&tag: &usize| match RequestRow::COLUMNS[tag].meaning {
        Meaning::Name(dictionary) => {
            let name = base.name(dictionary, a.word(tag) as u32);
            (!name.is_empty()).then(|| (RequestRow::COLUMNS[tag].name, name.to_string()))
        }
        _ => None,
    };
    let stage = |&stage: &Stage| {
        let d = i128::from(b.word(column(stage))) - i128::from(a.word(column(stage)));
        (d != 0).then(|| (stage.name(), clamped(d)))
    };
    Changed {
        op: a.op,
        tries: a.tries,
        arrived: a.arrived,
        tags: COLUMNS.iter().filter_map(tag).collect(),
        base: a.latency,
        new: b.latency,
        base_outcome: word(a.outcome.into()),
        new_outcome: word(b.outcome.into()),
        stages: STAGES.iter().filter_map(stage).collect(),
    }
}
