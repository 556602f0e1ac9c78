//! What CI reads of a gate, read back by readers of others; and `gameday export` at the command line.

#[path = "../examples/report_demo/data.rs"]
mod data;
mod provided;

use assert_cmd::Command;
use data::Demo;
use gameday::{
    gates::Verdict,
    report::{github, junit, markdown},
};
use std::{fs, path::Path};

/// Two minutes of traffic whose gate a fault breaches.
const SHORT: &str = r#"
schema = 1
title = "short | *and* sharp"
seed = 3
[trace]
arrivals = { kind = "poisson", rate = "60/s" }
duration = "2m"
[service]
replicas = 2
compute = "2ms"
call = { dependency = "db" }
[dependency.db]
latency = { kind = "lognormal", p50 = "20ms", p99 = "80ms" }
[[timeline]]
at = "40%"
fault = { kind = "latency", target = "db", percentage = 100, latency = "300ms" }
[gates]
latency = "latency p(95) < 2x baseline"
errors = "error_rate < 5%"
"#;

/// The program with SHORT as `short.toml` in a folder of its own.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("short.toml"), SHORT).unwrap();
        Place(folder)
    }

    fn gameday(&self, args: &[&str]) -> Command {
        let mut gameday = Command::cargo_bin("gameday").unwrap();
        gameday.current_dir(self.0.path()).args(args);
        gameday.env_remove("GITHUB_STEP_SUMMARY");
        gameday
    }

    /// Exit code, standard output, standard error.
    fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        said(&mut self.gameday(args))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        let name = |e: std::io::Result<fs::DirEntry>| e.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<String> = fs::read_dir(self.0.path()).unwrap().map(name).collect();
        names.sort();
        names
    }
}

fn said(gameday: &mut Command) -> (Option<i32>, String, String) {
    let output = gameday.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A workflow command by GitHub's documentation: its name, its properties, its message.
type Told = (String, Vec<(String, String)>, String);

/// `::name key=value,key=value::message`, with the escapes undone in the order in which the runner undoes them.
fn command(line: &str) -> Option<Told> {
    let unescape = |text: &str, of: &[(&str, &str)]| {
        let undo = |text: String, (code, sign): &(&str, &str)| text.replace(code, sign);
        of.iter().fold(text.to_owned(), undo)
    };
    const DATA: [(&str, &str); 3] = [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")];
    const PROPERTY: [(&str, &str); 5] = [
        ("%0D", "\r"),
        ("%0A", "\n"),
        ("%3A", ":"),
        ("%2C", ","),
        ("%25", "%"),
    ];
    let (head, message) = line.strip_prefix("::")?.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let property = |text: &str| {
        let (key, value) = text.split_once('=')?;
        Some((key.to_owned(), unescape(value, &PROPERTY)))
    };
    let properties = properties.split(',').filter(|p| !p.is_empty());
    Some((
        name.to_owned(),
        properties.map(property).collect::<Option<_>>()?,
        unescape(message, &DATA),
    ))
}

const NASTY: &str = "100%: a,b::c %0A %25 \"x\" <b>&amp;|`*\\";

/// Verdicts whose words have everything in them that formats use.
fn nasty() -> Demo {
    let mut demo = Demo::incident(5.0);
    for judgement in &mut demo.judgements {
        judgement.gate = format!("{NASTY} {}", judgement.gate);
        judgement.detail = format!("{NASTY}\r\n{}", judgement.detail);
        judgement.expression = format!("{NASTY} {}", judgement.expression);
    }
    demo
}

#[test]
fn annotations_are_workflow_commands_and_say_what_the_gates_say() {
    let demo = nasty();
    let text = github::render(&demo.findings());
    let told: Vec<Told> = text.lines().map(|l| command(l).unwrap()).collect();
    let failed: Vec<_> = demo
        .judgements
        .iter()
        .filter(|j| j.verdict != Verdict::Pass)
        .collect();
    assert_eq!(
        told.len(),
        failed.len() + 1,
        "one a verdict, and the diagnosis"
    );
    for ((name, properties, message), judgement) in told.iter().zip(&failed) {
        assert_eq!(name, "error");
        let [(key, title)] = &properties[..] else {
            panic!("{properties:?}")
        };
        assert_eq!(key, "title");
        assert!(title.contains(&judgement.gate), "{title}");
        assert_eq!(
            *message,
            format!("{} | {}", judgement.detail, judgement.expression)
        );
    }
    assert_eq!(told.last().unwrap().0, "notice");
}

#[test]
fn junit_is_read_back_by_a_reader_of_others() {
    let Some(mut python) = provided::python("junitparser") else {
        return;
    };
    let demo = nasty();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("junit.xml");
    fs::write(&file, junit::render(&demo.findings()).unwrap()).unwrap();
    let script = "import sys, json
from junitparser.xunit2 import JUnitXml
xml = JUnitXml.fromfile(sys.argv[1])
suite, = list(xml)
cases = [[c.classname, c.name, [[r.type, r.message, r.text] for r in c.result]] for c in suite]
print(json.dumps({'suite': suite.name, 'tests': xml.tests, 'failures': xml.failures, 'errors': xml.errors,
    'properties': {p.name: p.value for p in suite.properties()}, 'out': suite.system_out, 'cases': cases}))";
    let output = python.args(["-c", script]).arg(&file).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let read: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {complaint}"));
    let verdict = |v| demo.judgements.iter().filter(|j| j.verdict == v).count();
    assert_eq!(read["tests"], demo.judgements.len());
    assert_eq!(
        read["failures"],
        verdict(Verdict::Breach) + verdict(Verdict::NoData)
    );
    assert_eq!(read["errors"], 0);
    assert_eq!(read["properties"]["seed"], "24");
    assert_eq!(read["properties"]["reproduce"], demo.findings().reproduce);
    assert!(
        read["out"]
            .as_str()
            .unwrap()
            .contains(&demo.diagnosis.causes[0].cause)
    );
    for (case, judgement) in read["cases"]
        .as_array()
        .unwrap()
        .iter()
        .zip(&demo.judgements)
    {
        assert_eq!(case[0], format!("incident-24.{}", judgement.phase));
        assert_eq!(case[1], judgement.gate);
        let kind = match judgement.verdict {
            Verdict::Pass => {
                assert_eq!(case[2], serde_json::json!([]));
                continue;
            }
            Verdict::Breach => "breach",
            Verdict::NoData => "no_data",
        };
        let detail = judgement.detail.replace("\r\n", "  ");
        let expected = serde_json::json!([[kind, detail, judgement.expression]]);
        assert_eq!(case[2], expected);
    }
}

/// The cells of the first table, split where GitHub splits them.
#[test]
fn no_text_of_a_file_breaks_a_table_of_markdown() {
    let demo = nasty();
    let page = markdown::render(&demo.findings());
    let rows: Vec<&str> = page
        .lines()
        .filter(|l| l.starts_with("| ") && l.contains("<code>"))
        .collect();
    assert_eq!(rows.len(), demo.judgements.len(), "{page}");
    for row in rows {
        let bars = row
            .match_indices('|')
            .filter(|(at, _)| !row[..*at].ends_with('\\'));
        assert_eq!(bars.count(), 6, "five cells: {row}");
        assert!(!row.contains("<b>") && !row.contains("&amp;|"), "{row}");
    }
}

#[test]
fn a_gate_annotates_and_appends_its_page_to_the_summary_of_the_step() {
    let place = Place::new();
    let summary = place.path("summary.md");
    fs::write(&summary, "before").unwrap();
    let gate = |print: &str| {
        let mut gameday = place.gameday(&["gate", "short.toml", "--format", print]);
        said(gameday.env("GITHUB_STEP_SUMMARY", &summary))
    };
    let (code, out, err) = gate("github");
    assert_eq!(code, Some(1), "{err}");
    let told: Vec<Told> = out.lines().map(|l| command(l).unwrap()).collect();
    assert!(told[0].1[0].1.contains("gate latency breached"), "{out}");
    let once = fs::read_to_string(&summary).unwrap();
    let page = once.strip_prefix("before\n").unwrap();
    assert!(page.starts_with("## ❌ short: "), "{page}");
    assert!(
        page.contains("short \\| \\*and\\* sharp") && page.contains("gameday replay short.toml")
    );
    gate("github");
    assert_eq!(
        fs::read_to_string(&summary).unwrap(),
        format!("before\n{page}\n{page}")
    );
    // It is the page of `--print markdown`, which appends nothing.
    let (code, out, _) = gate("markdown");
    assert_eq!((code, &*out), (Some(1), page));
    assert_eq!(
        fs::read_to_string(&summary).unwrap().len(),
        6 + 2 * (page.len() + 1)
    );
}

#[test]
fn a_summary_that_cannot_be_appended_to_is_refused() {
    let place = Place::new();
    let mut gameday = place.gameday(&["gate", "short.toml", "--print", "github"]);
    let (code, out, err) =
        said(gameday.env("GITHUB_STEP_SUMMARY", place.path("no/such/folder.md")));
    assert_eq!((code, &*out), (Some(2), ""), "{err}");
    assert!(err.contains("GITHUB_STEP_SUMMARY"), "{err}");
}

#[test]
fn exports_of_a_run_and_of_its_recording_show_the_same() {
    let place = Place::new();
    let (code, _, err) = place.run(&[
        "replay",
        "short.toml",
        "--no-report",
        "--save",
        "saved",
        "--save-format",
        "csv",
    ]);
    assert_eq!(code, Some(0), "{err}");
    let export = |what: &str, name: &str| {
        let args = [
            "export",
            what,
            "--slowest",
            "20",
            "--perfetto",
            name,
            "--every",
            "10s",
        ];
        let more = ["--openmetrics", "metrics.txt", "--hgrm", "all.hgrm"];
        let (code, out, err) = place.run(&[&args[..], &more].concat());
        assert_eq!((code, &*out), (Some(0), ""), "{err}");
        let trace: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(place.path(name)).unwrap()).unwrap();
        let events = trace["traceEvents"].as_array().unwrap().clone();
        let spans = events
            .into_iter()
            .filter(|e| e["pid"] == 2 || e["ph"] == "C");
        let metrics = fs::read_to_string(place.path("metrics.txt")).unwrap();
        let metrics = metrics.lines().filter(|l| !l.contains("gameday_run"));
        let metrics: Vec<String> = metrics.map(str::to_owned).collect();
        let hgrm = fs::read_to_string(place.path("all.hgrm")).unwrap();
        (spans.collect::<Vec<_>>(), metrics, hgrm)
    };
    let (run, saved) = (
        export("short.toml", "run.json"),
        export("saved", "saved.json"),
    );
    assert!(run.0.len() > 60 && run.1.len() > 100 && run.2.contains("#[Max"));
    assert_eq!(run, saved);
    let phases = fs::read_to_string(place.path("run.json")).unwrap();
    assert!(phases.contains("\"name\":\"baseline\",\"cat\":\"phase\""));
    let expected = [
        "all.hgrm",
        "metrics.txt",
        "run.json",
        "saved",
        "saved.json",
        "short.toml",
    ];
    assert_eq!(place.names(), expected, "nothing temporary is left");
}

#[test]
fn one_request_is_shown_by_its_name() {
    let place = Place::new();
    let (code, out, err) = place.run(&[
        "export",
        "short.toml",
        "--perfetto",
        "-",
        "--request",
        "100,7.1",
    ]);
    assert_eq!(code, Some(0), "{err}");
    let trace: serde_json::Value = serde_json::from_str(&out).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let requests = events.iter().filter(|e| e["cat"] == "request");
    let names: Vec<&str> = requests.map(|e| e["name"].as_str().unwrap()).collect();
    assert!(
        names.len() == 2 && names[0].starts_with("100.1") && names[1].starts_with("7.1"),
        "{names:?}"
    );
}

#[test]
fn what_cannot_be_exported_is_refused_and_nothing_is_written() {
    let place = Place::new();
    fs::create_dir(place.path("logs")).unwrap();
    fs::write(place.path("logs/requests.csv"), "arrived_ns\n0\n5\n").unwrap();
    let refused = |args: &[&str]| {
        let (code, out, err) = place.run(&[&["export"], args].concat());
        assert_eq!((code, &*out), (Some(2), ""), "{args:?}: {err}");
        err
    };
    let short = "short.toml";
    assert!(refused(&[short]).contains("--perfetto FILE"));
    assert!(refused(&[short, "--perfetto", "-", "--openmetrics", "-"]).contains("standard output"));
    assert!(refused(&[short, "--perfetto", "x", "--request", "99999999"]).contains("99999999"));
    assert!(refused(&[short, "--perfetto", "x", "--request", "first"]).contains("4711.2"));
    assert!(refused(&[short, "--openmetrics", "x", "--every", "often"]).contains("1m30s"));
    assert!(refused(&[short, "--openmetrics", "x", "--by", "mood"]).contains("tenant"));
    assert!(refused(&["logs", "--perfetto", "x"]).contains("latency_ms"));
    assert!(refused(&["logs", "--openmetrics", "y", "--hgrm", "x"]).contains("latency_ms"));
    assert!(refused(&["logs", "--folded", "x"]).contains("no CPU"));
    assert!(refused(&[short, "--openmetrics", "logs"]).contains("cannot be written"));
    assert!(refused(&[short, "--slowest", "3", "--openmetrics", "x"]).contains("--perfetto"));
    assert!(refused(&["logs", "--openmetrics", "x", "--healthy"]).contains("--healthy"));
    assert!(refused(&["logs", "--openmetrics", "x", "--take", "5"]).contains("--take"));
    assert_eq!(place.names(), ["logs", short]);
    // Without a latency, one by one is still possible.
    let (code, out, err) = place.run(&["export", "logs", "--perfetto", "-", "--request", "1"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(
        out.contains("requests.latency") && out.contains("\"name\":\"1.1\""),
        "{out}"
    );
}

/// Folded stacks as flame graph tools read them: the last word is a whole number, the rest is frames.
#[test]
fn folded_stacks_are_stacks_and_numbers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut gameday = Command::cargo_bin("gameday").unwrap();
    gameday.current_dir(root).args([
        "export",
        "incidents/incident-28.toml",
        "--take",
        "2000",
        "--folded",
        "-",
    ]);
    let (code, out, err) = said(&mut gameday);
    assert_eq!(code, Some(0), "{err}");
    let read = |line: &str| {
        let (stack, n) = line.rsplit_once(' ')?;
        let frames: Vec<&str> = stack.split(';').collect();
        let sound = frames.iter().all(|f| !f.is_empty());
        (sound && n.parse::<u64>().ok()? > 0).then_some(frames.len())
    };
    let frames: Vec<usize> = out
        .lines()
        .map(|l| read(l).unwrap_or_else(|| panic!("{l}")))
        .collect();
    assert!(
        frames.contains(&3) && frames.iter().all(|n| *n <= 3),
        "stage;site;part: {out}"
    );
}
