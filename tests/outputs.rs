//! What a model answers with, held against what the run recorded of its reading.

mod replay_support;

use gameday::{
    incident::{Incident, Run},
    recording::{AttemptRow, RequestRow, outcome, parsed, result, served_by},
};
use proptest::prelude::*;
use replay_support::{rerun, rows};
use std::{fs, path::Path, process::Command};

fn read(call: &str, output: &str, rest: &str) -> Result<Incident, String> {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nwarm_up = 0\n[trace]\narrivals = {{ kind = \"constant\", rate = \"100/s\" }}\nduration = \"20s\"\n\
         contents = {{ count = 50 }}\n[trace.clients]\nold = {{ share = 40, version = \"1\" }}\nnew = {{ share = 60, version = \"2\" }}\n\
         [service]\ncall = {{ dependency = \"llm\", {call} }}\n[dependency.llm]\nlatency = \"50ms\"\n{output}\n{rest}"
    );
    replay_support::read(&text).map_err(|refusal| refusal.to_string())
}

fn go(call: &str, output: &str, rest: &str) -> Run {
    let incident = read(call, output, rest).unwrap_or_else(|e| panic!("{e}"));
    rerun(&incident)
}

fn output(defects: &str) -> String {
    format!(
        "output = {{ fields = {{ answer = \"it is\", citations = [1] }}, defects = {{ {defects} }} }}"
    )
}

/// How many rows say this word of the parser.
fn said(rows: &[RequestRow], word: &str) -> usize {
    let number = parsed::WORDS.iter().position(|w| *w == word).unwrap();
    rows.iter()
        .filter(|r| usize::from(r.parse_error) == number)
        .count()
}

const SCHEMA: &str =
    "kind = \"schema-json\", fields = { answer = \"text\", citations = { type = \"list\" } }";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// The model: each answer is damaged by itself; a request is lost when all of its answers are, and makes one call more
    /// for each that is before the last.
    #[test]
    fn a_request_is_lost_when_all_its_answers_are(
        wrapped in 0u32..60, retries in 0u32..3, default in any::<bool>()
    ) {
        let on_failure = if default { "default" } else { "refuse" };
        let call = format!(
            "retry = {{ max = {retries}, backoff = \"1ms\" }}, parse_output = {{ {SCHEMA}, repair = \"none\", on_failure = \"{on_failure}\" }}"
        );
        let run = go(&call, &output(&format!("wrapped = \"{wrapped}%\"")), "");
        let rows = rows(&run);
        let (mut lost, mut calls) = (0usize, 0usize);
        for row in &rows {
            calls += usize::from(row.attempts);
            let unread = row.parse_error != 0;
            lost += usize::from(unread);
            let end = match (unread, default) {
                (false, _) => (outcome::OK, served_by::DEPENDENCY),
                (true, false) => (outcome::PARSE_ERROR, served_by::DEPENDENCY),
                (true, true) => (outcome::DEGRADED, served_by::FALLBACK),
            };
            prop_assert_eq!((row.outcome, row.served_by), end);
            if unread {
                prop_assert_eq!(u32::from(row.attempts), retries + 1);
            }
        }
        prop_assert_eq!(said(&rows, "wrapped"), lost);
        // The dependency did what it was asked for, each time.
        let attempts: Vec<AttemptRow> = run.recording.attempts.rows().collect();
        prop_assert_eq!(attempts.len(), calls);
        prop_assert!(attempts.iter().all(|a| a.result == result::OK));
        let p = f64::from(wrapped) / 100.0;
        let n = rows.len() as f64;
        let share = libm::pow(p, f64::from(retries + 1));
        // Five standard errors.
        let error = 5.0 * (share * (1.0 - share) / n).sqrt() + 1e-9;
        prop_assert!((lost as f64 / n - share).abs() <= error, "{} of {}", lost, n);
    }
}

#[test]
fn one_rule_strips_what_stands_around_the_object_and_is_counted() {
    let call = format!("parse_output = {{ {SCHEMA}, repair = \"once\", time = \"1ms\" }}");
    let run = go(
        &call,
        &output("wrapped = \"20%\", truncated = \"5%\", spliced = \"5%\""),
        "",
    );
    let rows = rows(&run);
    assert!(said(&rows, "repaired").abs_diff(400) < 90);
    assert!(said(&rows, "truncated").abs_diff(100) < 50);
    assert_eq!(
        run.wrong_answers, 0,
        "what was repaired is what was written"
    );
    for row in &rows {
        let times = if row.parse_error == 9 { 3 } else { 1 };
        assert_eq!(row.compute, times * 1_000_000);
        let lost = parsed::is_fault(row.parse_error);
        assert_eq!(row.outcome == outcome::PARSE_ERROR, lost);
    }
}

#[test]
fn a_fault_strikes_the_answers_of_one_version_of_a_client_and_errors_carry_the_parsers_version() {
    let call = format!("parse_output = {{ {SCHEMA}, repair = \"none\" }}");
    let rest = "[[timeline]]\nat = \"10s\"\nfault = { kind = \"output\", target = \"llm\", change = \"splice\", percentage = 30, where = 'client == \"new 2\"' }\n\
        [[timeline]]\nat = \"15s\"\ndeploy = \"v2\"\nset = { \"service.call.parse_output.fields.citations.required\" = false }\n";
    let run = go(&call, &output(""), rest);
    let mut struck = 0;
    for row in rows(&run) {
        let since = row.arrived + 50_000_000 >= 10_000_000_000;
        let new = run.recording.name("client", row.client) == "new 2";
        if row.parse_error != 0 {
            assert!(since && new, "{row:?}");
            struck += 1;
        }
        let version = if row.arrived >= 15_000_000_000 { 2 } else { 1 };
        assert_eq!(row.parser_version, version);
    }
    assert!(struck > 120 && struck < 240, "{struck}");
}

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    let parser = format!("parse_output = {{ {SCHEMA} }}");
    let fault = "[[timeline]]\nat = \"1s\"\nfault = { kind = \"output\", target = \"llm\", change = \"wrap\" }\n";
    for (call, output, rest, says) in [
        (parser.as_str(), "", "", "nothing says what llm writes"),
        (
            &parser,
            "output = { fields = {} }",
            "",
            "an output without a field",
        ),
        (
            &parser,
            &output("wrapped = \"60%\", truncated = \"60%\""),
            "",
            "100% together",
        ),
        (
            &format!("parse_output = {{ {SCHEMA}, on_failure = \"crash\" }}"),
            &output(""),
            "",
            "the death of its reader",
        ),
        ("parse_output = \"yaml\"", &output(""), "", "yaml"),
        ("timeout = \"1s\"", "", fault, "is not modelled at \"llm\""),
    ] {
        let refused = read(call, output, rest).map(drop).unwrap_err();
        assert!(refused.contains(says), "{call} {output}: {refused}");
        assert!(refused.contains("t.toml:"), "{refused}");
    }
}

#[test]
fn of_an_output_no_more_than_its_shape_is_written_or_shown() {
    const SECRET: &str = "hunter2canary";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outputs");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let incident = format!(
        "schema = 1\ntitle = \"t\"\nwarm_up = 0\n[trace]\narrivals = {{ kind = \"poisson\", rate = \"20/s\" }}\nduration = \"2m\"\n\
         [service]\ncall = {{ dependency = \"llm\", parse_output = {{ kind = \"schema-json\", shapes = true, repair = \"none\", unknown = \"refuse\", fields = {{ answer = \"text\" }} }} }}\n\
         [dependency.llm]\nlatency = \"50ms\"\n[dependency.llm.output]\nfields = {{ answer = \"{SECRET}\", \"{SECRET}@example.org\" = \"{SECRET}\" }}\n\
         defects = {{ wrapped = \"20%\", truncated = \"20%\", spliced = \"20%\" }}\n[[timeline]]\nat = \"50%\"\ndeploy = \"x\"\n\
         set = {{ \"service.call.parse_output.unknown\" = \"ignore\" }}\n[gates]\nparse = \"parse.error_rate < 50%\"\n"
    );
    fs::write(folder.join("t.toml"), incident).unwrap();
    let args = [
        "replay",
        "t.toml",
        "--save",
        "rows",
        "--save-format",
        "jsonl",
        "--out",
        "reports",
    ];
    let out = Command::new(env!("CARGO_BIN_EXE_gameday"))
        .args(args)
        .current_dir(&folder)
        .output()
        .unwrap();
    let mut texts = vec![[out.stdout, out.stderr].concat()];
    let said = String::from_utf8_lossy(&texts[0]).into_owned();
    assert!(out.status.code().is_some_and(|c| c < 2), "{said}");
    let mut folders = vec![folder.join("rows"), folder.join("reports")];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            match entry.unwrap().path() {
                path if path.is_dir() => folders.push(path),
                path => texts.push(fs::read(path).unwrap()),
            }
        }
    }
    assert!(texts.len() > 4);
    for text in texts {
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains(SECRET), "{}", &text[..text.len().min(2000)]);
    }
    let rows = fs::read_to_string(folder.join("rows/requests.jsonl")).unwrap();
    for word in [
        "\"unknown_field\"",
        "\"wrapped\"",
        "\"truncated\"",
        "\"shape\"",
    ] {
        assert!(rows.contains(word), "{word}");
    }
}
