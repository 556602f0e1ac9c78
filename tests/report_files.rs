//! The folder of a report: whole, replaced as one, and nobody else's.

#[path = "../examples/report_demo/data.rs"]
mod data;

use data::Demo;
use gameday::report::write_all;
use std::{fs, path::Path};

fn names(folder: &Path) -> Vec<String> {
    let name = |e: std::io::Result<fs::DirEntry>| e.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

#[test]
fn a_report_is_written_into_the_folder_of_its_incident_and_variant() {
    let place = tempfile::tempdir().unwrap();
    let demo = Demo::incident(5.0);
    let mut findings = demo.findings();
    findings.variant = Some("no-fix");
    let files = write_all(&findings, &place.path().join("reports")).unwrap();
    assert!(files.iter().all(|f| f.is_file()), "{files:?}");
    assert_eq!(names(&place.path().join("reports")), ["incident-24-no-fix"]);
    assert!(files[0].ends_with("incident-24-no-fix/summary.json"));
}

#[test]
fn an_older_report_is_replaced_with_all_its_files() {
    let place = tempfile::tempdir().unwrap();
    let demo = Demo::incident(5.0);
    write_all(&demo.findings(), place.path()).unwrap();
    let folder = place.path().join("incident-24");
    let first = fs::read(folder.join("summary.json")).unwrap();
    fs::write(folder.join("left-over.txt"), "x").unwrap();
    let files = write_all(&demo.findings(), place.path()).unwrap();
    assert_eq!(names(&folder).len(), files.len());
    assert_eq!(
        fs::read(folder.join("summary.json")).unwrap(),
        first,
        "equal runs, equal bytes"
    );
    assert_eq!(
        names(place.path()),
        ["incident-24"],
        "nothing temporary is left"
    );
}

#[test]
fn a_folder_that_is_no_report_is_never_replaced() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("incident-24");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("notes.md"), "mine").unwrap();
    let refusal = write_all(&Demo::incident(5.0).findings(), place.path())
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains("no report") && refusal.contains("incident-24"),
        "{refusal}"
    );
    assert_eq!(fs::read_to_string(folder.join("notes.md")).unwrap(), "mine");
}

#[test]
fn what_a_killed_run_left_is_cleared_and_what_a_living_one_writes_is_not() {
    let place = tempfile::tempdir().unwrap();
    // No process has this number: it is beyond what Linux hands out.
    let dead = place.path().join(".incident-24.new.99999999-0.tmp");
    let alive = place.path().join(".incident-24.new.1-0.tmp");
    let other = place.path().join(".incident-25.new.99999999-0.tmp");
    [&dead, &alive, &other]
        .iter()
        .for_each(|f| fs::create_dir(f).unwrap());
    write_all(&Demo::incident(5.0).findings(), place.path()).unwrap();
    if Path::new("/proc/self").exists() {
        assert!(!dead.exists());
    }
    assert!(alive.exists() && other.exists());
}

#[test]
fn a_name_cannot_lead_out_of_the_folder() {
    let demo = Demo::incident(5.0);
    let mut findings = demo.findings();
    findings.incident = "../../etc/passwd";
    assert_eq!(findings.folder_name(), "-..-etc-passwd");
    findings.incident = "..";
    assert_eq!(findings.folder_name(), "run");
}

#[test]
fn a_place_that_cannot_be_written_is_a_refusal() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("reports");
    fs::write(&file, "a file").unwrap();
    let refusal = write_all(&Demo::incident(5.0).findings(), &file)
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("cannot be written"), "{refusal}");
}

#[test]
fn the_summary_names_every_indicator_in_every_phase_and_says_null_for_no_data() {
    let demo = Demo::incident(5.0);
    let summary = gameday::report::json::summary(&demo.findings());
    assert_eq!(summary["schema"], 1);
    assert_eq!(summary["requests_replayed"], demo.recording.requests.len());
    assert_eq!(summary["verdict"], "breach");
    assert_eq!(summary["diagnosis_agrees"], true);
    let phases = summary["phases"].as_array().unwrap();
    assert_eq!(phases.len(), 4);
    for phase in phases {
        let indicators = phase["indicators"].as_object().unwrap();
        assert_eq!(indicators.len(), gameday::indicators::catalogue().count());
        assert!(indicators["latency.p95"].is_number());
        assert!(indicators["queue.depth"].is_null(), "no gauge was read");
    }
    let keys: Vec<&str> = summary
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    insta::assert_snapshot!(keys.join("\n"));
}

#[test]
fn nothing_of_the_machine_is_in_any_file() {
    let place = tempfile::tempdir().unwrap();
    let files = write_all(&Demo::incident(5.0).findings(), place.path()).unwrap();
    let path = place.path().to_string_lossy().into_owned();
    for file in files {
        let bytes = fs::read(&file).unwrap();
        assert!(
            !bytes.windows(path.len()).any(|w| w == path.as_bytes()),
            "{}",
            file.display()
        );
    }
}

#[test]
fn gates_read_as_test_cases_and_as_annotations() {
    let mut demo = Demo::incident(5.0);
    demo.judgements[0].detail = "a < b & \"c\"\u{1b}\nd".into();
    insta::assert_snapshot!(
        "junit",
        gameday::report::junit::render(&demo.findings()).unwrap()
    );
    insta::assert_snapshot!(
        "markdown",
        gameday::report::markdown::render(&demo.findings())
    );
    insta::assert_snapshot!("github", gameday::report::github::render(&demo.findings()));
}
