//! The page over all reports: what it says is what the reports say, and every link leads to one.

use assert_cmd::Command;
use gameday::report::index::Index;
use predicates::str::contains;
use std::{fs, path::Path};

/// A run of two minutes, whose gate allows so many milliseconds.
fn report(reports: &Path, name: &str, allowed: u32, title: &str) {
    let file = reports.with_file_name(format!("{name}.toml"));
    let text = format!(
        r#"
schema = 1
title = "{title}"
[trace]
arrivals = {{ kind = "poisson", rate = "10/s" }}
duration = "2m"
[service]
compute = "20ms"
[[timeline]]
at = "1m"
deploy = "slow"
set = {{ "service.compute" = "60ms" }}
[gates]
tail = "latency p(99) < {allowed}ms"
"#
    );
    fs::write(&file, text).unwrap();
    Command::cargo_bin("gameday")
        .unwrap()
        .arg("replay")
        .arg(&file)
        .arg("--out")
        .arg(reports)
        .assert()
        .success();
}

fn index(reports: &Path) -> assert_cmd::assert::Assert {
    Command::cargo_bin("gameday")
        .unwrap()
        .args(["report", "index"])
        .arg(reports)
        .assert()
}

#[test]
fn what_does_not_pass_stands_first_and_every_link_leads_to_a_report() {
    let place = tempfile::tempdir().unwrap();
    let reports = place.path().join("reports");
    report(&reports, "a-good", 100, "All is <well>");
    report(&reports, "b-bad", 50, "It is slow & late");
    index(&reports)
        .success()
        .stdout(contains("2 runs: 1 with a gate breached, 1 pass"));
    let page = fs::read_to_string(reports.join("index.html")).unwrap();
    let (good, bad) = (
        page.find("a-good").expect("a-good"),
        page.find("b-bad").expect("b-bad"),
    );
    assert!(bad < good, "what does not pass stands first");
    assert!(page.contains("✗ tail"), "{page}");
    assert!(page.contains("All is &lt;well&gt;") && page.contains("slow &amp; late"));
    let links: Vec<&str> = page
        .split("<a href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(links, ["b-bad/report.html", "a-good/report.html"]);
    assert!(links.iter().all(|link| reports.join(link).is_file()));
    // Nothing is asked of the network, and nothing runs.
    assert!(
        !page.contains("http:") && !page.contains("https:") && !page.contains("<script"),
        "{page}"
    );
    assert!(
        page.contains("default-src 'none'") && page.contains("script-src 'none'"),
        "{page}"
    );
    let found = Index::of(&reports).unwrap();
    let bad = &found.entries[1];
    let summary = fs::read_to_string(reports.join("b-bad/summary.json")).unwrap();
    let requests = format!("\"requests_replayed\": {},", bad.requests);
    assert!(
        bad.verdict == "breach" && summary.contains(&requests),
        "{bad:?}"
    );
    // Again, over its own page: the same bytes, and nothing temporary is left.
    index(&reports).success();
    assert_eq!(
        fs::read_to_string(reports.join("index.html")).unwrap(),
        page
    );
    let hidden = fs::read_dir(&reports).unwrap().flatten();
    assert!(
        hidden
            .map(|e| e.file_name())
            .all(|n| !n.to_string_lossy().starts_with('.'))
    );
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_shown() {
    let place = tempfile::tempdir().unwrap();
    let reports = place.path().join("reports");
    report(&reports, "a-good", 100, "All is well");
    for (folder, summary) in [
        ("broken", "{ \"schema\": 1,"),
        ("newer", "{ \"schema\": 99 }"),
        ("of others", "{}"),
    ] {
        fs::create_dir(reports.join(folder)).unwrap();
        fs::write(reports.join(folder).join("summary.json"), summary).unwrap();
    }
    fs::create_dir(reports.join("no report")).unwrap();
    index(&reports)
        .success()
        .stdout(contains("1 run: 1 pass"))
        .stderr(contains("not shown: broken: summary.json: "))
        .stderr(contains(
            "not shown: newer: its summary.json is of version 99",
        ))
        .stderr(contains("not shown: of others: "));
    let page = fs::read_to_string(reports.join("index.html")).unwrap();
    assert!(page.contains("<dt>broken</dt>") && !page.contains("no report"));
}

#[test]
fn a_page_of_others_stays_and_a_folder_without_reports_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let reports = place.path().join("reports");
    index(&reports).code(2).stderr(contains("cannot be read"));
    fs::create_dir(&reports).unwrap();
    index(&reports)
        .code(2)
        .stderr(contains("there is no report in this folder"));
    assert!(!reports.join("index.html").exists());
    report(&reports, "a-good", 100, "All is well");
    fs::write(reports.join("index.html"), "mine").unwrap();
    index(&reports).code(2).stderr(contains("no index of ours"));
    assert_eq!(
        fs::read_to_string(reports.join("index.html")).unwrap(),
        "mine"
    );
}

#[test]
fn names_of_folders_stay_names() {
    let place = tempfile::tempdir().unwrap();
    let reports = place.path().join("reports");
    report(&reports, "a-good", 100, "All is well");
    let odd = "100% \"a\" & <b>#1?";
    fs::rename(reports.join("a-good"), reports.join(odd)).unwrap();
    index(&reports).success();
    let page = fs::read_to_string(reports.join("index.html")).unwrap();
    let link = "href=\"100%25%20%22a%22%20%26%20%3Cb%3E%231%3F/report.html\"";
    assert!(page.contains(link), "{page}");
    assert!(page.contains(">100% &quot;a&quot; &amp; &lt;b&gt;#1?</a>"));
}

#[test]
fn where_nothing_was_done_nothing_recovered() {
    let place = tempfile::tempdir().unwrap();
    let summary = |entries: &str| {
        format!(r#"{{ "schema": 1, "recovery_ns": 0, "truth": {{ "entries": [{entries}] }} }}"#)
    };
    for (folder, entries) in [("healthy", ""), ("ill", r#"{ "kind": "fault" }"#)] {
        fs::create_dir(place.path().join(folder)).unwrap();
        let file = place.path().join(folder).join("summary.json");
        fs::write(file, summary(entries)).unwrap();
    }
    let index = Index::of(place.path()).unwrap();
    let recovered: Vec<_> = index.entries.iter().map(|e| e.recovery).collect();
    assert_eq!(recovered, [None, Some(0)]);
}
