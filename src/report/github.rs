//! The verdicts as workflow commands of GitHub Actions: what does not pass becomes an annotation of the run.
//!
//! Source: "Workflow commands for GitHub Actions", setting an error message, and its escapes.

use super::{Findings, diagnosed};
use crate::gates::Verdict;
use std::fmt::Write as _;

/// One line a verdict that does not pass, and one on the diagnosis.
pub fn render(findings: &Findings) -> String {
    let mut lines = String::new();
    for judgement in findings.judgements {
        let word = match judgement.verdict {
            Verdict::Pass => continue,
            Verdict::Breach => "breached",
            Verdict::NoData => "has no data",
        };
        let title = format!(
            "{}: gate {} {word} ({})",
            findings.folder_name(),
            judgement.gate,
            judgement.phase
        );
        let text = format!("{} | {}", judgement.detail, judgement.expression);
        let _ = writeln!(
            lines,
            "::error title={}::{}",
            property(&title),
            message(&text)
        );
    }
    let cause = findings
        .diagnosis
        .causes
        .first()
        .map(|c| format!(" | {}", diagnosed::cause(c)));
    let text = format!(
        "{}{}",
        findings.diagnosis.summary,
        cause.unwrap_or_default()
    );
    let title = format!("{}: diagnosis", findings.folder_name());
    let _ = writeln!(
        lines,
        "::notice title={}::{}",
        property(&title),
        message(&text)
    );
    lines
}

fn message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
