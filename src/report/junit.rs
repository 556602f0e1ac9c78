//! `junit.xml`: the gates' verdicts as test cases, for CI that knows nothing of gates. A breach is a failure, and so is
//! no data. What was concluded stands under it, as the suite's output. No times: they would be the wall clock's.
//!
//! Source: the layout that Jenkins, GitLab and GitHub's reporters read (testsuites, testsuite, testcase, failure).

use super::{Findings, text};
use crate::config::Refusal;
use crate::gates::{Judgement, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// The document.
///
/// # Errors
/// A document that the writer of XML refuses: none that is known.
pub fn render(findings: &Findings) -> Result<String, Refusal> {
    let name = findings.folder_name();
    let mut suite = TestSuite::new(name.as_str());
    for (key, value) in [
        (
            "seed",
            findings.seed.map_or("unknown".into(), |s| s.to_string()),
        ),
        ("digest", findings.digest.to_owned()),
        ("requests_replayed", findings.requests_replayed.to_string()),
        ("reproduce", findings.reproduce.to_owned()),
    ] {
        suite.add_property((key, value.as_str()));
    }
    suite.add_test_cases(findings.judgements.iter().map(|j| case(&name, j)));
    let said = text::of_diagnosis(findings.diagnosis, false);
    suite.set_system_out(said.replace(|c: char| c.is_control() && c != '\n', " "));
    let mut report = Report::new("gameday");
    report.add_test_suite(suite);
    report
        .to_string()
        .map_err(|e| Refusal::new(format!("junit.xml cannot be written: {e}")))
}

/// A gate in a phase.
fn case(suite: &str, judgement: &Judgement) -> TestCase {
    let kind = match judgement.verdict {
        Verdict::Pass => None,
        Verdict::Breach => Some("breach"),
        Verdict::NoData => Some("no_data"),
    };
    let status = kind.map_or_else(TestCaseStatus::success, |kind| {
        let mut failed = TestCaseStatus::non_success(NonSuccessKind::Failure);
        failed
            .set_type(kind)
            .set_message(line(&judgement.detail))
            .set_description(line(&judgement.expression));
        failed
    });
    let mut case = TestCase::new(line(&judgement.gate), status);
    case.set_classname(line(&format!("{suite}.{}", judgement.phase)));
    case
}

/// One line. XML knows no control characters, and what looks like the colours of a terminal would be cut out, with the
/// text behind it.
fn line(text: &str) -> String {
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(printable).collect()
}
