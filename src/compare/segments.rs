//! The main quantities over the largest parts of the traffic: who is hurt while the whole looks well.

use super::{
    Options,
    rows::{Family, Raw, Segment, of_stage, of_sums},
    side::{self, Side},
};
use crate::{
    indicators::{Measure, Stage, Watch, find},
    recording::{Meaning, RequestRow, Row as _, requests},
};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Columns whose values are parts of the traffic.
pub const COLUMNS: &[usize] = &[
    requests::tenant,
    requests::route,
    requests::class,
    requests::region,
    requests::model,
    requests::client,
];
/// What is looked at in each part.
const STAGES: &[&str] = &["latency.p50", "latency.p95"];
const SHARES: &[&str] = &["error_rate", "reject_rate", "hangup_rate"];

/// Rows of the largest parts; `notes` gets how many there were beyond.
pub fn rows(sides: &[Side; 2], options: &Options, notes: &mut Vec<String>) -> Vec<Raw> {
    let mut parts: Vec<(u64, usize, String)> = vec![];
    for &column in COLUMNS {
        let [base, new] = [0, 1].map(|i| sizes(&sides[i], column));
        let mut of_column: Vec<(u64, usize, String)> = vec![];
        for (value, n) in &base {
            let least = (*n).min(new.get(value).copied().unwrap_or(0));
            if least >= options.segment_requests {
                of_column.push((least, column, value.clone()));
            }
        }
        // One value is all of the traffic, and says nothing new.
        if base.len() > 1 || new.len() > 1 {
            parts.extend(of_column);
        }
    }
    parts.sort_by(|a, b| (b.0, a.1, &a.2).cmp(&(a.0, b.1, &b.2)));
    if parts.len() > options.segments {
        notes.push(format!(
            "of {} parts of the traffic that are large enough the largest {} were looked at",
            parts.len(),
            options.segments
        ));
    }
    parts.truncate(options.segments);
    let watches = [0, 1].map(|i| watches(&sides[i], &parts));
    (0..parts.len())
        .into_par_iter()
        .flat_map_iter(|i| {
            let (_, column, value) = &parts[i];
            let segment = Segment {
                column: RequestRow::COLUMNS[*column].name,
                value: value.clone(),
            };
            let wholes = [&sides[0].watch, &sides[1].watch];
            let own = [&watches[0][i], &watches[1][i]];
            one(own, wholes, options).into_iter().map(move |mut raw| {
                raw.row.segment = Some(segment.clone());
                raw.row.family = Family::Segment;
                raw
            })
        })
        .collect()
}

fn one(own: [&Watch; 2], wholes: [&Watch; 2], options: &Options) -> Vec<Raw> {
    let recorded = |measure: &Measure| {
        let mut both = wholes.iter();
        both.all(|w| w.measure(measure, 0..w.windows.len()).is_some())
    };
    let mut rows = vec![];
    if recorded(&Measure::Mean(Stage::Latency)) {
        rows = of_stage(own, Stage::Latency, "latency", Some(STAGES), options)
            .map_or(vec![], |stage| stage.rows);
    }
    for indicator in SHARES.iter().filter_map(|name| find(name)) {
        if !recorded(&indicator.measure) {
            continue;
        }
        let [Some(base), Some(new)] = own.map(|w| side::sums(w, &indicator.measure)) else {
            continue;
        };
        let sums = [base, new];
        if sums.iter().any(|s| s.0.iter().any(|v| *v > 0.0)) {
            let (name, unit, worse) = (indicator.name, indicator.unit, indicator.worse);
            rows.push(of_sums(name, unit, worse, &sums, true, options));
        }
    }
    rows
}

/// User requests by value of a column, by name: numbers differ between recordings.
fn sizes(side: &Side, column: usize) -> BTreeMap<String, u64> {
    let (table, Meaning::Name(names)) = (
        &side.recording.requests,
        RequestRow::COLUMNS[column].meaning,
    ) else {
        return BTreeMap::new();
    };
    let mut by_number: BTreeMap<u64, u64> = BTreeMap::new();
    if table.has(column) {
        for i in 0..table.len() {
            if table.value(requests::background, i) == 0 {
                *by_number.entry(table.value(column, i)).or_default() += 1;
            }
        }
    }
    by_number.remove(&0);
    by_number
        .into_iter()
        .map(|(number, n)| (side.recording.name(names, number as u32).to_string(), n))
        .collect()
}

fn watches(side: &Side, parts: &[(u64, usize, String)]) -> Vec<Watch> {
    let mut places: BTreeMap<(usize, u64), usize> = BTreeMap::new();
    for (place, (_, column, value)) in parts.iter().enumerate() {
        if let Meaning::Name(names) = RequestRow::COLUMNS[*column].meaning
            && let Some(number) = side.recording.names.get(names).and_then(|n| n.find(value))
        {
            places.insert((*column, u64::from(number)), place);
        }
    }
    let table = &side.recording.requests;
    side.parts(parts.len(), |i| {
        let of = |&column: &usize| places.get(&(column, table.value(column, i))).copied();
        COLUMNS.iter().filter_map(of).collect()
    })
}
