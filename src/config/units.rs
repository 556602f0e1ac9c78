//! Quantities as people write them, and as we write them back: `1m30s`, `50/s`, `64MiB`, `5%`, `10k`.

use super::{
    node::{Node, Value},
    options::Read,
    refusal::Refusal,
};
use serde_json::json;

/// A length of virtual time, in ns. Written `250ms`, `1m30s`, `1.5h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub u64);

/// Events a second. Written `50/s`, `30/m`, `1k/h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Rate(pub f64);

/// A size in bytes. Written `512`, `64KiB`, `10MB`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

/// A whole number of things. Written `20_000` or `"20k"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(pub u64);

/// A fraction between 0 and 1, written in percent: `5` or `"5%"`. Held as the fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Percent(pub f64);

/// A fraction between 0 and 1, written `0.2` or `"20%"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share(pub f64);

/// A time on the timeline: absolute (`20m`) or a share of the trace's length (`33%`).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum When {
    /// ns from the start of the trace.
    At(u64),
    /// Fraction of the trace's length.
    Share(f64),
}

impl When {
    /// The time in ns, given the length of the trace in ns.
    pub fn resolve(self, length: u64) -> u64 {
        match self {
            When::At(ns) => ns,
            When::Share(share) => (length as f64 * share).round() as u64,
        }
    }
}

/// The second half of a rate: how many seconds one period has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Per(pub f64);

const SPANS: &[(&str, f64)] = &[
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("min", 60e9),
    ("h", 3600e9),
    ("d", 86_400e9),
    ("w", 604_800e9),
];

/// Splits `12.5ms` into number and unit.
fn number_and_unit(text: &str) -> Option<(f64, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))
        .unwrap_or(text.len());
    let number: f64 = text[..end].replace('_', "").parse().ok()?;
    Some((number, text[end..].trim()))
}

/// Parses `1m30s`; `None` when it is no duration or does not fit.
pub fn parse_nanos(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0.0;
    let mut last = f64::INFINITY;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))?;
        let unit_end = rest[digits..]
            .find(|c: char| c.is_ascii_digit())
            .map_or(rest.len(), |i| digits + i);
        let number: f64 = rest[..digits].replace('_', "").parse().ok()?;
        let unit = rest[digits..unit_end].trim();
        let scale = SPANS.iter().find(|(name, _)| *name == unit)?.1;
        if scale >= last {
            return None; // 30s1m
        }
        last = scale;
        total += number * scale;
        rest = &rest[unit_end..];
    }
    // Centuries still fit; beyond that somebody mistyped.
    (last.is_finite() && total < 9e18).then(|| total.round() as u64)
}

fn parse_rate(text: &str) -> Option<f64> {
    let (amount, per) = text.split_once('/')?;
    let amount = parse_count(amount.trim())?;
    let per = per.trim();
    let seconds = match number_and_unit(per) {
        Some((n, unit)) if n > 0.0 => n * SPANS.iter().find(|(name, _)| *name == unit)?.1 / 1e9,
        _ => SPANS.iter().find(|(name, _)| *name == per)?.1 / 1e9,
    };
    Some(amount / seconds)
}

fn parse_count(text: &str) -> Option<f64> {
    let (n, unit) = number_and_unit(text)?;
    let scale = match unit {
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        _ => return None,
    };
    Some(n * scale)
}

fn parse_bytes(text: &str) -> Option<f64> {
    let (n, unit) = number_and_unit(text)?;
    let scale = match unit {
        "" | "B" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        _ => return None,
    };
    Some(n * scale)
}

/// Percentages as texts, for the schema.
const PERCENT: &str = r"^\s*[0-9][0-9.]*\s*%\s*$";

fn parse_percent(text: &str) -> Option<f64> {
    text.trim()
        .strip_suffix('%')?
        .trim()
        .parse::<f64>()
        .ok()
        .map(|p| p / 100.0)
}

/// Reads a quantity from a text by `parse`, or from a bare number by `plain`.
fn quantity(
    node: &Node,
    expected: &str,
    parse: impl Fn(&str) -> Option<f64>,
    plain: impl Fn(f64) -> Option<f64>,
) -> Result<f64, Refusal> {
    let read = match &node.value {
        Value::Text(text) => parse(text.trim()),
        Value::Integer(i) => plain(*i as f64),
        Value::Float(x) => plain(*x),
        _ => None,
    };
    read.filter(|x| x.is_finite() && *x >= 0.0)
        .ok_or_else(|| node.wrong(expected))
}

impl Read for Span {
    const WHAT: &'static str = "a duration such as \"250ms\" or \"1m30s\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::Text(text) => parse_nanos(text)
                .map(Span)
                .ok_or_else(|| node.wrong(Self::WHAT)),
            Value::Integer(0) => Ok(Span(0)),
            _ => Err(node.wrong(Self::WHAT)),
        }
    }
    fn schema() -> serde_json::Value {
        json!({ "type": ["string", "integer"], "minimum": 0, "maximum": 0, "pattern": r"^\s*([0-9][0-9._]*\s*(ns|us|µs|ms|s|min|m|h|d|w)\s*)+$|^0$", "examples": ["250ms", "1m30s"] })
    }
}

impl Read for Rate {
    const WHAT: &'static str = "a rate such as \"50/s\" or \"30/m\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        quantity(node, Self::WHAT, parse_rate, |_| None).map(Rate)
    }
    fn schema() -> serde_json::Value {
        json!({ "type": "string", "pattern": r"^\s*[0-9][0-9._]*\s*[kMG]?\s*/\s*[0-9._]*\s*(ns|us|µs|ms|s|min|m|h|d|w)\s*$", "examples": ["50/s"] })
    }
}

impl Read for Bytes {
    const WHAT: &'static str = "a size such as 4096, \"64KiB\" or \"10MB\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        quantity(node, Self::WHAT, parse_bytes, Some).map(|x| Bytes(x.round() as u64))
    }
    fn schema() -> serde_json::Value {
        json!({ "type": ["string", "number"], "minimum": 0, "pattern": r"^\s*[0-9][0-9._]*\s*([kKMG]?B|[KMG]iB)?\s*$", "examples": ["64MiB", 4096] })
    }
}

impl Read for Count {
    const WHAT: &'static str = "a whole number such as 20_000 or \"20k\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let x = quantity(node, Self::WHAT, parse_count, Some)?;
        if x.fract() != 0.0 || x > 9e15 {
            return Err(node.wrong(Self::WHAT));
        }
        Ok(Count(x as u64))
    }
    fn schema() -> serde_json::Value {
        json!({ "type": ["integer", "string"], "minimum": 0, "pattern": r"^\s*[0-9][0-9._]*\s*[kMG]?\s*$", "examples": [20000, "20k"] })
    }
}

impl Read for Percent {
    const WHAT: &'static str = "a percentage between 0 and 100, such as 5 or \"5%\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let x = quantity(node, Self::WHAT, parse_percent, |n| Some(n / 100.0))?;
        if x > 1.0 {
            Err(node.wrong(Self::WHAT))
        } else {
            Ok(Percent(x))
        }
    }
    fn schema() -> serde_json::Value {
        json!({ "type": ["number", "string"], "minimum": 0, "maximum": 100, "pattern": PERCENT, "examples": [5, "5%"] })
    }
}

impl Read for Share {
    const WHAT: &'static str = "a share between 0 and 1, such as 0.2 or \"20%\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let x = quantity(node, Self::WHAT, parse_percent, Some)?;
        if x > 1.0 {
            Err(node.wrong(Self::WHAT))
        } else {
            Ok(Share(x))
        }
    }
    fn schema() -> serde_json::Value {
        json!({ "type": ["number", "string"], "minimum": 0, "maximum": 1, "pattern": PERCENT, "examples": [0.2, "20%"] })
    }
}

impl Read for When {
    const WHAT: &'static str = "a time such as \"20m\", or a share of the trace such as \"33%\"";
    fn read(node: &Node) -> Result<Self, Refusal> {
        let refuse = || node.wrong(Self::WHAT);
        match &node.value {
            Value::Text(text) => match parse_percent(text) {
                Some(share) if (0.0..=1.0).contains(&share) => Ok(When::Share(share)),
                Some(_) => Err(refuse()),
                None => parse_nanos(text).map(When::At).ok_or_else(refuse),
            },
            Value::Integer(0) => Ok(When::At(0)),
            _ => Err(refuse()),
        }
    }
    fn schema() -> serde_json::Value {
        json!({ "type": ["string", "integer"], "minimum": 0, "maximum": 0, "pattern": r"^\s*([0-9][0-9._]*\s*(ns|us|µs|ms|s|min|m|h|d|w)\s*)+$|^\s*0\s*$|^\s*[0-9][0-9.]*\s*%\s*$", "examples": ["20m", "33%"] })
    }
}

/// A duration for people, at most two units or three digits: `1m30s`, `250ms`, `41.3ms`, `850µs`.
pub fn show_nanos(ns: u64) -> String {
    const S: u64 = 1_000_000_000;
    let two = |big: u64, big_name: &str, small: u64, small_name: &str| {
        if small == 0 {
            format!("{big}{big_name}")
        } else {
            format!("{big}{big_name}{small}{small_name}")
        }
    };
    let digits = |value: f64, unit: &str| {
        let text = if value < 9.995 {
            format!("{value:.2}")
        } else if value < 99.95 {
            format!("{value:.1}")
        } else {
            format!("{value:.0}")
        };
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        format!("{text}{unit}")
    };
    match ns {
        0 => "0".into(),
        1..1_000 => format!("{ns}ns"),
        1_000..999_500 => digits(ns as f64 / 1e3, "µs"),
        999_500..999_500_000 => digits(ns as f64 / 1e6, "ms"),
        _ if ns < 60 * S => digits(ns as f64 / 1e9, "s"),
        _ => {
            let seconds = ns.saturating_add(S / 2) / S;
            match seconds {
                0..3600 => two(seconds / 60, "m", seconds % 60, "s"),
                3600..86_400 => two(seconds / 3600, "h", seconds % 3600 / 60, "m"),
                _ => two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
            }
        }
    }
}

/// A count for people: `999`, `10k`, `1.25M`.
pub fn show_count(n: u64) -> String {
    let digits = |x: f64, unit: &str| {
        let text = if x < 9.995 {
            format!("{x:.2}")
        } else if x < 99.95 {
            format!("{x:.1}")
        } else {
            format!("{x:.0}")
        };
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        format!("{text}{unit}")
    };
    match n {
        0..1000 => n.to_string(),
        1000..999_500 => digits(n as f64 / 1e3, "k"),
        999_500..999_500_000 => digits(n as f64 / 1e6, "M"),
        _ => digits(n as f64 / 1e9, "G"),
    }
}

/// A size for people: `512B`, `64KiB`, `1.5MiB`.
pub fn show_bytes(n: u64) -> String {
    let x = n as f64;
    let digits = |x: f64, unit: &str| {
        let text = if x < 9.995 {
            format!("{x:.1}")
        } else {
            format!("{x:.0}")
        };
        format!("{}{unit}", text.trim_end_matches(".0"))
    };
    match n {
        0..1024 => format!("{n}B"),
        1024..1_048_576 => digits(x / 1024.0, "KiB"),
        1_048_576..1_073_741_824 => digits(x / 1_048_576.0, "MiB"),
        _ => digits(x / 1_073_741_824.0, "GiB"),
    }
}

/// A fraction for people: `2.5%`.
pub fn show_percent(fraction: f64) -> String {
    let p = fraction * 100.0;
    let text = if p.abs() < 0.995 {
        format!("{p:.2}")
    } else if p.abs() < 99.95 {
        format!("{p:.1}")
    } else {
        format!("{p:.0}")
    };
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text}%")
}

/// A rate for people: `12.5/s`.
pub fn show_rate(per_second: f64) -> String {
    let text = if per_second < 99.95 {
        format!("{per_second:.2}")
    } else {
        format!("{per_second:.0}")
    };
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text}/s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        for (text, ns) in [
            ("250ms", 250_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("0", 0),
            ("850us", 850_000),
        ] {
            assert_eq!(parse_nanos(text), Some(ns), "{text}");
        }
        for text in ["", "5", "ms", "5 parsecs", "30s1m", "-1s", "1e3s"] {
            assert_eq!(parse_nanos(text), None, "{text}");
        }
    }

    #[test]
    fn quantities_are_written_back_short() {
        let shown = [
            0,
            999,
            150_000,
            41_270_000,
            250_000_000,
            999_900_000,
            1_500_000_000,
            90_000_000_000,
            5_400_000_000_000,
            90_000_000_000_000,
        ]
        .map(show_nanos);
        assert_eq!(
            shown,
            [
                "0", "999ns", "150µs", "41.3ms", "250ms", "1s", "1.5s", "1m30s", "1h30m", "1d1h"
            ]
        );
        assert_eq!(
            [999, 10_000, 1_250_000].map(show_count),
            ["999", "10k", "1.25M"]
        );
        assert_eq!(
            [0.05, 0.0025, 1.0].map(show_percent),
            ["5%", "0.25%", "100%"]
        );
        assert_eq!(parse_rate("30/m"), Some(0.5));
        assert_eq!(parse_rate("1k/s"), Some(1000.0));
    }

    #[test]
    fn rounding_never_shows_sixty_seconds() {
        assert_eq!(show_nanos(119_700_000_000), "2m");
    }
}
