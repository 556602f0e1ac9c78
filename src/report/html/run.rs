//! What was replayed, what it takes to do it again, and what lies beside the page.

use super::open;
use crate::report::training::SEAL;
use crate::report::words::{escape, in_a_link};
use crate::report::{Findings, story};
use std::fmt::Write as _;

/// What can be copied.
const COPIED: [(&str, &str); 4] = [
    ("reveal", "the command"),
    ("again", "the command"),
    ("digest", "the digest"),
    ("seed", "the seed"),
];

/// The section.
pub fn section(findings: &Findings) -> String {
    let mut html = open("run", "", "Run", "") + "<dl>\n";
    for (what, words) in story::run(findings) {
        let words = escape(&words);
        let words = match COPIED.iter().find(|(label, _)| *label == what) {
            Some((_, copied)) => format!("<code data-copy=\"{copied}\">{words}</code>"),
            None => words,
        };
        let _ = writeln!(html, "<dt>{what}</dt><dd>{words}</dd>");
    }
    html + "</dl>\n</section>\n"
}

/// The files beside the page, with what is in each.
pub fn files(names: &[&str]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let mut html = open("files", "", "Files", "beside this page") + "<ul class=\"files\">\n";
    for name in names {
        let _ = writeln!(
            html,
            "<li><a href=\"{}\">{}</a> <span class=\"soft\">{}</span></li>",
            escape(&in_a_link(name)),
            escape(name),
            escape(&holds(name))
        );
    }
    html + "</ul>\n</section>\n"
}

/// What a file of a report holds.
fn holds(name: &str) -> String {
    match name {
        "summary.json" => "everything here, for machines".into(),
        "report.txt" => "this report as text".into(),
        "junit.xml" => "gates as test cases".into(),
        SEAL => "what it was, for gameday reveal".into(),
        "latency.hlog" => "latencies over time, an HdrHistogram log".into(),
        "latency.hgrm" => "percentiles of latency, HdrHistogram".into(),
        _ => match name.rsplit_once('.') {
            Some((stem, "hgrm")) => {
                let phase = stem.strip_prefix("latency-").unwrap_or(stem);
                format!("the same, {phase}")
            }
            Some((_, "png")) => "the picture, for paper".into(),
            _ => String::new(),
        },
    }
}
