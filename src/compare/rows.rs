//! Rows: which quantities, their comparison, and the verdict once all of them are known.

use super::{
    Options,
    chance::holm,
    estimate::{self, Compared, Draws, Estimate, Share},
    shape,
    side::{self, Side},
    spread::{Cumulative, Spread, cliff},
    words,
};
use crate::indicators::{GaugeStat, Measure, Stage, Unit, Watch, Worse, catalogue};
use rayon::prelude::*;
use serde::Serialize;

/// Steps at which a drawn quantile may lie, at most: beside one another they differ by less than a sketch rounds.
const STEPS: usize = 4_000;

/// Gauges of what somebody has set: they are neither well nor ill, and a note tells when they differ.
pub const SETTINGS: &[&str] = &[
    "workers.size",
    "pool.size",
    "cache.capacity",
    "limiter.rate",
];

/// What a row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Worse, beyond chance and beyond the tolerance.
    Worse,
    /// Better, beyond chance and beyond the tolerance.
    Better,
    /// Neither: chance could have done it, or could hide a change that matters.
    Unclear,
    /// The same within the tolerance, as far as 95 % of chance goes.
    Same,
    /// Too few requests, or too short a time, to say anything.
    TooFew,
}

/// Which share of the allowed errors a row has its part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// What users feel: latency, tokens, failures.
    Felt,
    /// What happens inside: stages, cache, calls, gauges.
    Inside,
    /// A part of the traffic.
    Segment,
}

impl Family {
    const ALL: [(Family, f64); 3] = [
        (Family::Felt, 0.5),
        (Family::Inside, 0.25),
        (Family::Segment, 0.25),
    ];
}

/// A part of the traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// The column, such as `tenant`.
    pub column: &'static str,
    /// Its value.
    pub value: String,
}

/// How far a number moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Change {
    /// `new - base`.
    pub by: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// `new / base`; `None` where base is 0.
    pub ratio: Option<f64>,
}

/// One quantity in both recordings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Name of the indicator; or `latency.spread` (90th less 10th percentile), `latency.distribution` (share of the
    /// requests that moved beyond the tolerance).
    pub name: String,
    /// The part of the traffic; `None` is all of it.
    pub segment: Option<Segment>,
    /// Which part of the allowed errors it has.
    pub family: Family,
    /// What it is counted in.
    #[serde(serialize_with = "unit_word")]
    pub unit: Unit,
    /// The number in the older recording.
    pub base: Option<f64>,
    /// And in the newer.
    pub new: Option<f64>,
    /// How far it moved, where that can be said.
    pub change: Option<Change>,
    /// Chance of a change as large, before correction.
    pub p: Option<f64>,
    /// The same, corrected for all rows together: below `alpha` it counts.
    pub corrected: Option<f64>,
    /// Cliff's delta of the distributions behind the row, where it is about one.
    pub delta: Option<f64>,
    /// What it says.
    pub verdict: Verdict,
    /// All of that in words.
    pub detail: String,
}

fn unit_word<S: serde::Serializer>(unit: &Unit, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(match unit {
        Unit::Nanos => "ns",
        Unit::Fraction => "fraction",
        Unit::Count => "count",
        Unit::PerSecond => "per_second",
        Unit::Ratio => "ratio",
    })
}

/// A row before the others are known.
pub struct Raw {
    pub row: Row,
    pub worse: Worse,
    pub compared: Result<Compared, String>,
    /// Whether every window of both is the same.
    pub identical: bool,
}

impl Raw {
    fn new(name: &str, unit: Unit, worse: Worse, compared: Result<Compared, String>) -> Raw {
        Raw {
            row: Row {
                name: name.into(),
                segment: None,
                family: family(name),
                unit,
                base: None,
                new: None,
                change: None,
                p: None,
                corrected: None,
                delta: None,
                verdict: Verdict::TooFew,
                detail: String::new(),
            },
            worse,
            compared,
            identical: false,
        }
    }

    fn with(mut self, base: f64, new: f64, identical: bool) -> Raw {
        (self.row.base, self.row.new) = (Some(base), Some(new));
        self.identical = identical;
        self
    }
}

fn family(name: &str) -> Family {
    const FELT: &[&str] = &[
        "success_rate",
        "error_rate",
        "reject_rate",
        "hangup_rate",
        "degraded_rate",
        "success.honest",
        "partial_failure_rate",
    ];
    let stage = name.rsplit_once('.').map_or(name, |(stage, _)| stage);
    if FELT.contains(&name) || ["latency", "ttft", "itl"].contains(&stage) {
        Family::Felt
    } else {
        Family::Inside
    }
}

/// Everything over all traffic.
pub fn over_all(sides: &[Side; 2], options: &Options) -> Vec<Raw> {
    let watches = [&sides[0].watch, &sides[1].watch];
    let stages: Vec<OfStage> = Stage::ALL
        .par_iter()
        .filter_map(|(stage, name)| of_stage(watches, *stage, name, None, options))
        .collect();
    // A call is all of the latency where nobody waits and nothing is computed: told once.
    let mut rows = vec![];
    for (i, stage) in stages.iter().enumerate() {
        if stages[..i]
            .iter()
            .all(|earlier| earlier.digests != stage.digests)
        {
            rows.push(i);
        }
    }
    let kept = stages
        .into_iter()
        .enumerate()
        .filter(|(i, _)| rows.contains(i));
    let mut rows: Vec<Raw> = kept.flat_map(|(_, stage)| stage.rows).collect();
    let mut told: Vec<Sums> = vec![];
    for indicator in catalogue() {
        if !matches!(
            indicator.measure,
            Measure::Ratio(..) | Measure::Gauge(_, GaugeStat::Mean)
        ) {
            continue;
        }
        if SETTINGS.contains(&indicator.name) {
            continue;
        }
        let both = watches.map(|w| side::sums(w, &indicator.measure));
        let [Some(base), Some(new)] = both else {
            continue;
        };
        // Some indicators are another's complement, or the same where only one kind of failure occurred.
        let sums = [base, new];
        let nothing = sums.iter().all(|s| s.0.iter().all(|v| *v == 0.0));
        if nothing || told.iter().any(|t| same(t, &sums) || opposite(t, &sums)) {
            continue;
        }
        rows.push(of_sums(
            indicator.name,
            indicator.unit,
            indicator.worse,
            &sums,
            matches!(indicator.measure, Measure::Ratio(..)),
            options,
        ));
        told.push(sums);
    }
    rows
}

type Sums = [(Vec<f64>, Vec<f64>); 2];

fn same(a: &Sums, b: &Sums) -> bool {
    a == b
}

fn opposite(a: &Sums, b: &Sums) -> bool {
    let mut pairs = a.iter().zip(b);
    pairs.all(|(a, b)| {
        let mut all = a.0.iter().zip(&b.0).zip(&b.1);
        a.1 == b.1 && all.all(|((x, y), n)| x + y == *n)
    })
}

/// A share, a ratio, or the mean of a gauge.
pub fn of_sums(
    name: &str,
    unit: Unit,
    worse: Worse,
    sums: &Sums,
    counted: bool,
    options: &Options,
) -> Raw {
    let total = |of: &[f64]| of.iter().sum::<f64>();
    let [base, new] = [0, 1].map(|i| total(&sums[i].0) / total(&sums[i].1));
    let compared = if counted && unit == Unit::Fraction {
        let [base, new] = [0, 1].map(|i| Share {
            above: &sums[i].0,
            below: &sums[i].1,
        });
        estimate::change_of_share(
            base,
            new,
            worse == Worse::Lower,
            &options.tolerance,
            draws(options),
        )
    } else {
        let shift = estimate::shift(unit, &options.tolerance);
        let one = |i: usize| estimate::ratio(&sums[i].0, &sums[i].1, shift, draws(options));
        both(one(0), one(1), shift, options)
    };
    Raw::new(name, unit, worse, compared).with(base, new, sums[0] == sums[1])
}

fn draws(options: &Options) -> Draws {
    Draws {
        seed: options.seed,
        count: options.draws,
    }
}

fn both(
    base: Result<Estimate, String>,
    new: Result<Estimate, String>,
    shift: f64,
    options: &Options,
) -> Result<Compared, String> {
    match (base, new) {
        (Ok(base), Ok(new)) => Ok(estimate::change(&base, &new, shift, &options.tolerance)),
        (Err(why), Ok(_)) => Err(format!("in the base: {why}")),
        (Ok(_), Err(why)) => Err(format!("in the new one: {why}")),
        (Err(base), Err(new)) if base == new => Err(format!("in both: {base}")),
        (Err(base), Err(new)) => Err(format!("in the base: {base}; in the new one: {new}")),
    }
}

/// The rows of one stage.
pub struct OfStage {
    /// What it is made of, in both recordings.
    digests: [u64; 2],
    /// Its rows.
    pub rows: Vec<Raw>,
}

/// The rows of one stage, where both recorded it and it took time; `only` names those that are wanted.
pub fn of_stage(
    watches: [&Watch; 2],
    stage: Stage,
    name: &str,
    only: Option<&[&str]>,
    options: &Options,
) -> Option<OfStage> {
    let [Some(base), Some(new)] = watches.map(|w| side::spread(w, stage)) else {
        return None;
    };
    let took_time = |s: &Spread| s.all.max().is_some_and(|max| max > 0);
    if !took_time(&base) && !took_time(&new) {
        return None;
    }
    let sides = [&base, &new];
    let cumulative = sides.map(|s| Cumulative::of(s, STEPS));
    let identical = base == new;
    let delta = cliff(&base.all, &new.all);
    let mut rows = vec![];
    for indicator in catalogue() {
        let wanted = only.is_none_or(|only| only.contains(&indicator.name));
        let shift = estimate::shift(indicator.unit, &options.tolerance);
        let (values, estimates) = match indicator.measure {
            Measure::Quantile(s, q) if s == stage && wanted => (
                sides.map(|s| s.all.quantile(q).unwrap_or(0) as f64),
                [0, 1].map(|i| {
                    estimate::quantile(sides[i], &cumulative[i], q, shift, draws(options))
                }),
            ),
            Measure::Mean(s) if s == stage && wanted => (
                sides.map(|s| s.all.mean().unwrap_or(0.0)),
                [0, 1].map(|i| {
                    estimate::ratio(&sides[i].sums, &sides[i].counts(), shift, draws(options))
                }),
            ),
            _ => continue,
        };
        let [b, n] = estimates;
        let compared = both(b, n, shift, options);
        let mut raw = Raw::new(indicator.name, indicator.unit, indicator.worse, compared)
            .with(values[0], values[1], identical);
        raw.row.delta = Some(delta);
        rows.push(raw);
    }
    if only.is_none() && matches!(stage, Stage::Latency | Stage::Ttft) {
        rows.extend(of_shape(sides, &cumulative, name, options).map(|mut raw| {
            raw.row.delta = Some(delta);
            raw.identical = identical;
            raw
        }));
    }
    Some(OfStage {
        digests: sides.map(Spread::digest),
        rows,
    })
}

/// How wide a distribution is, and whether it moved anywhere.
fn of_shape(
    sides: [&Spread; 2],
    cumulative: &[Cumulative; 2],
    name: &str,
    options: &Options,
) -> [Raw; 2] {
    let shift = estimate::shift(Unit::Nanos, &options.tolerance);
    let width = |i: usize| estimate::width(sides[i], &cumulative[i], shift, draws(options));
    let (base, new) = (width(0), width(1));
    let values = [&base, &new].map(|w| w.as_ref().map_or(f64::NAN, Estimate::value));
    let compared = both(base, new, shift, options);
    let mut spread = Raw::new(
        &format!("{name}.spread"),
        Unit::Nanos,
        Worse::Higher,
        compared,
    );
    if values.iter().all(|v| v.is_finite()) {
        spread = spread.with(values[0], values[1], false);
    }
    let least = options.tolerance.relative;
    let shape = shape::compare(sides[0], sides[1], &options.tolerance, draws(options));
    let moved = shape.as_ref().map_or(0.0, |s| s.side(least));
    let compared = shape.map(|shape| Compared {
        p: shape.p,
        interval: (moved, moved),
        beyond: shape.beyond(least),
        within: !shape.beyond(least) && shape.p > options.alpha,
    });
    let distribution = format!("{name}.distribution");
    let distribution = Raw::new(&distribution, Unit::Fraction, Worse::Higher, compared);
    [spread, distribution.with(0.0, moved, false)]
}

/// Verdicts, corrected for all rows together, worst first.
pub fn judged(raw: Vec<Raw>, options: &Options) -> Vec<Row> {
    let mut corrected: Vec<Option<f64>> = vec![None; raw.len()];
    let there = |family: Family| {
        let of = |i: &usize| raw[*i].row.family == family && raw[*i].compared.is_ok();
        (0..raw.len()).filter(of).collect::<Vec<_>>()
    };
    let weights = Family::ALL.iter().filter(|(f, _)| !there(*f).is_empty());
    let all: f64 = weights.map(|(_, weight)| weight).sum();
    for (family, weight) in Family::ALL {
        let places = there(family);
        let ps: Vec<f64> = places
            .iter()
            .map(|&i| match &raw[i].compared {
                Ok(compared) if !raw[i].identical => compared.p,
                _ => 1.0,
            })
            .collect();
        for (&i, p) in places.iter().zip(holm(&ps)) {
            corrected[i] = Some((p * all / weight).min(1.0));
        }
    }
    let rows = raw.into_iter().zip(corrected);
    let mut rows: Vec<(f64, Row)> = rows.map(|(raw, p)| judge(raw, p, options)).collect();
    rows.sort_by(|(a, x), (b, y)| {
        let rank = |row: &Row| (row.verdict, row.family);
        rank(x).cmp(&rank(y)).then(b.total_cmp(a))
    });
    rows.into_iter().map(|(_, row)| row).collect()
}

/// One verdict, and how large the change is, to sort by.
fn judge(raw: Raw, corrected: Option<f64>, options: &Options) -> (f64, Row) {
    let Raw {
        mut row,
        worse,
        compared,
        identical,
    } = raw;
    let missing = compared.as_ref().err().cloned();
    if let (Ok(compared), Some(base), Some(new)) = (&compared, row.base, row.new) {
        let (low, high) = if identical {
            (0.0, 0.0)
        } else {
            compared.interval
        };
        row.change = Some(Change {
            by: new - base,
            low,
            high,
            ratio: (base != 0.0).then(|| new / base),
        });
        if options.draws > 0 {
            row.p = Some(if identical { 1.0 } else { compared.p });
            row.corrected = corrected;
        }
        let counts = corrected.is_some_and(|p| p <= options.alpha) && compared.beyond;
        let up_is_worse = worse == Worse::Higher;
        row.verdict = if identical {
            Verdict::Same
        } else if counts && (new > base) == up_is_worse {
            Verdict::Worse
        } else if counts {
            Verdict::Better
        } else if compared.within {
            Verdict::Same
        } else {
            Verdict::Unclear
        };
    }
    let size = match (row.base, row.new) {
        (Some(base), Some(new)) => {
            let small = estimate::shift(row.unit, &options.tolerance) * options.tolerance.relative;
            libm::log((new + small).max(1e-12) / (base + small).max(1e-12)).abs()
        }
        _ => 0.0,
    };
    row.detail = words::detail(&row, missing.as_deref());
    (size, row)
}
