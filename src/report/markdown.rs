//! A run on half a page of Markdown: the summary of a step of GitHub Actions, a comment on a merge request.
//!
//! The verdict first, then gates, numbers by phase, the diagnosis, and how to do it again. Whatever a file or a trace
//! brought stands there as text: its `|`, `*` and `<` make no table, no stress and no tag.
//! Source: GitHub Flavored Markdown Spec 0.29, tables and backslash escapes.

use super::tables::{self, Table};
use super::text::moved;
use super::{Findings, diagnosed, story};
use crate::baseline::{Movement, Way};
use crate::gates::{Judgement, Verdict};
use std::fmt::Write as _;

/// The page.
pub fn render(findings: &Findings) -> String {
    let mut page = format!(
        "## {} {}: {}\n\n{}\n\n",
        mark(findings.verdict()),
        plain(&findings.folder_name()),
        verdict(findings),
        plain(findings.title)
    );
    if !findings.judgements.is_empty() {
        page += "| | gate | phase | says | held to |\n|---|---|---|---|---|\n";
        findings.judgements.iter().for_each(|j| gate(&mut page, j));
        page.push('\n');
    }
    if let Some(movement) = findings.moved {
        since(&mut page, movement);
    }
    for table in [tables::latency(findings), tables::outcomes(findings)].concat() {
        by_phase(&mut page, &table);
    }
    diagnosis(&mut page, findings);
    let _ = writeln!(
        page,
        "{}: {}{} · digest `{}`",
        if findings.sealed.is_some() {
            "Reveal"
        } else {
            "Again"
        },
        code(findings.reproduce),
        findings
            .seed
            .map_or(String::new(), |seed| format!(" · seed {seed}")),
        findings.digest
    );
    page
}

/// `2 of 6 gates breached, 1 without data`.
fn verdict(findings: &Findings) -> String {
    let all = findings.judgements.len();
    let count = |v| {
        findings
            .judgements
            .iter()
            .filter(|j| j.verdict == v)
            .count()
    };
    match (count(Verdict::Breach), count(Verdict::NoData)) {
        _ if findings.sealed.is_some() && all == 0 => "what broke is for you to say".into(),
        _ if all == 0 => "no gates".into(),
        (0, 0) => format!("all {all} verdicts pass"),
        (0, none) => format!("{none} of {all} verdicts without data"),
        (breached, 0) => format!("{breached} of {all} verdicts breached"),
        (breached, none) => format!("{breached} of {all} verdicts breached, {none} without data"),
    }
}

fn mark(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Pass) => "✅",
        Some(Verdict::Breach) => "❌",
        Some(Verdict::NoData) => "❔",
        None => "▫️",
    }
}

fn gate(page: &mut String, j: &Judgement) {
    let _ = writeln!(
        page,
        "| {} | {} | {} | {} | {} |",
        mark(Some(j.verdict)),
        plain(&j.gate),
        plain(&j.phase),
        plain(&j.detail),
        code(&j.expression)
    );
}

/// Quantities that are shown; summary.json has all of them.
const MOVED: usize = 16;

/// What has moved since a baseline, the worst first.
fn since(page: &mut String, movement: &Movement) {
    let (against, said) = (plain(&movement.baseline), moved::heading(movement));
    let _ = writeln!(page, "**Against {against}**: {}\n", plain(&said));
    if movement.moved.is_empty() {
        return;
    }
    *page += "| | quantity | phase | was | is | |\n|---|---|---|---:|---:|---:|\n";
    for one in movement.moved.iter().take(MOVED) {
        let sign = match one.way {
            Way::Breach => "❌",
            Way::Worse => "↘",
            Way::Better => "↗",
        };
        let cells = [&one.quantity, &one.phase, &one.was(), &one.is(), &one.by()].map(|s| plain(s));
        let _ = writeln!(page, "| {sign} | {} |", cells.join(" | "));
    }
    page.push('\n');
}

/// A table of numbers; what is much worse than in the first phase is bold.
fn by_phase(page: &mut String, table: &Table) {
    let phases: String = table.phases.iter().map(|p| format!(" {p} |")).collect();
    let _ = writeln!(page, "| {} |{phases}", plain(table.title));
    let _ = writeln!(page, "|---|{}", "---:|".repeat(table.phases.len()));
    for row in &table.rows {
        let values = row.values.iter().map(|v| match v.worse {
            true => format!(" **{}** |", plain(&v.text)),
            false => format!(" {} |", plain(&v.text)),
        });
        let name = row.name.replacen("  ", "· ", 1);
        let _ = writeln!(page, "| {name} |{}", values.collect::<String>());
    }
    page.push('\n');
}

/// What was concluded from the recording alone, with the facts for the first cause.
fn diagnosis(page: &mut String, findings: &Findings) {
    let d = findings.diagnosis;
    let _ = writeln!(page, "**Diagnosis**: {}\n", plain(&d.summary));
    if let Some((since, _)) = story::onset(findings) {
        let _ = writeln!(page, "Since {}\n", plain(&since));
    }
    for (i, cause) in d.causes.iter().enumerate() {
        if !diagnosed::is_named(i, cause) {
            continue;
        }
        let _ = writeln!(page, "{}. {}", i + 1, plain(&diagnosed::cause(cause)));
        let facts = cause
            .evidence
            .iter()
            .take(match diagnosed::is_likely(i, cause) {
                true => diagnosed::FACTS,
                false => 0,
            });
        facts.for_each(|fact| {
            let _ = writeln!(page, "   - {}", plain(fact));
        });
        for (what, text) in diagnosed::advice(i, cause) {
            let _ = writeln!(page, "   - **{what}**: {}", plain(text));
        }
    }
    if !d.causes.is_empty() && !d.limits.is_empty() {
        page.push('\n');
    }
    for limit in &d.limits {
        let _ = writeln!(page, "- ⚠️ {}", plain(limit));
    }
    page.push('\n');
}

/// Text that stands for itself, on one line.
fn plain(text: &str) -> String {
    on_one_line(text, |c, safe| match c {
        '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '@' => safe.extend(['\\', c]),
        _ => safe.push(c),
    })
}

/// Code on one line, in a table or out of it.
fn code(text: &str) -> String {
    let safe = on_one_line(text, |c, safe| match c {
        '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '@' => {
            let _ = write!(safe, "&#{};", c as u32);
        }
        _ => safe.push(c),
    });
    format!("<code>{safe}</code>")
}

/// A text without tags and line ends; `put` writes what else may mean something in Markdown.
fn on_one_line(text: &str, put: impl Fn(char, &mut String)) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            _ if c.is_control() => safe.push(' '),
            _ => put(c, &mut safe),
        }
    }
    safe
}
