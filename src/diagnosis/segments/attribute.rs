//! What requests can be told apart by: columns of the recording, and sizes in four classes.

use super::super::{stats::spaced, view::View};
use crate::{recording::requests, sim::hash::FixedState};
use hashbrown::HashMap;
use std::ops::Range;

/// Columns with names, with their dictionary; and those without, with what stands before the number.
const NAMED: [(usize, &str); 6] = [
    (requests::tenant, "tenant"),
    (requests::route, "route"),
    (requests::region, "region"),
    (requests::client, "client"),
    (requests::model, "model"),
    (requests::class, "class"),
];
const NUMBERED: [usize; 7] = [
    requests::replica,
    requests::process,
    requests::service_version,
    requests::parser_version,
    requests::key_template,
    requests::serializer,
    requests::limiter_scope,
];
/// Sizes, in quarters of those of before.
const SIZES: [usize; 3] = [
    requests::bytes,
    requests::input_tokens,
    requests::output_tokens,
];
/// Values of one attribute that are looked at; the rest is "other" and never named.
const VALUES: usize = 2000;
/// Sizes that their quarters are read off.
const SAMPLE: usize = 20_000;

/// An attribute, its values as small numbers, row by row of those that are looked at.
pub struct Attribute {
    /// Its name, as the column's.
    pub name: &'static str,
    /// The value of each row: a place in `values`; [`NOTHING`] where there is none, or too many.
    pub codes: Vec<u32>,
    /// The names of the values.
    pub values: Vec<String>,
}

/// The code of a row without a value.
pub const NOTHING: u32 = u32::MAX;

/// The attributes of some rows that the recording has and that tell any of them apart.
pub fn all(view: &View, rows: &[u32], before: &Range<u64>) -> Vec<Attribute> {
    let mut all: Vec<Attribute> = vec![];
    for (column, dictionary) in NAMED {
        let named = |value: u64| view.recording.name(dictionary, value as u32).to_string();
        all.extend(of_column(view, rows, column, named));
    }
    for column in NUMBERED {
        let counted = matches!(column, requests::replica | requests::process);
        let named = |value: u64| {
            if counted {
                value.to_string()
            } else {
                format!("v{value}")
            }
        };
        all.extend(of_column(view, rows, column, named));
    }
    all.extend(of_column(view, rows, requests::shape, |value| {
        format!("{value:016x}")
    }));
    for column in SIZES {
        all.extend(of_size(view, rows, column, before));
    }
    // Columns that move together say the same: the first speaks.
    let mut kept: Vec<Attribute> = vec![];
    for attribute in all {
        if !kept.iter().any(|k| k.codes == attribute.codes) {
            kept.push(attribute);
        }
    }
    kept
}

fn of_column(
    view: &View,
    rows: &[u32],
    column: usize,
    named: impl Fn(u64) -> String,
) -> Option<Attribute> {
    if !view.recording.requests.has(column) {
        return None;
    }
    let mut places: HashMap<u64, u32, FixedState> = HashMap::default();
    let mut values = vec![];
    let codes: Vec<u32> = rows
        .iter()
        .map(|&i| {
            let value = view.get(column, i as usize);
            if value == 0 {
                return NOTHING;
            }
            *places.entry(value).or_insert_with(|| {
                if values.len() == VALUES {
                    return NOTHING;
                }
                values.push(value);
                values.len() as u32 - 1
            })
        })
        .collect();
    (values.len() > 1).then(|| Attribute {
        name: View::column_name(column),
        codes,
        values: values.into_iter().map(named).collect(),
    })
}

fn of_size(view: &View, rows: &[u32], column: usize, before: &Range<u64>) -> Option<Attribute> {
    if !view.has(column) {
        return None;
    }
    let mut usual: Vec<u64> = spaced(view.between(before.start, before.end), SAMPLE)
        .map(|i| view.get(column, i))
        .filter(|size| *size > 0)
        .collect();
    usual.sort_unstable();
    let at = |q: usize| usual.get(usual.len() * q / 4).copied();
    let (low, middle, high) = (at(1)?, at(2)?, at(3)?);
    if low == high {
        return None;
    }
    let codes = rows.iter().map(|&i| match view.get(column, i as usize) {
        0 => NOTHING,
        size => u32::from(size > low) + u32::from(size > middle) + u32::from(size > high),
    });
    Some(Attribute {
        name: View::column_name(column),
        codes: codes.collect(),
        values: vec![
            format!("up to {low}"),
            format!("{low} to {middle}"),
            format!("{middle} to {high}"),
            format!("above {high}"),
        ],
    })
}
