//! Each gate with what it says in each phase.

use super::open;
use super::verdict::mark;
use crate::gates::Verdict;
use crate::report::words::escape;
use crate::report::{Findings, story};
use std::fmt::Write as _;

/// The section; nothing without gates.
pub fn section(findings: &Findings) -> String {
    let gates = story::by_gate(findings);
    if gates.is_empty() {
        return String::new();
    }
    let mut html = open("gates", "", "Gates", "");
    html += "<div class=\"wide\"><table class=\"text gates\">\n\
             <caption class=\"unseen\">What each gate says in each phase</caption>\n";
    for (name, judgements) in gates {
        let (class, sign) = mark(story::worst(&judgements));
        let expression = judgements.first().map_or("", |j| &j.expression);
        let _ = writeln!(
            html,
            "<tbody>\n<tr><th colspan=\"3\" scope=\"rowgroup\"><span class=\"{class}\">{sign}</span> {} <code>{}</code></th></tr>",
            escape(name),
            escape(expression)
        );
        for judgement in judgements {
            let (class, sign) = mark(Some(judgement.verdict));
            let word = match judgement.verdict {
                Verdict::Pass => "pass",
                Verdict::Breach => "breach",
                Verdict::NoData => "no data",
            };
            let (phase, detail) = (escape(&judgement.phase), escape(&judgement.detail));
            let _ = writeln!(
                html,
                "<tr><td class=\"{class}\">{sign} {word}</td><td>{phase}</td><td>{detail}</td></tr>"
            );
        }
        html += "</tbody>\n";
    }
    html + "</table></div>\n</section>\n"
}
