//! What the terminal shows.

#[path = "../examples/report_demo/data.rs"]
mod data;

use data::Demo;
use gameday::report::text;

#[test]
fn the_report_reads_gates_first_then_numbers_story_and_how_to_do_it_again() {
    let demo = Demo::incident(20.0);
    insta::assert_snapshot!(text::render(&demo.findings(), false));
}

#[test]
fn no_line_is_wider_than_a_hundred_columns() {
    let demo = Demo::incident(20.0);
    for line in text::render(&demo.findings(), false).lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[cfg(feature = "cli")]
#[test]
fn colour_changes_no_letter() {
    let demo = Demo::incident(20.0);
    let styled = text::render(&demo.findings(), true);
    assert!(styled.contains("\u{1b}["));
    assert_eq!(
        anstream::adapter::strip_str(&styled).to_string(),
        text::render(&demo.findings(), false)
    );
}

#[test]
fn a_healthy_run_is_one_column_and_says_so() {
    let mut demo = Demo::incident(20.0);
    demo.truth = gameday::incident::Truth::default();
    demo.diagnosis = gameday::diagnosis::Diagnosis {
        summary: "no incident".into(),
        ..Default::default()
    };
    demo.judgements.clear();
    let text = text::render(&demo.findings(), false);
    assert!(text.contains("Gates  none"), "{text}");
    assert!(text.contains("expected: no incident ✓"), "{text}");
    assert!(!text.contains("What happened"), "{text}");
}
