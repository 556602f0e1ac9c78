//! Amounts as they are written in an expression, each in the unit of its quantity.

use crate::{config::parse_nanos, indicators::Unit};

/// An amount of a unit, for messages.
pub(super) fn such_as(unit: Unit) -> &'static str {
    match unit {
        Unit::Nanos => "a duration such as 250ms",
        Unit::Fraction => "a percentage such as 2%",
        Unit::Count => "a number such as 500 or 10k",
        Unit::PerSecond => "a rate such as 50/s",
        Unit::Ratio => "a number such as 1.5",
    }
}

/// A plain number.
pub(super) fn plain(text: &str) -> Option<f64> {
    let number = text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | '_'));
    let x: f64 = text.replace('_', "").parse().ok().filter(|_| number)?;
    x.is_finite().then_some(x)
}

/// An amount in a unit, as written: ns for durations, percent for shares.
pub(super) fn amount(text: &str, unit: Unit) -> Result<f64, String> {
    let scaled = |text: &str| {
        let (digits, scale) = match text.chars().last() {
            Some('k') => (&text[..text.len() - 1], 1e3),
            Some('M') => (&text[..text.len() - 1], 1e6),
            _ => (text, 1.0),
        };
        plain(digits).map(|x| x * scale)
    };
    let read = match unit {
        Unit::Nanos => parse_nanos(text).map(|ns| ns as f64),
        Unit::Fraction => text.strip_suffix('%').and_then(plain),
        Unit::Count => scaled(text),
        Unit::Ratio => plain(text),
        Unit::PerSecond => text.split_once('/').and_then(|(n, per)| {
            let seconds = match per {
                "s" => 1.0,
                "m" | "min" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
            scaled(n).map(|n| n / seconds)
        }),
    };
    read.filter(|x| x.is_finite())
        .ok_or_else(|| format!("write {}", such_as(unit)))
}
