//! What was concluded from the recording alone, with the evidence.

use super::{open, told};
use crate::diagnosis::Ranked;
use crate::report::words::escape;
use crate::report::{Findings, diagnosed, story};
use std::fmt::Write as _;

/// The section.
pub fn section(findings: &Findings) -> String {
    let diagnosis = findings.diagnosis;
    let heading = story::concluded(findings);
    let mut html = open("diagnosis", "", heading, "from the recording alone");
    let _ = writeln!(html, "<p class=\"lead\">{}</p>", escape(&diagnosis.summary));
    if !diagnosis.causes.is_empty() {
        html += "<ol>\n";
        for (i, ranked) in diagnosis.causes.iter().enumerate() {
            html += &cause(i, ranked);
        }
        html += "</ol>\n";
    }
    let mut facts = String::new();
    if let Some(onset) = story::onset(findings) {
        let _ = writeln!(facts, "<dt>since</dt><dd>{}</dd>", told(&onset));
    }
    facts += &labelled(&diagnosed::facts(diagnosis));
    facts += &labelled(&diagnosed::besides(diagnosis));
    if let Some(expected) = story::expected(findings) {
        let _ = writeln!(facts, "<dt>expected</dt><dd>{}</dd>", told(&expected));
    }
    if !facts.is_empty() {
        let _ = writeln!(html, "<dl>\n{facts}</dl>");
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

/// A cause: what to do about it where it may well be it, and the evidence to unfold.
fn cause(rank: usize, ranked: &Ranked) -> String {
    let title = escape(&diagnosed::cause(ranked));
    let mut evidence = String::new();
    for (class, items) in [("for", &ranked.evidence), ("against", &ranked.against)] {
        for item in items {
            let _ = writeln!(evidence, "<li class=\"{class}\">{}</li>", escape(item));
        }
    }
    let likely = diagnosed::is_likely(rank, ranked);
    if !likely {
        return match evidence.is_empty() {
            true => format!("<li>{title}</li>\n"),
            false => format!(
                "<li><details><summary>{title}</summary>\n<ul>\n{evidence}</ul>\n</details></li>\n"
            ),
        };
    }
    let mut html = format!("<li><b class=\"tall\">{title}</b>\n");
    let advice = diagnosed::advice(rank, ranked);
    if !advice.is_empty() {
        html += "<dl>\n";
        for (what, text) in advice {
            let _ = writeln!(html, "<dt>{what}</dt><dd>{}</dd>", escape(text));
        }
        html += "</dl>\n";
    }
    if !evidence.is_empty() {
        let (speaks, against) = (ranked.evidence.len(), ranked.against.len());
        let _ = writeln!(
            html,
            "<details class=\"answer\"><summary>evidence: {speaks} for, {against} against</summary>\n<ul>\n{evidence}</ul>\n</details>"
        );
    }
    html + "</li>\n"
}
