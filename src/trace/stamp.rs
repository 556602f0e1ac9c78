//! Times as trace files write them, read exactly: `12.345678901` seconds, `2023-11-16 18:17:03.9799600`, RFC 3339.
//! No floating point comes near them.

/// ns in a second.
pub const SECOND: u64 = 1_000_000_000;

/// A time in a trace file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// ns from the start of the trace.
    Offset(u64),
    /// ns since 1970.
    Stamp(u64),
}

/// What a right time looks like.
pub const WHAT: &str =
    "seconds from the start such as 12.345678901, or a time such as 2023-11-16T18:17:03.98Z";

/// Reads a time; `None` when it is none. A time before 1970 is none.
pub fn time(text: &str) -> Option<Time> {
    match decimal(text) {
        Some(ns) => Some(Time::Offset(ns)),
        None => stamp(text).map(Time::Stamp),
    }
}

/// Digits with an optional fraction, as seconds; to the ns, further digits must be zero. Also `1.2e3`-free: no exponent.
pub fn decimal(text: &str) -> Option<u64> {
    let (whole, fraction) = match text.split_once('.') {
        Some((w, f)) => (w, f),
        None => (text, ""),
    };
    if whole.is_empty() || (text.len() > whole.len() && fraction.is_empty()) {
        return None;
    }
    digits(whole)?
        .checked_mul(SECOND)?
        .checked_add(nanos(fraction)?)
}

/// ns of a fraction of a second written as its digits. Beyond the ninth digit it is cut.
fn nanos(fraction: &str) -> Option<u64> {
    if fraction.is_empty() {
        return Some(0);
    }
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let used = &fraction[..fraction.len().min(9)];
    let mut ns = digits(used)?;
    for _ in used.len()..9 {
        ns *= 10;
    }
    Some(ns)
}

/// A whole number of digits alone.
pub fn digits(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    let mut n: u64 = 0;
    for b in text.bytes() {
        if !b.is_ascii_digit() {
            return None;
        }
        n = n.checked_mul(10)?.checked_add(u64::from(b - b'0'))?;
    }
    Some(n)
}

/// `YYYY-MM-DD hh:mm:ss[.f][Z|+hh:mm]`, a `T` or a space between; without an offset it is UTC. In ns since 1970.
pub fn stamp(text: &str) -> Option<u64> {
    let b = text.as_bytes();
    if !text.is_ascii()
        || b.len() < 19
        || b[4] != b'-'
        || b[7] != b'-'
        || b[13] != b':'
        || b[16] != b':'
    {
        return None;
    }
    if !matches!(b[10], b'T' | b't' | b' ') {
        return None;
    }
    let part = |from: usize, to: usize| digits(&text[from..to]);
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    if !(1970..=2500).contains(&year)
        || !(1..=12).contains(&month)
        || day < 1
        || day > days_in(year, month)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let mut rest = &text[19..];
    let mut ns = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(fraction.len());
        if end == 0 {
            return None;
        }
        ns = nanos(&fraction[..end])?;
        rest = &fraction[end..];
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    let offset = match rest.as_bytes() {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (h, m) = (digits(&rest[1..3])?, digits(&rest[4..6])?);
            if h > 23 || m > 59 {
                return None;
            }
            let east = (h * 3600 + m * 60) as i64;
            if *sign == b'+' { east } else { -east }
        }
        _ => return None,
    };
    let seconds = (seconds as i64).checked_sub(offset)?;
    u64::try_from(seconds)
        .ok()?
        .checked_mul(SECOND)?
        .checked_add(ns)
}

fn leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in(year: u64, month: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01, for years from 1970 on (Howard Hinnant's `days_from_civil`).
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y / 400;
    let of_era = y % 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Seconds as a decimal that [`decimal`] reads back to the same ns.
pub fn show_decimal(ns: u64, out: &mut String) {
    use std::fmt::Write;
    let (whole, fraction) = (ns / SECOND, ns % SECOND);
    let _ = write!(out, "{whole}.{fraction:09}");
    while out.ends_with('0') {
        out.pop();
    }
    if out.ends_with('.') {
        out.pop();
    }
}

/// A stamp in UTC that [`stamp`] reads back to the same ns.
pub fn show_stamp(ns: u64) -> String {
    let days = ns / SECOND / 86_400;
    let second = ns / SECOND % 86_400;
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
    let month_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_march + 2) / 5 + 1;
    let month = if month_march < 10 {
        month_march + 3
    } else {
        month_march - 9
    };
    let year = of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:09}Z",
        second / 3600,
        second / 60 % 60,
        second % 60,
        ns % SECOND
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_to_the_nanosecond() {
        assert_eq!(decimal("12.345678901"), Some(12_345_678_901));
        assert_eq!(
            decimal("1700000000.123456789"),
            Some(1_700_000_000_123_456_789)
        );
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("3.5"), Some(3_500_000_000));
        for bad in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "NaN",
            "1e3",
            "inf",
            "1.2.3",
            "99999999999999",
            " 1",
        ] {
            assert_eq!(decimal(bad), None, "{bad}");
        }
    }

    #[test]
    fn stamps_agree_with_a_calendar_library() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2000-02-29T23:59:59.5Z",
            "2023-11-16T18:17:03.9799600Z",
            "2024-12-31T23:59:59.999999999Z",
            "2100-03-01T00:00:00+05:30",
            "2015-10-25T04:11:25-01:00",
        ] {
            let right: jiff::Timestamp = text.parse().unwrap();
            let ns = stamp(text).unwrap();
            assert_eq!(i128::from(ns), right.as_nanosecond(), "{text}");
            assert_eq!(stamp(&show_stamp(ns)), Some(ns), "{text}");
        }
        assert_eq!(
            stamp("2023-11-16 18:17:03.9799600"),
            stamp("2023-11-16T18:17:03.97996Z")
        );
        for bad in [
            "2023-02-29T00:00:00",
            "2023-13-01T00:00:00",
            "2023-11-16",
            "1969-12-31T23:59:59Z",
            "2023-11-16T18:17:03.",
            "2023-11-16T18:17:03+5",
        ] {
            assert_eq!(stamp(bad), None, "{bad}");
        }
    }
}
