//! How numbers and times read in a report, wherever they stand: text, axes of pictures, HTML.

use crate::indicators::Unit;
use std::fmt::Write as _;

/// What stands where there is no data.
pub const NO_DATA: &str = "–";

/// A value in its unit.
pub fn show(unit: Unit, value: Option<f64>) -> String {
    match value {
        Some(v) if v.is_finite() => unit.show(v.max(0.0)),
        _ => NO_DATA.into(),
    }
}

/// A time of the run: `00:17:23`; hours go on past 24.
pub fn clock(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// A whole number with its thousands apart: `1,204,331`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    text
}

/// Text that may stand between tags and in quoted attributes, of HTML and of XML: which knows no control characters.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(c),
            _ if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            _ => safe.push(c),
        }
    }
    safe
}

/// A name as a part of a link: RFC 3986, section 2.3.
pub fn in_a_link(name: &str) -> String {
    let mut link = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                link.push(char::from(byte));
            }
            _ => {
                let _ = write!(link, "%{byte:02X}");
            }
        }
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_in_their_unit_and_no_data_is_said() {
        let shown = [
            show(Unit::Nanos, Some(41.2e6)),
            show(Unit::Fraction, Some(0.813)),
            show(Unit::Count, Some(12_400.0)),
            show(Unit::Count, Some(1.5)),
            show(Unit::PerSecond, Some(1000.0)),
            show(Unit::Nanos, None),
            show(Unit::Ratio, Some(f64::NAN)),
        ];
        assert_eq!(
            shown,
            ["41.2ms", "81.3%", "12.4k", "1.5", "1000/s", "–", "–"]
        );
    }

    #[test]
    fn times_read_as_a_clock() {
        assert_eq!(
            [0, 1_043_999_999_999, 90_000_000_000_000].map(clock),
            ["00:00:00", "00:17:23", "25:00:00"]
        );
        assert_eq!(
            [7, 1204, 1_204_331].map(thousands),
            ["7", "1,204", "1,204,331"]
        );
    }

    #[test]
    fn what_comes_from_files_cannot_leave_its_place() {
        assert_eq!(
            escape("<script>'&\"\u{1b}"),
            "&lt;script&gt;&#39;&amp;&quot;"
        );
    }
}
