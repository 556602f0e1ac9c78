//! The wall, end to end: what only the lab knows, which is what an incident is called, what it is said to show, how its
//! deploys are labelled, where its phases lie and what is expected of it, reaches neither the recording nor the diagnosis.

use assert_cmd::Command;
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

/// Variants of incident-24 with one of each: a deploy that is rolled back, a rolling restart, a drift and a fault.
const VARIANTS: &[Option<&str>] = &[
    None,
    Some("per-process-key-seed"),
    Some("traffic-mix-shift"),
    Some("dependency-slow"),
];

/// Words of the file that tell, and others that do not. A word that is not there any more fails the test.
const LABELS: &[(&str, &str)] = &[
    ("7f3a", "plum"),
    ("8c1d", "damson"),
    ("6b90", "greengage"),
    ("platform", "nobody"),
    ("\nlatency  = ", "\nfirst  = "),
    ("\nhit_rate = ", "\nsecond = "),
    ("gate    = \"hit_rate\"", "gate    = \"second\""),
    (
        "breached = [\"latency\", \"hit_rate\"]",
        "breached = [\"first\"]",
    ),
    (
        "breached = [\"hit_rate\"]",
        "breached = [\"second\", \"first\"]",
    ),
];

/// The file with every name that is truth turned into another one, and its expectations made wrong.
fn renamed(text: &str) -> String {
    let mut text = text.to_owned();
    for (from, to) in LABELS {
        assert!(text.contains(from), "incident-24 has no {from:?} to rename");
        text = text.replace(from, to);
    }
    let line = |line: &str| -> String {
        for name in ["title", "story", "question"] {
            if line.starts_with(name) {
                return format!("{name} = \"Plums\"");
            }
        }
        if let Some(name) = line.strip_prefix("[variant.") {
            return format!("[variant.{}", other_name(name.trim_end_matches(']')) + "]");
        }
        match line.split_once("causes") {
            Some((before, after)) => {
                let rest = after.split_once(']').map_or("", |(_, rest)| rest);
                format!("{before}causes = [\"hot-tenant\"]{rest}")
            }
            None => line.to_owned(),
        }
    };
    let lines: Vec<String> = text.lines().map(line).collect();
    // Where the baseline begins is truth too.
    format!("warm_up = \"5%\"\n{}\n", lines.join("\n"))
}

fn other_name(variant: &str) -> String {
    let letters = variant.bytes().rev().filter(u8::is_ascii_lowercase);
    format!("plums-{}", letters.map(char::from).collect::<String>())
}

/// What a run leaves: its summary, and every file of its recording.
struct Left {
    summary: Value,
    files: BTreeMap<String, Vec<u8>>,
}

fn replay(folder: &Path, incident: &Path, variant: Option<&str>, format: &str) -> Left {
    let saved = folder.join("saved");
    if saved.exists() {
        fs::remove_dir_all(&saved).unwrap();
    }
    let mut command = Command::cargo_bin("gameday").unwrap();
    command.current_dir(folder).arg("replay").arg(incident);
    if let Some(variant) = variant {
        command.args(["--variant", variant]);
    }
    let run = command
        .args(["--set", "trace.duration=12m", "--no-report"])
        .args(["--print", "json", "--save-format", format, "--save"])
        .arg(&saved)
        .assert()
        .success();
    let files = fs::read_dir(&saved).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, fs::read(entry.path()).unwrap())
    });
    Left {
        summary: serde_json::from_slice(&run.get_output().stdout).unwrap(),
        files: files.collect(),
    }
}

#[test]
fn renaming_all_that_is_truth_changes_no_byte_of_recording_or_diagnosis() {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("../incidents/incident-24.toml");
    let (plain, other) = (
        folder.path().join("incident-24.toml"),
        folder.path().join("plums.toml"),
    );
    fs::write(&plain, text).unwrap();
    fs::write(&other, renamed(text)).unwrap();
    for (i, variant) in VARIANTS.iter().enumerate() {
        let format = if cfg!(feature = "parquet") && i == 0 {
            "parquet"
        } else {
            "csv"
        };
        let told = replay(folder.path(), &plain, *variant, format);
        let untold = variant.map(other_name);
        let untold = replay(folder.path(), &other, untold.as_deref(), format);
        let name = variant.unwrap_or("the file itself");

        // The names did change, or this would hold nothing.
        for part in ["title", "truth", "gates"] {
            assert_ne!(told.summary[part], untold.summary[part], "{name}: {part}");
        }
        assert_eq!(told.summary["digest"], untold.summary["digest"], "{name}");
        assert_eq!(
            told.summary["diagnosis"].to_string(),
            untold.summary["diagnosis"].to_string(),
            "{name}"
        );
        let onset = &told.summary["diagnosis"]["onset"];
        assert!(onset.is_object(), "{name}: nothing was found");

        let (files, others) = (told.files.keys(), untold.files.keys());
        assert!(files.eq(others), "{name}: other files");
        for (file, bytes) in &told.files {
            assert!(*bytes == untold.files[file], "{name}: {file} differs");
            for (word, _) in &LABELS[..4] {
                let found = bytes.windows(word.len()).any(|w| w == word.as_bytes());
                // Hexadecimal digests may hold a label by chance.
                assert!(
                    !found || file.starts_with("requests"),
                    "{name}: {file} says {word}"
                );
            }
        }
    }
}
