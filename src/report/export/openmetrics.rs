//! A recording as OpenMetrics text: counters, histograms and gauges with a sample at the end of each window, as Prometheus
//! would have scraped them. `promtool tsdb create-blocks-from openmetrics` takes it.
//!
//! Timestamps are virtual time, from the trace's real start where it has one, else from 1970. A request counts when it ends.
//! Source: OpenMetrics 1.0.0; buckets and names after Prometheus's "Metric and label naming".

use super::cells::name;
use super::durations::Durations;
use super::series::{Clock, Counts, Exposition, Key, labels, metric, seconds};
use crate::config::Refusal;
use crate::recording::{
    Meaning, Recording, RequestRow, Row, attempts, cache, events, miss, outcome, requests, result,
};
use std::collections::{BTreeMap, BTreeSet};

/// How metrics are cut.
#[derive(Clone, Debug)]
pub struct Cut<'a> {
    /// Width of a window, ns.
    pub every: u64,
    /// The column by whose values requests are told apart, such as `route`.
    pub by: &'a str,
    /// What was recorded: a title.
    pub title: &'a str,
}

/// Values of a label beyond the most frequent ones are summed up as `(other)`: a metric has no label without bounds.
pub const MOST_VALUES: usize = 20;

/// Samples of a series, at most: beyond that nobody loads the file.
pub const MOST_SAMPLES: usize = 100_000;

/// The width of windows for a run of this length, ns: that of Prometheus's own scrapes, or so many of them that there are
/// at most 1,440 windows.
pub fn plan(span: u64) -> u64 {
    const SCRAPE: u64 = 15_000_000_000;
    SCRAPE * span.div_ceil(SCRAPE * 1440).max(1)
}

/// Stages of a request by their column.
const STAGES: [(usize, &str); 8] = [
    (requests::flight_wait, "flight_wait"),
    (requests::queue_wait, "queue_wait"),
    (requests::core_wait, "core_wait"),
    (requests::lock_wait, "lock_wait"),
    (requests::compute, "compute"),
    (requests::backoff, "backoff"),
    (requests::pool_wait, "pool_wait"),
    (requests::call, "call"),
];

/// The number that stands for what is not among the most frequent.
const OTHER: u64 = u64::MAX;

/// The text.
///
/// # Errors
/// A column that requests are not told apart by, or that is not recorded; windows that are too many.
pub fn render(recording: &Recording, cut: &Cut) -> Result<String, Refusal> {
    let by = By::find(recording, cut.by)?;
    let clock = Clock::new(cut.every, recording.span, recording.origin.unwrap_or(0));
    if clock.points > MOST_SAMPLES {
        let (points, most) = (clock.points, MOST_SAMPLES);
        return Err(Refusal::new(format!(
            "{points} samples of each series are more than {most}"
        ))
        .help("take wider windows, such as --every 1m"));
    }
    let mut out = Exposition::default();
    out.family("gameday_run", "info", "", "What was recorded.");
    for point in 0..clock.points {
        let title = labels(&[("title", cut.title)]);
        out.sample(&clock, "gameday_run_info", &title, "1", point);
    }
    of_requests(&mut out, recording, &clock, &by);
    of_calls(&mut out, recording, &clock);
    of_events(&mut out, recording, &clock);
    gauges(&mut out, recording, &clock);
    out.text += "# EOF\n";
    Ok(out.text)
}

/// What requests are told apart by.
struct By {
    label: &'static str,
    column: usize,
    dictionary: &'static str,
    /// Numbers of the values that have a series of their own.
    own: BTreeSet<u64>,
}

impl By {
    fn find(recording: &Recording, name: &str) -> Result<By, Refusal> {
        let columns = || RequestRow::COLUMNS.iter().enumerate();
        let named = columns().filter_map(|(i, spec)| match spec.meaning {
            Meaning::Name(dictionary) => Some((i, spec.name, dictionary)),
            _ => None,
        });
        let known: Vec<&str> = named.clone().map(|n| n.1).collect();
        let Some((column, label, dictionary)) = named.clone().find(|n| n.1 == name) else {
            return Err(
                Refusal::new(format!("requests are not told apart by {name:?}"))
                    .help(format!("known: {}", known.join(", "))),
            );
        };
        let mut counts = BTreeMap::<u64, u64>::new();
        let table = &recording.requests;
        for row in 0..table.len() {
            *counts.entry(table.value(column, row)).or_default() += 1;
        }
        let mut order: Vec<(u64, u64)> = counts.into_iter().collect();
        order.sort_by_key(|(value, count)| (std::cmp::Reverse(*count), *value));
        let own = order.into_iter().take(MOST_VALUES).map(|(value, _)| value);
        Ok(By {
            label,
            column,
            dictionary,
            own: own.collect(),
        })
    }

    fn key(&self, recording: &Recording, row: usize) -> u64 {
        let value = recording.requests.value(self.column, row);
        if self.own.contains(&value) {
            value
        } else {
            OTHER
        }
    }

    fn name(&self, recording: &Recording, key: u64) -> String {
        match key {
            OTHER => "(other)".into(),
            key => name(&recording.names, self.dictionary, key),
        }
    }
}

fn whole(n: u64) -> String {
    n.to_string()
}

fn time(ns: u64) -> String {
    seconds(ns.into())
}

fn word(words: &[&'static str], number: u64) -> &'static str {
    words.get(number as usize).copied().unwrap_or_default()
}

/// Users' requests: how they ended, how long they took, and where their time went.
fn of_requests(out: &mut Exposition, recording: &Recording, clock: &Clock, by: &By) {
    let table = &recording.requests;
    let [mut ended, mut retries, mut stages, mut looked] = [(); 4].map(|()| Counts::default());
    let mut durations = Durations::default();
    for row in 0..table.len() {
        let value = |column| table.value(column, row);
        if value(requests::background) == 1 {
            continue;
        }
        let at = value(requests::arrived).saturating_add(value(requests::latency));
        let key = by.key(recording, row);
        ended.add(clock, [key, value(requests::outcome)], at, 1);
        durations.add(clock, key, at, value(requests::latency));
        retries.add(clock, [key, 0], at, u64::from(value(requests::tries) > 1));
        for (i, (column, _)) in STAGES.iter().enumerate() {
            if table.has(*column) {
                stages.add(clock, [key, i as u64], at, value(*column));
            }
        }
        match (value(requests::cache), value(requests::miss)) {
            (0, _) => {}
            (said, why) => looked.add(clock, [said, why], at, 1),
        }
    }
    let named = |key: u64| by.name(recording, key);
    let own = |[key, _]: Key| labels(&[(by.label, &named(key))]);
    out.family(
        "gameday_requests",
        "counter",
        "",
        "Users' tries of requests, by how they ended for their client.",
    );
    let of = |[key, end]: Key| {
        labels(&[
            (by.label, &named(key)),
            ("outcome", word(outcome::WORDS, end)),
        ])
    };
    out.counters(clock, "gameday_requests", &ended, of, whole);
    if table.has(requests::tries) {
        out.family(
            "gameday_retries",
            "counter",
            "",
            "Of these, those that were not the first try of an operation.",
        );
        out.counters(clock, "gameday_retries", &retries, own, whole);
    }
    if table.has(requests::latency) {
        let name = "gameday_request_duration_seconds";
        out.family(
            name,
            "histogram",
            "seconds",
            "From the intended arrival to the answer, or to the client's leaving.",
        );
        durations.write(out, clock, name, (by.label, named));
    }
    let name = "gameday_stage_seconds";
    out.family(
        name,
        "counter",
        "seconds",
        "Time of requests by the stage that it went to.",
    );
    let of =
        |[key, stage]: Key| labels(&[(by.label, &named(key)), ("stage", STAGES[stage as usize].1)]);
    out.counters(clock, name, &stages, of, time);
    if looked.keys().next().is_some() {
        out.family(
            "gameday_cache_lookups",
            "counter",
            "",
            "Look-ups in the cache, by what it said and why it missed.",
        );
        let of = |[said, why]: Key| {
            labels(&[
                ("result", word(cache::WORDS, said)),
                ("miss", word(miss::WORDS, why)),
            ])
        };
        out.counters(clock, "gameday_cache_lookups", &looked, of, whole);
    }
}

/// Calls to dependencies, those of no user included: that is what the dependency sees.
fn of_calls(out: &mut Exposition, recording: &Recording, clock: &Clock) {
    let table = &recording.attempts;
    if table.is_empty() {
        return;
    }
    let [mut ended, mut waits] = [(); 2].map(|()| Counts::default());
    let mut durations = Durations::default();
    for row in 0..table.len() {
        let value = |column| table.value(column, row);
        let at = value(attempts::started).saturating_add(value(attempts::time));
        let to = value(attempts::dependency);
        ended.add(clock, [to, value(attempts::result)], at, 1);
        waits.add(clock, [to, 0], at, value(attempts::pool_wait));
        durations.add(clock, to, at, value(attempts::time));
    }
    let named = |key: u64| name(&recording.names, "dependency", key);
    out.family(
        "gameday_calls",
        "counter",
        "",
        "Calls to dependencies, by how they ended.",
    );
    let of = |[to, end]: Key| {
        labels(&[
            ("dependency", &named(to)),
            ("result", word(result::WORDS, end)),
        ])
    };
    out.counters(clock, "gameday_calls", &ended, of, whole);
    if table.has(attempts::time) {
        let name = "gameday_call_duration_seconds";
        out.family(
            name,
            "histogram",
            "seconds",
            "From when a call was sent to its end.",
        );
        durations.write(out, clock, name, ("dependency", named));
    }
    if table.has(attempts::pool_wait) {
        let name = "gameday_pool_wait_seconds";
        out.family(name, "counter", "seconds", "Waiting for a connection.");
        let of = |[to, _]: Key| labels(&[("dependency", &named(to))]);
        out.counters(clock, name, &waits, of, time);
    }
}

/// What operators saw.
fn of_events(out: &mut Exposition, recording: &Recording, clock: &Clock) {
    let table = &recording.events;
    let mut counts = Counts::default();
    for row in 0..table.len() {
        let key = [table.value(events::event, row), 0];
        counts.add(clock, key, table.value(events::time, row), 1);
    }
    if counts.keys().next().is_none() {
        return;
    }
    out.family(
        "gameday_events",
        "counter",
        "",
        "Lines of the change log, such as deploys.",
    );
    let of = |[event, _]: Key| labels(&[("event", &name(&recording.names, "event", event))]);
    out.counters(clock, "gameday_events", &counts, of, whole);
}

/// Gauges as last read. Before its first reading a gauge has no sample.
fn gauges(out: &mut Exposition, recording: &Recording, clock: &Clock) {
    let mut families = BTreeMap::<u16, BTreeMap<u16, Vec<Option<f64>>>>::new();
    for row in recording.gauges.rows().filter(|row| row.value.is_finite()) {
        let family = families.entry(row.gauge).or_default();
        let none = || vec![None; clock.points];
        family.entry(row.replica).or_insert_with(none)[clock.at(row.time)] = Some(row.value);
    }
    for (gauge, series) in families {
        let read = name(&recording.names, "gauge", gauge.into());
        let family = out.untaken(&format!("gameday_{}", metric(&read)));
        out.family(
            &family,
            "gauge",
            "",
            &format!("The gauge {read}, as last read."),
        );
        for (replica, values) in series {
            let number = if replica == 0 {
                String::new()
            } else {
                replica.to_string()
            };
            let labels = labels(&[("replica", &number)]);
            let mut last = None;
            for (point, value) in values.into_iter().enumerate() {
                last = value.or(last);
                if let Some(last) = last {
                    out.sample(clock, &family, &labels, &format!("{last}"), point);
                }
            }
        }
    }
}
