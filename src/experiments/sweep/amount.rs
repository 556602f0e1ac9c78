//! Amounts of a grid: decimal numbers with a unit, exact, so that `0.1..0.3:0.1` is 0.1, 0.2, 0.3 and no 0.30000000000000004.

use crate::config::parse_nanos;

/// What an amount is counted in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number. `10k` is the same as 10000.
    Plain,
    /// ns.
    Nanos,
    /// Bytes.
    Bytes,
    /// What stands behind the number: `%`, `/s`.
    Behind(String),
}

/// A decimal number with its unit: `digits / 10^places`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// All of its digits.
    pub digits: i128,
    /// How many of them stand behind the point.
    pub places: u32,
    /// What is counted.
    pub unit: Unit,
}

/// Digits that a number may have; with those of a step the arithmetic stays within 128 bits.
const MOST_DIGITS: usize = 18;

const SIZES: &[(&str, i128)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("KB", 1_000),
    ("B", 1),
];

const TIMES: &[(i128, &str)] = &[
    (3_600_000_000_000, "h"),
    (60_000_000_000, "m"),
    (1_000_000_000, "s"),
    (1_000_000, "ms"),
    (1_000, "us"),
    (1, "ns"),
];

impl Amount {
    /// Reads one; `None`: it is none, or has more digits than are sensible.
    pub fn parse(text: &str) -> Option<Amount> {
        let text = text.trim();
        let of = |c: char| c.is_ascii_digit() || matches!(c, '.' | '_');
        let body = text.strip_prefix('-').unwrap_or(text);
        let end = body.find(|c| !of(c)).unwrap_or(body.len());
        let (number, behind) = (&body[..end], body[end..].trim());
        if !number.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        // Times may have several parts (1m30s), and are whole numbers of ns.
        if behind.starts_with(|c: char| c.is_ascii_alphabetic() || c == 'µ')
            && let Some(ns) = parse_nanos(body).filter(|_| body == text)
        {
            return Some(Amount {
                digits: i128::from(ns),
                places: 0,
                unit: Unit::Nanos,
            });
        }
        let plain = number.replace('_', "");
        let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
        let digits = format!("{whole}{part}");
        if part.contains('.') || digits.len() > MOST_DIGITS {
            return None;
        }
        let sign = if body.len() < text.len() { -1 } else { 1 };
        let mut amount = Amount {
            digits: digits.parse::<i128>().ok()? * sign,
            places: part.len() as u32,
            unit: Unit::Plain,
        };
        let (prefix, rest) = match behind.split_once('/') {
            Some((prefix, per)) if !per.trim().is_empty() => {
                (prefix.trim(), Some(format!("/{}", per.trim())))
            }
            Some(_) => return None,
            None => (behind, None),
        };
        let thousands = match prefix {
            "" => Some(1),
            "k" => Some(1_000),
            "M" => Some(1_000_000),
            "G" => Some(1_000_000_000),
            _ => None,
        };
        match (thousands, rest) {
            (Some(times), rest) => {
                amount = amount.times(times);
                amount.unit = rest.map_or(Unit::Plain, Unit::Behind);
            }
            (None, None) if prefix == "%" => amount.unit = Unit::Behind("%".into()),
            (None, None) => {
                let (_, bytes) = SIZES.iter().find(|(name, _)| *name == prefix)?;
                amount = amount.times(*bytes);
                amount.unit = Unit::Bytes;
            }
            (None, Some(_)) => return None,
        }
        Some(amount)
    }

    /// So many times, with no more places than needed.
    fn times(mut self, factor: i128) -> Amount {
        self.digits *= factor;
        while factor > 1 && self.places > 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.places -= 1;
        }
        self
    }

    /// With this many places, which is not fewer than it has; `None`: too large.
    pub fn at_places(&self, places: u32) -> Option<i128> {
        let more = places.checked_sub(self.places)?;
        10i128.checked_pow(more)?.checked_mul(self.digits)
    }

    /// The nearest number that a computer has.
    pub fn value(&self) -> f64 {
        let scale: f64 = (0..self.places).map(|_| 10.0).product();
        self.digits as f64 / scale
    }

    /// Whether parts of it mean nothing: bytes, ns, and numbers that are written without a point.
    pub fn is_whole(&self) -> bool {
        self.places == 0 && !matches!(self.unit, Unit::Behind(_))
    }

    /// As an incident file writes it.
    pub fn written(&self) -> String {
        let trimmed = || {
            let text = self.decimal();
            let short = match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.'),
                false => &text,
            };
            short.to_string()
        };
        match &self.unit {
            // Every value of a range has as many places, so that all are of one type.
            Unit::Plain => self.decimal(),
            Unit::Behind(unit) => format!("{}{unit}", trimmed()),
            Unit::Nanos => scaled(self.digits, TIMES.iter().copied()),
            Unit::Bytes if self.places > 0 => format!("{}B", trimmed()),
            Unit::Bytes => scaled(self.digits, SIZES.iter().map(|(name, n)| (*n, *name))),
        }
    }

    fn decimal(&self) -> String {
        let places = self.places as usize;
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.digits.abs(), width = places + 1);
        let (whole, part) = digits.split_at(digits.len() - places);
        match part {
            "" => format!("{sign}{whole}"),
            _ => format!("{sign}{whole}.{part}"),
        }
    }
}

/// In the largest unit of which it is a whole number.
fn scaled(n: i128, mut units: impl Iterator<Item = (i128, &'static str)>) -> String {
    match units.find(|(scale, _)| n != 0 && n % scale == 0) {
        Some((scale, name)) => format!("{}{name}", n / scale),
        None => n.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_a_file_has_them() {
        for (text, value, written) in [
            ("10", 10.0, "10"),
            ("-3", -3.0, "-3"),
            ("0.50", 0.5, "0.50"),
            ("10k", 10_000.0, "10000"),
            ("1.5k", 1500.0, "1500"),
            ("2.50%", 2.5, "2.5%"),
            ("1k/s", 1000.0, "1000/s"),
            ("90s", 90e9, "90s"),
            ("1m30s", 90e9, "90s"),
            ("60s", 60e9, "1m"),
            ("0.5ms", 5e5, "500us"),
            ("2048KiB", 2_097_152.0, "2MiB"),
            ("1500B", 1500.0, "1500B"),
        ] {
            let amount = Amount::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (amount.value(), amount.written().as_str()),
                (value, written)
            );
            let again = Amount::parse(&amount.written()).map(|a| a.value());
            assert_eq!(again, Some(value), "{text}");
        }
        for none in [
            "",
            "x",
            "1x",
            "1.2.3",
            "%",
            "9999999999999999999",
            "1/",
            "fifo",
            "-5ms",
        ] {
            assert_eq!(Amount::parse(none), None, "{none}");
        }
    }
}
