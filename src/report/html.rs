//! `report.html`: the verdict, the diagnosis, the gates, the pictures, and how to do it again, in one file that needs no
//! network, no script and no other file. Light and dark by the reader's setting.
//!
//! Everything that comes from a file or a trace passes through `escape`; the page has no other way in. The tables and
//! sentences are those of the text.

use super::tables::{self, Table};
use super::words::{clock, escape};
use super::{Findings, diagnosed, story};
use crate::config::base64::encode as base64;
use crate::diagnosis::Ranked;
use crate::gates::Verdict;
use std::fmt::Write as _;

const STYLE: &str = include_str!("html.css");

/// A picture to show, as PNG for either setting of the reader.
pub struct Image<'a> {
    /// The plot's name.
    pub name: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// For bright screens and paper.
    pub light: &'a [u8],
    /// For dark screens.
    pub dark: &'a [u8],
}

/// The picture that stands beside what happened; all others stand below the numbers.
const BESIDE_THE_STORY: &str = "timeline";

/// The page with these pictures, in their order.
pub fn render(findings: &Findings, images: &[Image]) -> String {
    let title = escape(findings.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · gameday</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<p class=\"soft\">{}</p>\n<h1>{title}</h1>\n{}</header>\n<main>\n",
        escape(&story::name(findings)),
        verdict(findings)
    );
    page += &diagnosis(findings);
    page += &gates(findings);
    images
        .iter()
        .filter(|i| i.name == BESIDE_THE_STORY)
        .for_each(|i| page += &figure(i));
    page += &happened(findings);
    page += &numbers(findings);
    images
        .iter()
        .filter(|i| i.name != BESIDE_THE_STORY)
        .for_each(|i| page += &figure(i));
    page += &run(findings);
    page + "</main>\n</body>\n</html>\n"
}

fn class_of(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Pass => ("good", "✓ pass"),
        Verdict::Breach => ("bad", "✗ breach"),
        Verdict::NoData => ("doubt", "? no data"),
    }
}

fn tone(good: Option<bool>) -> &'static str {
    match good {
        Some(true) => "good",
        Some(false) => "bad",
        None => "soft",
    }
}

fn told((words, good): &story::Told) -> String {
    let mark = match good {
        Some(true) => " ✓",
        Some(false) => " ✗",
        None => "",
    };
    format!("{}<b class=\"{}\">{mark}</b>", escape(words), tone(*good))
}

/// In one line whether CI would let it through, and whether the diagnosis was right.
fn verdict(findings: &Findings) -> String {
    let breached = findings
        .judgements
        .iter()
        .filter(|j| j.verdict != Verdict::Pass)
        .count();
    let (class, words) = match findings.verdict() {
        None => ("soft", "No gates".to_owned()),
        Some(Verdict::Pass) => (
            "good",
            format!("All {} gate verdicts pass", findings.judgements.len()),
        ),
        Some(_) => (
            "bad",
            format!(
                "{breached} of {} gate verdicts do not pass",
                findings.judgements.len()
            ),
        ),
    };
    let mut html = format!("<p class=\"verdict {class}\">{words}");
    if let Some(recovery) = story::recovery(findings) {
        let _ = write!(
            html,
            " <span class=\"{}\">· {}</span>",
            tone(recovery.1),
            escape(&recovery.0)
        );
    }
    html + "</p>\n"
}

fn diagnosis(findings: &Findings) -> String {
    let diagnosis = findings.diagnosis;
    let mut html = format!(
        "<section>\n<h2>Diagnosis <span class=\"soft\">from the recording alone</span></h2>\n<p class=\"lead\">{}</p>\n<dl>\n",
        escape(&diagnosis.summary)
    );
    if let Some(onset) = story::onset(findings) {
        let _ = writeln!(html, "<dt>since</dt><dd>{}</dd>", told(&onset));
    }
    html += &labelled(&diagnosed::facts(diagnosis));
    if let Some(expected) = story::expected(findings) {
        let _ = writeln!(html, "<dt>expected</dt><dd>{}</dd>", told(&expected));
    }
    html += "</dl>\n";
    if !diagnosis.causes.is_empty() {
        html += "<ol>\n";
        for (i, ranked) in diagnosis.causes.iter().enumerate() {
            html += &cause(i, ranked);
        }
        html += "</ol>\n";
    }
    let besides = diagnosed::besides(diagnosis);
    if !besides.is_empty() {
        let _ = writeln!(html, "<dl>\n{}</dl>", labelled(&besides));
    }
    for limit in &diagnosis.limits {
        let _ = writeln!(html, "<p class=\"doubt\">{}</p>", escape(limit));
    }
    html + "</section>\n"
}

fn labelled(all: &[diagnosed::Labelled]) -> String {
    let mut html = String::new();
    for (label, items) in all {
        let items: Vec<String> = items.iter().map(|i| escape(i)).collect();
        let _ = writeln!(html, "<dt>{label}</dt><dd>{}</dd>", items.join("<br>"));
    }
    html
}

fn cause(rank: usize, ranked: &Ranked) -> String {
    let title = escape(&diagnosed::cause(ranked));
    let mut evidence = String::new();
    for (class, items) in [("for", &ranked.evidence), ("against", &ranked.against)] {
        for item in items {
            let _ = writeln!(evidence, "<li class=\"{class}\">{}</li>", escape(item));
        }
    }
    if !evidence.is_empty() {
        evidence = format!("<ul>\n{evidence}</ul>\n");
    }
    if !diagnosed::is_likely(rank, ranked) {
        return if evidence.is_empty() {
            format!("<li>{title}</li>\n")
        } else {
            format!("<li><details><summary>{title}</summary>\n{evidence}</details></li>\n")
        };
    }
    let mut html = format!("<li><b>{title}</b>\n{evidence}");
    let advice = diagnosed::advice(rank, ranked);
    if !advice.is_empty() {
        html += "<dl>\n";
        for (what, text) in advice {
            let _ = writeln!(html, "<dt>{what}</dt><dd>{}</dd>", escape(text));
        }
        html += "</dl>\n";
    }
    html + "</li>\n"
}

fn gates(findings: &Findings) -> String {
    if findings.judgements.is_empty() {
        return String::new();
    }
    let mut html =
        "<section>\n<h2>Gates</h2>\n<div class=\"wide\"><table class=\"text\">\n".to_owned();
    for (name, judgements) in story::by_gate(findings) {
        let expression = judgements.first().map_or("", |j| &j.expression);
        let _ = writeln!(
            html,
            "<tr class=\"head\"><td colspan=\"3\">{} <code>{}</code></td></tr>",
            escape(name),
            escape(expression)
        );
        for judgement in judgements {
            let (class, word) = class_of(judgement.verdict);
            let (phase, detail) = (escape(&judgement.phase), escape(&judgement.detail));
            let _ = writeln!(
                html,
                "<tr><td class=\"{class}\">{word}</td><td>{phase}</td><td>{detail}</td></tr>"
            );
        }
    }
    html + "</table></div>\n</section>\n"
}

fn figure(image: &Image) -> String {
    format!(
        "<figure><picture>\n\
         <source media=\"(prefers-color-scheme: dark)\" srcset=\"data:image/png;base64,{}\">\n\
         <img alt=\"{}\" src=\"data:image/png;base64,{}\">\n</picture></figure>\n",
        base64(image.dark),
        escape(image.title),
        base64(image.light)
    )
}

fn happened(findings: &Findings) -> String {
    let all = story::happenings(findings);
    if all.is_empty() {
        return String::new();
    }
    let mut html =
        "<section>\n<h2>What happened</h2>\n<div class=\"wide\"><table class=\"text\">\n"
            .to_owned();
    for happening in all {
        let class = if happening.phase { "soft" } else { "" };
        let _ = writeln!(
            html,
            "<tr class=\"{class}\"><td>{}</td><td>{}</td></tr>",
            clock(happening.at),
            escape(&happening.words)
        );
    }
    html + "</table></div>\n</section>\n"
}

fn numbers(findings: &Findings) -> String {
    let tables = [
        tables::latency(findings),
        tables::outcomes(findings),
        tables::cache(findings),
    ]
    .concat();
    let blocks: String = tables.iter().map(table).collect();
    if blocks.is_empty() {
        blocks
    } else {
        format!(
            "<section>\n<h2>Numbers by phase</h2>\n<div class=\"tables\">\n{blocks}</div>\n</section>\n"
        )
    }
}

fn table(table: &Table) -> String {
    let mut html = format!("<table><caption>{}</caption>\n<tr><th></th>", table.title);
    table
        .phases
        .iter()
        .for_each(|p| html += &format!("<th>{p}</th>"));
    html += "</tr>\n";
    for row in &table.rows {
        let name = row.name.trim_start();
        let class = if name == row.name {
            ""
        } else {
            " class=\"part\""
        };
        let _ = write!(html, "<tr><th{class}>{name}</th>");
        for cell in &row.values {
            let class = if cell.worse { " class=\"bad\"" } else { "" };
            let _ = write!(html, "<td{class}>{}</td>", escape(&cell.text));
        }
        html += "</tr>\n";
    }
    html + "</table>\n"
}

fn run(findings: &Findings) -> String {
    let mut html = "<section>\n<h2>Run</h2>\n<dl>\n".to_owned();
    for (what, words) in story::run(findings) {
        let words = escape(&words);
        let words = if what == "again" || what == "digest" {
            format!("<code>{words}</code>")
        } else {
            words
        };
        let _ = writeln!(html, "<dt>{what}</dt><dd>{words}</dd>");
    }
    html + "</dl>\n</section>\n"
}
