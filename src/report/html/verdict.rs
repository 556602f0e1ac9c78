//! The banner: whether it may ship, what broke, since when, for whom, why, and whether it is over.

use super::told;
use crate::gates::{Judgement, Verdict};
use crate::report::words::escape;
use crate::report::{Findings, story};
use std::fmt::Write as _;

/// Gates that are told in full.
const TOLD: usize = 4;

/// Class and mark of a verdict.
pub fn mark(verdict: Option<Verdict>) -> (&'static str, &'static str) {
    match verdict {
        Some(Verdict::Pass) => ("good", "✓"),
        Some(Verdict::Breach) => ("bad", "✗"),
        Some(Verdict::NoData) => ("doubt", "?"),
        None => ("soft", "–"),
    }
}

/// The section.
pub fn section(findings: &Findings) -> String {
    let (class, mark) = mark(findings.verdict());
    let (word, words) = story::verdict(findings);
    let mut html = format!(
        "<section id=\"verdict\" class=\"banner {class}\" aria-labelledby=\"verdict-is\">\n\
         <h2 id=\"verdict-is\"><b class=\"{class}\">{mark} {word}</b> {}</h2>\n<dl>\n",
        escape(&words)
    );
    let broken: Vec<_> = findings
        .judgements
        .iter()
        .filter(|j| j.verdict != Verdict::Pass)
        .collect();
    if !broken.is_empty() {
        let one = |j: &&Judgement| {
            let (class, mark) = self::mark(Some(j.verdict));
            format!(
                "<b class=\"{class}\">{mark}</b> {}: {}",
                escape(&j.phase),
                escape(&j.detail)
            )
        };
        let mut lines: Vec<String> = broken.iter().take(TOLD).map(one).collect();
        if broken.len() > TOLD {
            let more = broken.len() - TOLD;
            lines.push(format!("and {more} more, <a href=\"#gates\">below</a>"));
        }
        let _ = writeln!(html, "<dt>broke</dt><dd>{}</dd>", lines.join("<br>"));
    }
    for (label, sentence) in story::brief(findings) {
        let _ = writeln!(html, "<dt>{label}</dt><dd>{}</dd>", told(&sentence));
    }
    let _ = writeln!(
        html,
        "<dt>{}</dt><dd><code data-copy=\"the command\">{}</code></dd>\n</dl>\n</section>",
        story::again(findings),
        escape(findings.reproduce)
    );
    html
}
