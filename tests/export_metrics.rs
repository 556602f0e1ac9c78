//! Metrics of a run for Prometheus, held to what was recorded, and read by its own tools.

mod export_support;
mod provided;
mod replay_support;

use export_support::{busy, python};
use gameday::{
    recording::{AttemptRow, EventRow, GaugeRow, Recording, RequestRow, outcome, result},
    report::export::openmetrics::{self, Cut},
};
use std::{fs, process::Command};

const MS: u64 = 1_000_000;
const S: u64 = 1_000_000_000;

/// A run whose metrics can be worked out by hand.
fn by_hand() -> Recording {
    let mut recording = Recording {
        span: 60 * S,
        origin: Some(1_700_000_000_500_000_000),
        ..Recording::default()
    };
    let names = |words: &[&str]| {
        let mut names = gameday::config::Names::default();
        words.iter().for_each(|word| {
            names.number(word);
        });
        names
    };
    recording
        .names
        .insert("route", names(&["/a\"b\\c\nd", "/b"]));
    recording.names.insert("dependency", names(&["db"]));
    recording
        .names
        .insert("gauge", names(&["queue.depth", "requests", "queue-depth"]));
    recording.names.insert("event", names(&["deploy"]));
    let request = |arrived, latency, route, outcome| RequestRow {
        tries: 1,
        arrived,
        latency,
        route,
        outcome,
        compute: 3 * MS,
        ..RequestRow::default()
    };
    for row in [
        request(0, MS, 1, outcome::OK),
        request(29 * S, S, 1, outcome::OK),
        request(29 * S, S + 1, 1, outcome::TIMEOUT),
        request(31 * S, 90 * S, 2, outcome::HUNG_UP),
        RequestRow {
            background: 1,
            ..request(5 * S, MS, 1, outcome::OK)
        },
    ] {
        recording.requests.push(&row);
    }
    recording.attempts.push(&AttemptRow {
        dependency: 1,
        started: S,
        time: 2 * MS + 1,
        result: result::OK,
        ..AttemptRow::default()
    });
    for (time, gauge, replica, value) in [
        (S, 1, 0, 2.0),
        (2 * S, 1, 0, 3.5),
        (40 * S, 1, 2, f64::NAN),
        (S, 2, 0, 1.0),
        (S, 3, 1, -1.0),
    ] {
        recording.gauges.push(&GaugeRow {
            time,
            gauge,
            replica,
            value,
        });
    }
    recording.events.push(&EventRow {
        time: 30 * S,
        event: 1,
        version: 2,
        ..EventRow::default()
    });
    recording
}

fn metrics(recording: &Recording, every: u64, by: &str) -> String {
    openmetrics::render(
        recording,
        &Cut {
            every,
            by,
            title: "by hand",
        },
    )
    .unwrap()
}

#[test]
fn metrics_count_what_ended_by_each_sample() {
    let text = metrics(&by_hand(), 30 * S, "route");
    // Two of the buckets are enough to read.
    let shown = |l: &&str| !l.contains("le=") || l.contains("\"1.0\"") || l.contains("+Inf");
    let lines: Vec<&str> = text.lines().filter(shown).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn metrics_of_a_run_end_with_its_totals() {
    let run = busy();
    let text = metrics(&run.recording, 15 * S, "tenant");
    let last = |name: &str| -> f64 {
        let mut series = std::collections::BTreeMap::new();
        for line in text.lines().filter(|l| l.starts_with(name)) {
            let words: Vec<&str> = line.rsplitn(3, ' ').collect();
            series.insert(words[2], words[1].parse::<f64>().unwrap());
        }
        series.values().sum()
    };
    let rows: Vec<RequestRow> = run.recording.requests.rows().collect();
    assert_eq!(last("gameday_requests_total"), rows.len() as f64);
    assert_eq!(
        last("gameday_request_duration_seconds_count"),
        rows.len() as f64
    );
    let sum: u64 = rows.iter().map(|r| r.latency).sum();
    assert!((last("gameday_request_duration_seconds_sum") * 1e9 / sum as f64 - 1.0).abs() < 1e-9);
    assert_eq!(
        last("gameday_calls_total"),
        run.recording.attempts.len() as f64
    );
    let retries = rows.iter().filter(|r| r.tries > 1).count();
    assert!(retries > 0);
    assert_eq!(last("gameday_retries_total"), retries as f64);
    assert_eq!(
        last("gameday_events_total"),
        run.recording.events.len() as f64
    );
}

#[test]
fn a_label_has_bounds() {
    let mut recording = Recording {
        span: S,
        ..Recording::default()
    };
    let mut names = gameday::config::Names::default();
    for n in 1..=500u32 {
        let user = names.number(&format!("u{n:03}"));
        for _ in 0..n {
            recording.requests.push(&RequestRow {
                user,
                latency: 1,
                outcome: outcome::OK,
                ..RequestRow::default()
            });
        }
    }
    recording.names.insert("user", names);
    let text = metrics(&recording, S, "user");
    let series = text
        .lines()
        .filter(|l| l.starts_with("gameday_requests_total") && l.ends_with(" 1"));
    let series: Vec<&str> = series.collect();
    assert_eq!(series.len(), openmetrics::MOST_VALUES + 1, "{series:?}");
    assert!(
        series.iter().any(|l| l.contains("u500")) && !series.iter().any(|l| l.contains("u480\""))
    );
    let rest: u64 = (1..=480).sum();
    let other = format!("gameday_requests_total{{user=\"(other)\",outcome=\"ok\"}} {rest} 1");
    assert!(series.contains(&&*other), "{series:?}");
}

#[test]
fn metrics_that_nobody_could_load_and_columns_that_are_none_are_refused() {
    let recording = by_hand();
    let refused = |every, by| {
        let cut = Cut {
            every,
            by,
            title: "",
        };
        openmetrics::render(&recording, &cut)
            .unwrap_err()
            .to_string()
    };
    assert!(refused(1, "route").contains("wider windows"));
    let said = refused(S, "outcome");
    assert!(
        said.contains("\"outcome\"") && said.contains("tenant, user, route"),
        "{said}"
    );
}

#[test]
fn the_client_of_prometheus_reads_every_scrape() {
    let Some(reader) = provided::python("prometheus_client") else {
        return;
    };
    let said = python(
        reader,
        "read_openmetrics.py",
        &metrics(&by_hand(), 30 * S, "route"),
        &[],
    );
    insta::assert_snapshot!("metrics_as_read", said);
    let Some(reader) = provided::python("prometheus_client") else {
        return;
    };
    let run = busy();
    let said = python(
        reader,
        "read_openmetrics.py",
        &metrics(&run.recording, 5 * S, "tenant"),
        &[],
    );
    let rows = run.recording.requests.len();
    assert!(said.contains("scrapes "), "{said}");
    let total = |l: &str| {
        l.strip_prefix("gameday_requests_total ")
            .and_then(|n| n.parse::<f64>().ok())
    };
    assert_eq!(said.lines().find_map(total), Some(rows as f64), "{said}");
}

/// `promtool` is Prometheus's own.
#[test]
fn prometheus_takes_a_run_into_its_store() {
    let Some(promtool) = provided::tool("GAMEDAY_PROMTOOL", "promtool") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let run = busy();
    let text = metrics(&run.recording, 15 * S, "route");
    let (file, blocks) = (folder.path().join("run.om"), folder.path().join("blocks"));
    fs::write(&file, &text).unwrap();
    let mut load = Command::new(&promtool);
    load.args(["tsdb", "create-blocks-from", "openmetrics"])
        .arg(&file)
        .arg(&blocks);
    let output = load.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Its reader wants a log beside the blocks, where a server would have one.
    fs::create_dir(blocks.join("wal")).unwrap();
    let dump = Command::new(&promtool)
        .args(["tsdb", "dump"])
        .arg(&blocks)
        .output()
        .unwrap();
    let dump = String::from_utf8_lossy(&dump.stdout).into_owned();
    let samples = text.lines().filter(|l| !l.starts_with('#')).count();
    assert_eq!(
        dump.lines().count(),
        samples,
        "every sample is in the store"
    );
}
