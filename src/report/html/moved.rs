//! What has moved since a baseline.

use super::open;
use crate::baseline::{Moved, Way};
use crate::report::words::escape;
use crate::report::{Findings, text};
use std::fmt::Write as _;

/// Rows that are shown at once.
const ROWS: usize = 16;

/// The section; nothing where the run was held against nothing.
pub fn section(findings: &Findings) -> String {
    let Some(movement) = findings.moved else {
        return String::new();
    };
    let beside = format!("against {}", escape(&movement.baseline));
    let mut html = open("moved", "", "What moved", &beside);
    let _ = writeln!(html, "<p>{}</p>", escape(&text::moved::heading(movement)));
    if movement.moved.is_empty() {
        return html + "</section>\n";
    }
    let (first, rest) = movement.moved.split_at(movement.moved.len().min(ROWS));
    html += &table(first);
    if !rest.is_empty() {
        let _ = writeln!(
            html,
            "<details><summary>{} more</summary>\n{}</details>",
            rest.len(),
            table(rest)
        );
    }
    html + "</section>\n"
}

fn table(moved: &[Moved]) -> String {
    let mut html =
        "<div class=\"wide\"><table>\n<caption class=\"unseen\">Quantities that moved, the worst first</caption>\n<thead><tr>".to_owned();
    for head in ["phase and quantity", "was", "is", "by", "way"] {
        let _ = write!(html, "<th scope=\"col\">{head}</th>");
    }
    html += "</tr></thead>\n<tbody>\n";
    for moved in moved {
        let (class, word) = match moved.way {
            Way::Breach => ("bad", "✗ breach"),
            Way::Worse => ("", "worse"),
            Way::Better => ("good", "better"),
        };
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{} {}</th><td>{}</td><td>{}</td><td>{}</td><td class=\"{class}\">{word}</td></tr>",
            escape(&moved.phase),
            escape(&moved.quantity),
            escape(&moved.was()),
            escape(&moved.is()),
            escape(&moved.by())
        );
    }
    html + "</tbody></table></div>\n"
}
