//! `junit.xml`: the gates' verdicts as test cases, for CI that knows nothing of gates. A breach is a failure, and so is
//! no data. No times: they would be the wall clock's.
//!
//! Source: the layout that Jenkins, GitLab and GitHub's reporters read (testsuites, testsuite, testcase, failure).

use super::Findings;
use super::words::escape;
use crate::gates::Verdict;
use std::fmt::Write as _;

/// The document.
pub fn render(findings: &Findings) -> String {
    let judgements = findings.judgements;
    let failures = judgements
        .iter()
        .filter(|j| j.verdict != Verdict::Pass)
        .count();
    let (name, tests) = (escape(&findings.folder_name()), judgements.len());
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\"");
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"gameday\" {counts}>\n  \
         <testsuite name=\"{name}\" {counts}>\n    <properties>\n"
    );
    for (key, value) in [
        (
            "seed",
            findings.seed.map_or("unknown".into(), |s| s.to_string()),
        ),
        ("digest", findings.digest.to_owned()),
        ("requests_replayed", findings.requests_replayed.to_string()),
        ("reproduce", findings.reproduce.to_owned()),
    ] {
        let _ = writeln!(
            xml,
            "      <property name=\"{key}\" value=\"{}\"/>",
            escape(&value)
        );
    }
    xml += "    </properties>\n";
    for judgement in judgements {
        let (phase, gate) = (escape(&judgement.phase), escape(&judgement.gate));
        let _ = write!(
            xml,
            "    <testcase classname=\"{name}.{phase}\" name=\"{gate}\""
        );
        let kind = match judgement.verdict {
            Verdict::Pass => {
                xml += "/>\n";
                continue;
            }
            Verdict::Breach => "breach",
            Verdict::NoData => "no_data",
        };
        let (detail, expression) = (escape(&judgement.detail), escape(&judgement.expression));
        let _ = writeln!(
            xml,
            ">\n      <failure type=\"{kind}\" message=\"{detail}\">{expression}</failure>\n    </testcase>"
        );
    }
    xml + "  </testsuite>\n</testsuites>\n"
}
