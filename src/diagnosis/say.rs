//! Numbers and facts in words.

use super::evidence::{Evidence, Fact, Unit};

/// hh:mm:ss of virtual time.
pub fn clock(ns: u64) -> String {
    let s = ns / 1_000_000_000;
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// A duration as people say it.
pub fn seconds(s: f64) -> String {
    match s {
        s if s < 0.000_001 => "0ms".into(),
        s if s < 0.001 => format!("{:.0}µs", s * 1e6),
        s if s < 0.01 => format!("{:.1}ms", s * 1e3),
        s if s < 1.0 => format!("{:.0}ms", s * 1e3),
        s if s < 10.0 => format!("{s:.2}s"),
        s if s < 120.0 => format!("{s:.0}s"),
        s => format!("{:.0}m{:02.0}s", (s / 60.0).floor(), s % 60.0),
    }
}

/// A share in percent.
pub fn percent(x: f64) -> String {
    let p = 100.0 * x;
    if p.abs() < 9.95 {
        format!("{p:.1}%")
    } else {
        format!("{p:.0}%")
    }
}

/// A number with about three digits.
pub fn number(x: f64) -> String {
    match x.abs() {
        a if a >= 100.0 => format!("{x:.0}"),
        a if a >= 10.0 => format!("{x:.1}"),
        _ => format!("{x:.2}"),
    }
}

/// A fact in words; `None` when it is not known.
pub fn fact(fact: Fact, evidence: &Evidence) -> Option<String> {
    let m = evidence.get(fact)?;
    Some(match fact.unit() {
        Unit::Points => format!(
            "{}: {:+.1} points (±{:.1})",
            fact.text(),
            100.0 * m.value,
            196.0 * m.se
        ),
        Unit::Share => format!("{}: {}", fact.text(), percent(m.value)),
        Unit::LnRatio => format!("{} {}", fact.text(), number(libm::exp(m.value))),
        Unit::LnCount => format!("{} {}", fact.text(), number(m.value)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations_read_as_people_write_them() {
        assert_eq!(clock(1_201_000_000_000), "00:20:01");
        assert_eq!(
            (seconds(0.0412), seconds(0.93), seconds(4.5), seconds(300.0)),
            (
                "41ms".into(),
                "930ms".into(),
                "4.50s".into(),
                "5m00s".into()
            )
        );
        assert_eq!(seconds(0.0004), "400µs");
        assert_eq!(
            (percent(0.813), percent(0.004)),
            ("81%".into(), "0.4%".into())
        );
    }
}
