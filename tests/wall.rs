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

/// Another word for each that the lab alone knows, letter for letter, the same wherever it comes.
fn word(of: &str) -> String {
    let turned = |c: char| match c {
        'a'..='z' => char::from(b'a' + (c as u8 - b'a' + 11) % 26),
        '0'..='9' => 'q',
        _ => 'x',
    };
    format!("w{}", of.chars().map(turned).collect::<String>())
}

/// The keys of a table, renamed.
fn keys(table: &mut toml::Table) {
    let old = std::mem::take(table);
    table.extend(old.into_iter().map(|(key, value)| (word(&key), value)));
}

/// Names of gates where they are referred to.
fn texts(value: &mut toml::Value) {
    match value {
        toml::Value::String(text) => *text = word(text),
        toml::Value::Array(all) => all.iter_mut().for_each(texts),
        _ => {}
    }
}

/// A file with everything that is a name renamed: title, story, labels of changes, gates, owners, expectations, actions.
fn all_renamed(text: &str) -> String {
    let mut file: toml::Table = toml::from_str(text).unwrap();
    for key in ["title", "story", "question"] {
        if let Some(value) = file.get_mut(key) {
            texts(value);
        }
    }
    file.remove("variant");
    file.remove("action");
    file.remove("gameday");
    for list in ["timeline", "fix"] {
        let entries = file.get_mut(list).and_then(toml::Value::as_array_mut);
        for entry in entries
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_table_mut)
        {
            for key in ["deploy", "rollback"] {
                if let Some(label) = entry.get_mut(key) {
                    texts(label);
                }
            }
        }
    }
    for key in ["gates", "owners"] {
        if let Some(table) = file.get_mut(key).and_then(toml::Value::as_table_mut) {
            keys(table);
        }
    }
    if let Some(expect) = file.get_mut("expect").and_then(toml::Value::as_table_mut) {
        expect.remove("true_causes");
        expect.insert(
            "causes".into(),
            toml::Value::Array(vec!["runtime-pause".into()]),
        );
        if let Some(breached) = expect.get_mut("breached") {
            texts(breached);
        }
    }
    file.to_string()
}

/// The same of an incident of each family, with every name a random word.
#[test]
fn no_family_is_told_by_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let incidents = Path::new(env!("CARGO_MANIFEST_DIR")).join("incidents");
    let mut found = 0;
    for n in [21, 22, 23, 25, 26, 28, 29, 30] {
        let text = fs::read_to_string(incidents.join(format!("incident-{n}.toml"))).unwrap();
        let (plain, other) = (
            folder.path().join(format!("incident-{n}.toml")),
            folder.path().join("zwetschge.toml"),
        );
        // Both written anew: the order of tables is part of what a file says.
        let same: toml::Table = toml::from_str(&text).unwrap();
        fs::write(&plain, same.to_string()).unwrap();
        fs::write(&other, all_renamed(&text)).unwrap();
        let told = replay(folder.path(), &plain, None, "csv");
        let untold = replay(folder.path(), &other, None, "csv");
        assert_ne!(told.summary["title"], untold.summary["title"], "{n}");
        assert_eq!(told.summary["digest"], untold.summary["digest"], "{n}");
        assert_eq!(
            told.summary["diagnosis"].to_string(),
            untold.summary["diagnosis"].to_string(),
            "{n}"
        );
        assert!(told.files == untold.files, "{n}: recordings differ");
        found += usize::from(told.summary["diagnosis"]["onset"].is_object());
    }
    assert!(
        found >= 6,
        "only {found} of 8 are diagnosed at all: this would hold nothing"
    );
}
