//! A recording as diagnosis reads it: users' requests in order of arrival, and the calls that they made.
//!
//! Background work (warming, audit) is left out: it is nobody's symptom. Nothing is copied but times and row numbers.

use super::{marks, repeats::Repeats, series::What, stats::spaced, turns::Turns};
use crate::recording::{Recording, RequestRow, attempts, cache, gauges, requests, result, writes};
use std::collections::BTreeMap;

/// The requests and calls of users.
pub struct View<'r> {
    /// What it was made from.
    pub recording: &'r Recording,
    rows: Vec<u32>,
    /// When each request arrived, ns, ascending.
    pub arrived: Vec<u64>,
    /// Calls to dependencies, in order of their start.
    pub calls: Vec<Call>,
    /// Whether calls come from the table of attempts, or were pieced together from requests.
    pub own_calls: bool,
    /// Look-ups by whether their content and their key are known (see `repeats`).
    pub repeats: Repeats,
    /// Entries of the cache by the time of their writing; bad is one that died young (see `lives`).
    pub lives: Vec<Thing>,
    /// Things of other kinds, by what they may show (see `marks`).
    pub marks: BTreeMap<What, Vec<Thing>>,
    /// Whose turn it was (see `turns`).
    pub turns: Turns,
    /// The tenant to watch (see `tenants`); 0 is none.
    pub hot: u64,
    /// Last instant of the recording, ns.
    pub end: u64,
}

/// Something at an instant that is bad or not.
#[derive(Clone, Copy, Debug)]
pub struct Thing {
    /// When, ns.
    pub time: u64,
    /// Whether it is bad.
    pub bad: bool,
}

/// One call to a dependency.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// When it left, ns.
    pub started: u64,
    /// How long it took, s.
    pub seconds: f32,
    /// One of `recording::result`.
    pub result: u8,
    /// Who was called.
    pub dependency: u16,
    /// Its row in the table of attempts; of no meaning when calls were pieced together from requests, or are writes.
    pub row: u32,
}

/// One reading of a gauge.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// When, ns.
    pub time: u64,
    /// Whose; 0 is shared.
    pub replica: u16,
    /// How much.
    pub value: f64,
}

/// A recording goes on until the last client has left. When nobody new comes for a twentieth of the time before, what remains is
/// no service under traffic (who waits out an hour's patience, what is tried again and again): windows of it hold next to
/// nothing, and say nothing of how the service does.
const TAIL: u64 = 20;

impl<'r> View<'r> {
    /// Reads a recording; `None` when it has no arrivals.
    pub fn new(recording: &'r Recording) -> Option<View<'r>> {
        let table = &recording.requests;
        let arrived = table.column(requests::arrived)?;
        let user = |row: usize| table.value(requests::background, row) == 0;
        let rows = u32::try_from(table.len()).unwrap_or(u32::MAX);
        let mut order: Vec<u32> = (0..rows).filter(|&r| user(r as usize)).collect();
        if !order.is_sorted_by_key(|&r| arrived.get(r as usize)) {
            order.sort_by_key(|&r| arrived.get(r as usize));
        }
        let mut times: Vec<u64> = order.iter().map(|&r| arrived.get(r as usize)).collect();
        let last = times.last().copied()?;
        let mut end = recording.span.max(last + 1);
        let first = |r: &&u32| table.value(requests::tries, **r as usize) <= 1;
        let fresh = order.iter().rfind(first);
        if let Some(fresh) = fresh.map(|&r| arrived.get(r as usize) + 1)
            && end > fresh + fresh / TAIL
        {
            // What is over is over: rows beyond it are what was left to be tried again.
            end = fresh;
            times.truncate(times.partition_point(|&t| t < end));
            order.truncate(times.len());
        }
        let (mut calls, own_calls) = calls(recording, &order);
        calls.truncate(calls.partition_point(|c| c.started < end));
        let mut view = View {
            recording,
            rows: order,
            end,
            arrived: times,
            calls,
            own_calls,
            repeats: Repeats::default(),
            lives: vec![],
            marks: BTreeMap::new(),
            turns: Turns::default(),
            hot: 0,
        };
        view.repeats = super::repeats::of(&view);
        view.lives = super::lives::of(&view);
        view.hot = super::tenants::hottest(&view).unwrap_or(0);
        view.turns = super::turns::of(&view);
        view.marks = marks::all(&view);
        Some(view)
    }

    /// Requests.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row of request `i` in the table of requests.
    #[inline]
    pub fn row(&self, i: usize) -> u32 {
        self.rows[i]
    }

    /// A number of request `i`.
    #[inline]
    pub fn get(&self, column: usize, i: usize) -> u64 {
        self.recording.requests.value(column, self.rows[i] as usize)
    }

    /// A duration of request `i` in seconds.
    #[inline]
    pub fn seconds(&self, column: usize, i: usize) -> f32 {
        self.get(column, i) as f32 * 1e-9
    }

    /// Whether the requests have this column and it says something at all: a column that is zero throughout is no evidence.
    pub fn has(&self, column: usize) -> bool {
        self.recording
            .requests
            .column(column)
            .is_some_and(|c| c.iter().any(|v| v != 0))
    }

    /// Numbers of the requests that arrived in `[from, to)`.
    pub fn between(&self, from: u64, to: u64) -> std::ops::Range<usize> {
        let at = |t| self.arrived.partition_point(|&a| a < t);
        at(from)..at(to).max(at(from))
    }

    /// Numbers of the calls that started in `[from, to)`.
    pub fn calls_between(&self, from: u64, to: u64) -> std::ops::Range<usize> {
        let at = |t| self.calls.partition_point(|c| c.started < t);
        at(from)..at(to).max(at(from))
    }

    /// A number of call `i` in the table of attempts; only where calls come from there (`own_calls`).
    #[inline]
    pub fn of_call(&self, column: usize, call: &Call) -> u64 {
        self.recording.attempts.value(column, call.row as usize)
    }

    /// Whether calls come from the table of attempts, and it has this column, and it says something at all.
    pub fn calls_have(&self, column: usize) -> bool {
        let column = self.recording.attempts.column(column);
        self.own_calls && column.is_some_and(|c| c.iter().any(|v| v != 0))
    }

    /// The readings of a gauge in order of time; none when it is not recorded.
    pub fn readings(&self, gauge: &str) -> Vec<Reading> {
        let names = self.recording.names.get("gauge");
        let Some(number) = names.and_then(|n| n.find(gauge)) else {
            return vec![];
        };
        let table = &self.recording.gauges;
        (0..table.len())
            .filter(|&r| table.value(gauges::gauge, r) == u64::from(number))
            .map(|r| Reading {
                time: table.value(gauges::time, r),
                replica: table.value(gauges::replica, r) as u16,
                value: f64::from_bits(table.value(gauges::value, r)),
            })
            .collect()
    }

    /// The names of the gauges that begin so, in the order of the recording: what follows the beginning.
    pub fn gauges(&self, prefix: &str) -> Vec<String> {
        let names = self.recording.names.get("gauge");
        let names = names.into_iter().flat_map(|n| n.iter().skip(1));
        names
            .filter_map(|name| name.strip_prefix(prefix))
            .map(str::to_string)
            .collect()
    }

    /// A number of try `row` of a write.
    #[inline]
    pub fn of_write(&self, column: usize, row: u32) -> u64 {
        self.recording.writes.value(column, row as usize)
    }

    /// Whether each process has a cache of its own: with several processes, hits are on entries that the process itself wrote.
    pub fn local_caches(&self, span: &std::ops::Range<u64>) -> bool {
        let recorded = |c| self.recording.requests.has(c);
        if !recorded(requests::writer) || !recorded(requests::process) {
            return false;
        }
        let (mut own, mut foreign) = (0usize, 0usize);
        let mut processes = std::collections::BTreeSet::new();
        for i in spaced(self.between(span.start, span.end), 100_000) {
            let (writer, process) = (
                self.get(requests::writer, i),
                self.get(requests::process, i),
            );
            if self.get(requests::cache, i) == u64::from(cache::HIT) && writer != 0 {
                processes.insert(process);
                if writer == process {
                    own += 1
                } else {
                    foreign += 1
                }
            }
        }
        // Shared by k processes, only one hit in k would be on an own entry.
        processes.len() > 1 && own > 50 && foreign * 50 < own
    }

    /// The name of a column.
    pub fn column_name(column: usize) -> &'static str {
        <RequestRow as crate::recording::Row>::COLUMNS[column].name
    }
}

/// Calls from the table of attempts; without one, from requests that made exactly one call.
fn calls(recording: &Recording, order: &[u32]) -> (Vec<Call>, bool) {
    let (table, rows) = (&recording.attempts, recording.attempts.len());
    if rows > 0 && table.has(attempts::time) && table.has(attempts::started) {
        let mut calls: Vec<Call> = (0..rows)
            .filter(|&r| table.value(attempts::background, r) == 0)
            .map(|r| Call {
                started: table.value(attempts::started, r),
                seconds: table.value(attempts::time, r) as f32 * 1e-9,
                result: table.value(attempts::result, r) as u8,
                dependency: table.value(attempts::dependency, r) as u16,
                row: r as u32,
            })
            .collect();
        if !calls.is_sorted_by_key(|c| c.started) {
            calls.sort_by_key(|c| c.started);
        }
        return (calls, true);
    }
    let written = &recording.writes;
    if rows == 0 && !written.is_empty() {
        // A service that writes and calls nobody else: its writes are its calls.
        let mut calls: Vec<Call> = (0..written.len())
            .filter(|&r| written.value(writes::sent, r) > 0)
            .map(|r| Call {
                started: written.value(writes::started, r),
                seconds: written.value(writes::time, r) as f32 * 1e-9,
                result: written.value(writes::result, r) as u8,
                dependency: written.value(writes::dependency, r) as u16,
                row: u32::MAX,
            })
            .collect();
        calls.sort_by_key(|c| c.started);
        return (calls, true);
    }
    let requests = &recording.requests;
    let one = |row: usize| requests.value(requests::attempts, row) == 1;
    let mut calls: Vec<Call> = order
        .iter()
        .map(|&r| r as usize)
        .filter(|&r| requests.value(requests::call, r) > 0)
        .filter(|&r| !requests.has(requests::attempts) || one(r))
        .map(|r| Call {
            started: requests.value(requests::arrived, r)
                + [
                    requests::flight_wait,
                    requests::queue_wait,
                    requests::pool_wait,
                ]
                .iter()
                .map(|&c| requests.value(c, r))
                .sum::<u64>(),
            seconds: requests.value(requests::call, r) as f32 * 1e-9,
            result: result::OK,
            dependency: 0,
            row: 0,
        })
        .collect();
    calls.sort_by_key(|c| c.started);
    (calls, false)
}
