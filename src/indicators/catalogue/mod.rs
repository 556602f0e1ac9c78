//! The catalogue of named quantities: one file a group, one line an indicator.

mod cache;
mod calls;
mod gauges;
mod latency;
mod outcomes;
mod parts;

use super::measure::Measure;
use crate::config::{show_count, show_nanos, show_percent, show_rate, suggestion};
use std::fmt;

/// Which way is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worse {
    /// More is worse.
    Higher,
    /// Less is worse.
    Lower,
}

/// What a value is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// ns.
    Nanos,
    /// A fraction, shown in percent.
    Fraction,
    /// Things.
    Count,
    /// Things a second.
    PerSecond,
    /// A ratio without a unit.
    Ratio,
}

/// A named quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Indicator {
    /// `stage.quantity`, such as `latency.p95`, `cache.hit_rate`.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// Which way is worse.
    pub worse: Worse,
    /// What it is, one line.
    pub doc: &'static str,
    /// How it is worked out.
    pub measure: Measure,
}

/// The groups, in the order in which they are listed.
const GROUPS: &[&[Indicator]] = &[
    latency::INDICATORS,
    outcomes::INDICATORS,
    parts::INDICATORS,
    cache::INDICATORS,
    calls::INDICATORS,
    gauges::INDICATORS,
    gauges::SHARES,
    gauges::POWERS,
    gauges::TIMES,
];

/// Every indicator.
pub fn catalogue() -> impl Iterator<Item = &'static Indicator> {
    GROUPS.iter().copied().flatten()
}

/// The indicator of this name.
pub fn find(name: &str) -> Option<&'static Indicator> {
    catalogue().find(|indicator| indicator.name == name)
}

/// `did you mean "latency.p95"? ...` for a name that [`find`] does not know: the list is of its neighbours alone.
pub fn suggest(name: &str) -> String {
    let group = name.split('.').next().unwrap_or_default();
    let same = |known: &&str| known.split('.').next() == Some(group);
    let near: Vec<_> = catalogue().map(|i| i.name).filter(same).collect();
    if near.is_empty() {
        suggestion(name, catalogue().map(|i| i.name))
    } else {
        suggestion(name, near)
    }
}

impl Unit {
    /// A value for people.
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Nanos => show_nanos(value.round() as u64),
            Unit::Fraction => show_percent(value),
            // Means of gauges and estimates are no whole numbers; below a hundred it shows.
            Unit::Count if value < 100.0 && value.fract() != 0.0 => plain(value),
            Unit::Count => show_count(value.round() as u64),
            Unit::PerSecond => show_rate(value),
            Unit::Ratio => plain(value),
        }
    }
}

/// A number with at most two digits after the point.
fn plain(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Nanos => "a duration",
            Unit::Fraction => "a share",
            Unit::Count => "a count",
            Unit::PerSecond => "a rate",
            Unit::Ratio => "a ratio",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_indicator_has_its_own_name_and_a_line_of_explanation() {
        let mut names: Vec<_> = catalogue().map(|i| i.name).collect();
        let n = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), n);
        assert!(catalogue().all(|i| i.doc.len() > 10 && !i.doc.ends_with('.')));
    }

    #[test]
    fn a_misspelt_indicator_is_told_its_neighbours() {
        assert!(find("cache.hitrate").is_none());
        let told = suggest("cache.hitrate");
        assert!(
            told.starts_with("did you mean \"cache.hit_rate\"? known: cache."),
            "{told}"
        );
        assert!(suggest("eror_rate").contains("did you mean \"error_rate\"?"));
    }

    #[test]
    fn values_are_shown_in_their_unit() {
        assert_eq!(Unit::Nanos.show(930e6), "930ms");
        assert_eq!(Unit::Fraction.show(0.021), "2.1%");
        assert_eq!(Unit::Count.show(12_345.0), "12.3k");
        assert_eq!(Unit::Count.show(2.5), "2.5");
        assert_eq!(Unit::PerSecond.show(12.5), "12.5/s");
        assert_eq!(Unit::Ratio.show(1.0), "1");
    }
}
