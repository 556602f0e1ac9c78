//! Numbers and facts in words.

use super::{
    Diagnosis, Ranked,
    evidence::{Evidence, Fact, Unit},
};
use std::fmt::Write;

/// Columns of the terminal that words are kept to.
const COLUMNS: usize = 100;

/// hh:mm:ss of virtual time.
pub fn clock(ns: u64) -> String {
    let s = ns / 1_000_000_000;
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// A duration as people say it.
pub fn seconds(s: f64) -> String {
    match s {
        s if s < 0.000_001 => "0ms".into(),
        s if s < 0.001 => format!("{:.0}us", s * 1e6),
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

/// A diagnosis for the terminal: what happened, why, what speaks against the others, what to do.
pub fn words(diagnosis: &Diagnosis) -> String {
    let mut out = String::new();
    wrapped(&mut out, "", &diagnosis.summary);
    for line in &diagnosis.notes {
        wrapped(&mut out, "  ", line);
    }
    if let Some(first) = diagnosis.causes.first() {
        out.push('\n');
        for ranked in diagnosis
            .causes
            .iter()
            .take(3)
            .filter(|r| r.probability >= 0.005 || r.cause == first.cause)
        {
            let _ = writeln!(
                out,
                "  {:>4}  {}",
                percent_whole(ranked.probability),
                title(ranked)
            );
        }
        out.push('\n');
        list(&mut out, "for", &first.evidence);
        list(&mut out, "against", &first.against);
        for other in diagnosis
            .causes
            .iter()
            .skip(1)
            .take(2)
            .filter(|r| !r.against.is_empty())
        {
            let _ = writeln!(out, "  not {}:", other.cause);
            other
                .against
                .iter()
                .take(3)
                .for_each(|a| wrapped(&mut out, "    - ", a));
        }
        for (name, text) in [
            ("contain", &first.containment),
            ("remedy", &first.remedy),
            ("look next", &first.next),
            ("roll-back trigger", &first.trigger),
        ] {
            if !text.is_empty() {
                wrapped(&mut out, &format!("  {name:<18}"), text);
            }
        }
    }
    list(&mut out, "cleared", &diagnosis.cleared);
    list(&mut out, "also", &diagnosis.also);
    list(&mut out, "limits", &diagnosis.limits);
    out
}

fn percent_whole(p: f64) -> String {
    format!("{:.0}%", 100.0 * p)
}

/// A cause with what it is about.
pub fn title(ranked: &Ranked) -> String {
    let subject = ranked
        .subject
        .as_ref()
        .map(|s| format!(" ({s})"))
        .unwrap_or_default();
    let tied = if ranked.tied { "  tied" } else { "" };
    format!("{}{subject}{tied}", ranked.cause)
}

fn list(out: &mut String, name: &str, items: &[String]) {
    if !items.is_empty() {
        let _ = writeln!(out, "  {name}:");
        items
            .iter()
            .take(6)
            .for_each(|item| wrapped(out, "    - ", item));
    }
}

/// Text broken at spaces; the first line begins with `lead`, the others are indented as far.
fn wrapped(out: &mut String, lead: &str, text: &str) {
    let indent = lead.chars().count();
    out.push_str(lead);
    let mut used = indent;
    for (i, word) in text.split_whitespace().enumerate() {
        let width = word.chars().count();
        if i > 0 && used + 1 + width > COLUMNS {
            out.push('\n');
            (0..indent).for_each(|_| out.push(' '));
            used = indent;
        } else if i > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += width;
    }
    out.push('\n');
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
        assert_eq!(
            (percent(0.813), percent(0.004)),
            ("81%".into(), "0.4%".into())
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let diagnosis = Diagnosis {
            summary: "word ".repeat(80),
            limits: vec!["limit ".repeat(60)],
            ..Diagnosis::default()
        };
        assert!(
            words(&diagnosis)
                .lines()
                .all(|l| l.chars().count() <= COLUMNS)
        );
    }
}
