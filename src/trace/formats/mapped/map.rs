//! The map: which of our columns is which of their names, and in which unit a time is.

use super::super::draft::{COLUMNS, Column};
use crate::{
    config::{At, Node, Read, Refusal, Value, suggestion},
    trace::stamp,
};

/// The unit of a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

const UNITS: &[(&str, Unit)] = &[
    (":s", Unit::Seconds),
    (":ms", Unit::Millis),
    (":us", Unit::Micros),
    (":ns", Unit::Nanos),
];

impl Unit {
    /// ns of a number in this unit, which may have a fraction.
    pub(super) fn nanos(self, text: &str) -> Option<u64> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if text.len() > whole.len() && fraction.is_empty() {
            return None;
        }
        let digits = match self {
            Unit::Seconds => 9,
            Unit::Millis => 6,
            Unit::Micros => 3,
            Unit::Nanos => 0,
        };
        let mut ns = stamp::digits(whole)?.checked_mul(10_u64.pow(digits))?;
        let mut place = 10_u64.pow(digits);
        for b in fraction.bytes() {
            if !b.is_ascii_digit() {
                return None;
            }
            place /= 10;
            ns = ns.checked_add(place * u64::from(b - b'0'))?;
        }
        Some(ns)
    }

    /// The unit in which a number is a time since 1970: s from 1973 on; ms, us, ns from 1973 to 5138.
    pub(super) fn recognised(text: &str) -> Unit {
        let whole = text.split('.').next().unwrap_or("");
        match whole.trim_start_matches('0').len() {
            0..=11 => Unit::Seconds,
            12..=14 => Unit::Millis,
            15..=17 => Unit::Micros,
            _ => Unit::Nanos,
        }
    }
}

/// One of our columns and where it is found.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// Ours.
    pub(super) column: Column,
    /// Its name with us.
    pub(super) name: &'static str,
    /// Theirs: a name of the header, or a path of keys.
    pub(super) source: String,
    /// The unit that is given.
    pub(super) unit: Option<Unit>,
}

/// A map of our columns to theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    pub(super) columns: Vec<Mapped>,
    pub(super) at: At,
}

pub(super) fn is_time(column: Column) -> bool {
    matches!(
        column,
        Column::Arrived | Column::Deadline | Column::Disconnect | Column::ServiceTime
    )
}

impl Read for Mapping {
    const WHAT: &'static str = "a map such as \"arrived=ts:ms,tenant=account_id\" or { arrived = \"ts:ms\", tenant = \"account_id\" }";

    fn read(node: &Node) -> Result<Self, Refusal> {
        let mut columns: Vec<Mapped> = vec![];
        let mut add = |at: &At, name: &str, source: &str| -> Result<(), Refusal> {
            let known = COLUMNS.iter().find(|(n, _)| *n == name);
            let Some(&(name, column)) = known else {
                return Err(Refusal::at(at, format!("unknown column \"{name}\""))
                    .help(suggestion(name, COLUMNS.iter().map(|c| c.0))));
            };
            if columns.iter().any(|c| c.column == column) {
                return Err(
                    Refusal::at(at, format!("\"{name}\" is mapped twice")).help("leave one out")
                );
            }
            let unit = UNITS
                .iter()
                .rev()
                .find(|(suffix, _)| is_time(column) && source.ends_with(suffix));
            let source = unit.map_or(source, |(suffix, _)| &source[..source.len() - suffix.len()]);
            if source.is_empty() {
                return Err(Refusal::at(at, format!("\"{name}\" is mapped to nothing"))
                    .help("name a column of the file, or leave it out"));
            }
            columns.push(Mapped {
                column,
                name,
                source: source.into(),
                unit: unit.map(|(_, unit)| *unit),
            });
            Ok(())
        };
        match &node.value {
            Value::Text(list) => {
                for pair in list.split(',') {
                    let (name, source) =
                        pair.split_once('=').ok_or_else(|| node.wrong(Self::WHAT))?;
                    add(&node.at, name.trim(), source.trim())?;
                }
            }
            Value::Table(table) => {
                for (name, entry) in table {
                    add(&entry.key, name, &String::read(&entry.node)?)?;
                }
            }
            _ => return Err(node.wrong(Self::WHAT)),
        }
        if !columns.iter().any(|c| c.column == Column::Arrived) {
            return Err(
                Refusal::at(&node.at, "the map does not say when requests arrived")
                    .help("add arrived=NAME, with its unit behind it: arrived=ts:ms"),
            );
        }
        Ok(Mapping {
            columns,
            at: node.at.clone(),
        })
    }

    fn schema() -> serde_json::Value {
        serde_json::json!({ "anyOf": [
            { "type": "string", "examples": ["arrived=ts:ms,tenant=account_id"] },
            { "type": "object", "additionalProperties": { "type": "string" } },
        ] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_exact_and_recognised_by_size() {
        assert_eq!(
            Unit::Millis.nanos("1442018818771"),
            Some(1_442_018_818_771_000_000)
        );
        assert_eq!(Unit::Millis.nanos("0.0000019"), Some(1));
        assert_eq!(Unit::Seconds.nanos("1.5"), Some(1_500_000_000));
        assert_eq!(Unit::Nanos.nanos("7.9"), Some(7));
        for bad in ["", ".", "1.", "-1", "1e3", "99999999999999999999"] {
            assert_eq!(Unit::Seconds.nanos(bad), None, "{bad}");
        }
        for (text, unit) in [
            ("12.5", Unit::Seconds),
            ("1442018818", Unit::Seconds),
            ("1442018818771", Unit::Millis),
            ("1442018818771000", Unit::Micros),
            ("1442018818771000000", Unit::Nanos),
        ] {
            assert_eq!(Unit::recognised(text), unit, "{text}");
        }
    }
}
