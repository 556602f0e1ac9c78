//! Numbers by phase, side by side: latency, outcomes, where time goes, the cache. Text and HTML show the same tables.
//!
//! A row is a name and an indicator of the catalogue. Not here: how a table looks.

use super::Findings;
use super::words::show;
use crate::incident::Phase;
use crate::indicators::{Measure, Stage, Unit, Worse, find};

/// Quantities in rows, phases in columns.
#[derive(Clone, Debug)]
pub struct Table {
    /// What it is about.
    pub title: &'static str,
    /// Names of the phases.
    pub phases: Vec<&'static str>,
    /// Rows that have something to say; no table has none.
    pub rows: Vec<TableRow>,
}

impl Table {
    /// Whether another has the same values in the same places.
    fn reads_as(&self, other: &Table) -> bool {
        let texts = |table: &Table| -> Vec<String> {
            let values = table.rows.iter().flat_map(|r| &r.values);
            values.map(|v| v.text.clone()).collect()
        };
        texts(self) == texts(other)
    }
}

/// One quantity.
#[derive(Clone, Debug)]
pub struct TableRow {
    /// Its name; two spaces before it mark a part of the row above.
    pub name: &'static str,
    /// Its value in each phase.
    pub values: Vec<TableCell>,
}

/// A value of a phase.
#[derive(Clone, Debug)]
pub struct TableCell {
    /// In its unit.
    pub text: String,
    /// Whether it is much worse than in the first phase. For the eye alone: gates judge.
    pub worse: bool,
}

/// One row as it is declared.
struct Row {
    /// What it is called.
    word: &'static str,
    /// Where its values come from.
    of: Of,
    /// Left out when it is zero in every phase.
    optional: bool,
}

enum Of {
    /// An indicator of the catalogue.
    Named(&'static str),
    /// A quantile that the catalogue does not name.
    Quantile(Stage, f64),
}

const fn row(word: &'static str, name: &'static str) -> Row {
    Row {
        word,
        of: Of::Named(name),
        optional: false,
    }
}

const fn optional(word: &'static str, name: &'static str) -> Row {
    Row {
        word,
        of: Of::Named(name),
        optional: true,
    }
}

const LATENCY: &[Row] = &[
    row("p50", "latency.p50"),
    Row {
        word: "p90",
        of: Of::Quantile(Stage::Latency, 0.9),
        optional: false,
    },
    row("p95", "latency.p95"),
    row("p99", "latency.p99"),
    row("p99.9", "latency.p999"),
    row("max", "latency.max"),
];

const SERVICE: &[Row] = &[
    row("p50", "latency.service.p50"),
    Row {
        word: "p90",
        of: Of::Quantile(Stage::Service, 0.9),
        optional: false,
    },
    row("p95", "latency.service.p95"),
    row("p99", "latency.service.p99"),
    row("p99.9", "latency.service.p999"),
    row("max", "latency.service.max"),
];

const OUTCOMES: &[Row] = &[
    row("requests", "requests"),
    row("arrivals", "arrival_rate"),
    row("answered", "success_rate"),
    optional("  degraded", "degraded_rate"),
    row("failed", "error_rate"),
    optional("  errors", "error_rate.error"),
    optional("  timeouts", "error_rate.timeout"),
    optional("  shed", "error_rate.shed"),
    optional("  parse errors", "error_rate.parse_error"),
    optional("  unavailable", "error_rate.unavailable"),
    optional("rejected", "reject_rate"),
    optional("hung up", "hangup_rate"),
    row("tries per op", "tries_per_op"),
];

const TIME: &[Row] = &[
    optional("queue", "queue.wait.mean"),
    optional("flight", "flight.wait.mean"),
    optional("pool", "pool.wait.mean"),
    optional("backoff", "backoff.mean"),
    optional("calls", "call.mean"),
    optional("cores", "cpu.wait.mean"),
    optional("locks", "lock.wait.mean"),
    optional("compute", "compute.mean"),
    row("all", "latency.mean"),
    optional("calls/request", "retry.amplification"),
];

const CACHE: &[Row] = &[
    row("hit rate", "cache.hit_rate"),
    row("never seen", "cache.miss_rate.never_seen"),
    row("expired", "cache.miss_rate.expired"),
    row("evicted", "cache.miss_rate.evicted"),
    optional("shared a flight", "flight.share"),
    row("distinct keys", "key.cardinality"),
    row("distinct contents", "content.cardinality"),
    row("keys per content", "key.per_content"),
    optional("age at hit, p50", "hit_age.p50"),
];

/// A value that is this much worse than in the first phase is marked.
const MARKED: f64 = 1.5;

/// Latency from the intended arrival, and from when the service began, where that is another.
pub fn latency(findings: &Findings) -> Vec<Table> {
    let arrival = table(findings, "Latency from the intended arrival", LATENCY);
    let service = table(findings, "Latency from the service's start", SERVICE);
    match (arrival, service) {
        (Some(arrival), Some(service)) if arrival.reads_as(&service) => vec![Table {
            title: "Latency from the intended arrival (the same from the service's start)",
            ..arrival
        }],
        (arrival, service) => arrival.into_iter().chain(service).collect(),
    }
}

/// How requests ended, and where their time went.
pub fn outcomes(findings: &Findings) -> Vec<Table> {
    let outcomes = table(findings, "Outcomes", OUTCOMES);
    outcomes
        .into_iter()
        .chain(table(findings, "Where time goes (mean)", TIME))
        .collect()
}

/// What the cache did; nothing when there is none.
pub fn cache(findings: &Findings) -> Vec<Table> {
    let looked = findings
        .phases()
        .iter()
        .any(|p| findings.value("cache.hit_rate", p).is_some());
    let table = if looked {
        table(findings, "Cache (rates are shares of look-ups)", CACHE)
    } else {
        None
    };
    table.into_iter().collect()
}

fn table(findings: &Findings, title: &'static str, rows: &[Row]) -> Option<Table> {
    let phases = findings.compared();
    let rows: Vec<TableRow> = rows
        .iter()
        .filter_map(|row| {
            Some(TableRow {
                name: row.word,
                values: cells(findings, &phases, row)?,
            })
        })
        .collect();
    let names = phases.iter().map(|p| p.name.word()).collect();
    (!rows.is_empty()).then_some(Table {
        title,
        phases: names,
        rows,
    })
}

/// A row's value in each phase; `None` when there is nothing to say.
fn cells(findings: &Findings, phases: &[Phase], row: &Row) -> Option<Vec<TableCell>> {
    let (unit, worse, values) = match row.of {
        Of::Named(name) => {
            let indicator = find(name)?;
            let value = |p: &Phase| findings.value_over(indicator, p.from, p.to);
            (
                indicator.unit,
                indicator.worse,
                phases.iter().map(value).collect::<Vec<_>>(),
            )
        }
        Of::Quantile(stage, q) => {
            let watch = findings.watch;
            let value = |p: &Phase| {
                watch.measure(
                    &Measure::Quantile(stage, q),
                    watch.windows.within(p.from, p.to),
                )
            };
            (
                Unit::Nanos,
                Worse::Higher,
                phases.iter().map(value).collect(),
            )
        }
    };
    let silent = |v: &Option<f64>| v.is_none() || row.optional && *v == Some(0.0);
    if values.iter().all(silent) {
        return None;
    }
    let first = values.first().copied().flatten();
    // How much traffic there is says nothing about how well it is served.
    let judged = unit != Unit::PerSecond && unit != Unit::Count;
    let marked = |value: Option<f64>| match (first, value) {
        (Some(base), Some(now)) => judged && is_worse(worse, base, now),
        _ => false,
    };
    Some(
        values
            .iter()
            .map(|v| TableCell {
                text: show(unit, *v),
                worse: marked(*v),
            })
            .collect(),
    )
}

fn is_worse(worse: Worse, base: f64, now: f64) -> bool {
    match worse {
        Worse::Higher => now > base * MARKED,
        Worse::Lower => now * MARKED < base,
    }
}
