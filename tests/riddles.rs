//! `replay --blind` gives nothing away, and `reveal` says what it was.

use assert_cmd::Command;
use serde_json::{Value, json};
use std::{fs, path::Path};

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn gameday(folder: &Path, args: &[&str]) -> Said {
    let run = Command::cargo_bin("gameday")
        .unwrap()
        .current_dir(folder)
        .args(args)
        .output()
        .unwrap();
    Said {
        code: run.status.code(),
        out: String::from_utf8_lossy(&run.stdout).into_owned(),
        err: String::from_utf8_lossy(&run.stderr).into_owned(),
    }
}

/// Poses a riddle below the folder; gives what was said, and the report.
fn pose(folder: &Path, incident: &str, further: &[&str]) -> (Said, String) {
    let args = ["replay", incident, "--blind", "--out", "r"];
    let said = gameday(folder, &[&args[..], further].concat());
    assert_eq!(said.code, Some(0), "{incident}: {}", said.err);
    let reports = fs::read_dir(folder.join("r")).unwrap();
    let name = reports.flatten().next().unwrap().file_name();
    (said, format!("r/{}", name.to_string_lossy()))
}

fn revealed(folder: &Path, report: &str, further: &[&str]) -> Value {
    let said = gameday(
        folder,
        &[&["reveal", report, "--json"][..], further].concat(),
    );
    assert_eq!(said.code, Some(0), "{report}: {}", said.err);
    serde_json::from_str(&said.out).unwrap()
}

/// An hour in six minutes; the one that is a week is as long as it is.
fn short(incident: &str) -> &'static [&'static str] {
    match incident {
        "incident-08" => &[],
        _ => &["--set", "trace.duration=6m"],
    }
}

fn texts(value: &Value) -> impl Iterator<Item = String> + '_ {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned)
}

/// What a riddle must not say: what `reveal` says of it, and what the file calls itself.
fn secrets(incident: &str, revealed: &Value) -> Vec<String> {
    let file = format!("{}/incidents/{incident}.toml", env!("CARGO_MANIFEST_DIR"));
    let file = fs::read_to_string(file).unwrap();
    let title = file.lines().find(|l| l.starts_with("title")).unwrap();
    let mut all = vec![incident.to_owned()];
    all.push(title.split('"').nth(1).unwrap().to_owned());
    all.extend(revealed["title"].as_str().map(str::to_owned));
    all.extend(
        revealed["variant"]
            .as_str()
            .map(|v| format!("{incident}-{v}")),
    );
    let entries = revealed["truth"]["entries"].as_array().unwrap();
    // A change that is called `flush` or `restart` is what operators see.
    let labels = entries.iter().filter_map(|e| e["label"].as_str());
    all.extend(labels.filter(|l| l.contains(' ')).map(str::to_owned));
    let named = revealed["diagnosis"]["causes"].as_array().unwrap();
    let mut causes: Vec<String> = texts(&revealed["causes"]).collect();
    causes.extend(texts(&revealed["truth"]["causes"]));
    causes.extend(
        named
            .iter()
            .filter_map(|c| c["cause"].as_str())
            .map(str::to_owned),
    );
    for (known, _) in gameday::diagnosis::catalogue::all() {
        if causes.iter().any(|c| c == known.id) {
            all.extend([
                known.summary.into(),
                known.remedy.into(),
                known.signature.into(),
            ]);
        }
    }
    all.extend(causes);
    all.retain(|secret| !secret.is_empty());
    all
}

/// Holds every byte of a riddle against its secrets.
fn gives_nothing_away(incident: &str, further: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (said, report) = pose(folder, incident, &[further, short(incident)].concat());
    let secrets = secrets(incident, &revealed(folder, &report, &[]));
    let mut places = vec![
        ("standard output".to_owned(), said.out.into_bytes()),
        ("standard error".to_owned(), said.err.into_bytes()),
    ];
    for file in walkdir::WalkDir::new(folder).into_iter().flatten() {
        let path = file.path().strip_prefix(folder).unwrap();
        let name = path.display().to_string();
        places.push((name.clone(), name.clone().into_bytes()));
        if file.path().is_file() {
            let bytes = fs::read(file.path()).unwrap();
            if name.ends_with(".png") {
                // Text of a picture is either plain, and looked at below, or there is none.
                let packed = [&b"zTXt"[..], b"iTXt"];
                assert!(
                    !packed.iter().any(|k| bytes.windows(4).any(|w| w == *k)),
                    "{name}"
                );
            }
            places.push((name, bytes));
        }
    }
    assert!(places.len() > 15, "{incident}: {}", places.len());
    for (place, bytes) in places {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        // Lines that were wrapped are one.
        let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for secret in &secrets {
            let secret = secret.to_lowercase();
            assert!(
                !text.contains(&secret) && !joined.contains(&secret),
                "{incident} {further:?}: {place} says \"{secret}\""
            );
        }
    }
}

fn each(numbers: impl Iterator<Item = u32>) {
    for number in numbers {
        gives_nothing_away(&format!("incident-{number:02}"), &[]);
    }
}

/// Of drills every third: each draws a report twice, and they say of themselves the same kinds of things.
#[test]
fn drills_give_nothing_away() {
    each((2..=20).step_by(3));
}

#[test]
fn incidents_give_nothing_away() {
    each(21..=25);
}

#[test]
fn further_incidents_give_nothing_away() {
    each(26..=30);
}

#[test]
fn variants_give_nothing_away_in_any_format_or_recording() {
    for (incident, variant, further) in [
        (
            "incident-24",
            "key-seed-and-local-caches",
            &["--print", "json"][..],
        ),
        ("incident-27", "no-floor", &["--print", "markdown"]),
        ("incident-30", "revert-only", &["--print", "junit"]),
        (
            "incident-21",
            "",
            &[
                "--print",
                "github",
                "--save",
                "rows",
                "--save-format",
                "csv",
            ],
        ),
        (
            "incident-22",
            "",
            &["--save", "rows", "--save-format", "jsonl"],
        ),
        ("incident-26", "", &["--healthy", "--print", "digest"]),
    ] {
        let mut args = further.to_vec();
        if !variant.is_empty() {
            args.extend(["--variant", variant]);
        }
        gives_nothing_away(incident, &args);
    }
}

#[test]
fn an_answer_is_held_against_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (_, report) = pose(folder, "incident-27", short("incident-27"));
    let reveal = |further: &[&str]| gameday(folder, &[&["reveal", &report][..], further].concat());

    let right = reveal(&["--answer", "Strict Priority", "--onset", "00:02:00"]);
    assert_eq!((right.code, right.err.as_str()), (Some(0), ""));
    for words in [
        "strict-priority: right",
        "1.00 of 1",
        "onset     00:02:00: ",
        "weights with a floor",
        "gameday replay incident-27 --set trace.duration=6m",
    ] {
        assert!(right.out.contains(words), "{words}: {}", right.out);
    }
    let wrong = reveal(&["--answer", "dns-outage-of-nobody"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.out);
    assert!(!wrong.err.contains("strict-priority"), "{}", wrong.err);

    let ranked = revealed(
        folder,
        &report,
        &[
            "--answer",
            "shed_rate",
            "--answer",
            "no-floor",
            "--answer",
            "strict-priority",
        ],
    );
    let marks = ranked["answers"].as_array().unwrap();
    let marks: Vec<&str> = marks.iter().filter_map(|a| a["mark"].as_str()).collect();
    assert_eq!(marks, ["symptom", "look-alike", "right"], "{ranked}");
    assert_eq!(
        (&ranked["score"], &ranked["same_run"]),
        (&json!(1.0 / 3.0), &json!(true))
    );
    let alike = &ranked["answers"][1];
    let told = texts(&alike["against"]).chain(texts(&alike["instead"]));
    assert!(told.count() > 0, "{ranked}");

    let near = reveal(&["--answer", "strict-priorty"]);
    assert_eq!(near.code, Some(2));
    assert!(
        near.err.contains("did you mean \"strict-priority\"?"),
        "{}",
        near.err
    );
    // Without an answer it is told all the same.
    let told = reveal(&[]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert!(!told.out.contains("Your answer") && told.out.contains("strict-priority: "));
}

#[test]
fn a_healthy_run_is_a_riddle_too() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let args = [short("incident-24"), &["--healthy"]].concat();
    let (said, report) = pose(folder, "incident-24", &args);
    assert!(said.out.contains("no alarm went off"), "{}", said.out);
    let told = revealed(folder, &report, &["--answer", "no-incident"]);
    assert_eq!(told["answers"][0]["mark"], "right", "{told}");
    let told = revealed(
        folder,
        &report,
        &["--answer", "retry-storm", "--onset", "2m"],
    );
    assert_eq!(
        (&told["answers"][0]["mark"], &told["score"]),
        (&json!("wrong"), &json!(0.0))
    );
}

#[test]
fn a_riddle_that_is_no_longer_what_it_was_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let shipped = format!("{}/incidents/incident-27.toml", env!("CARGO_MANIFEST_DIR"));
    fs::copy(shipped, folder.join("mine.toml")).unwrap();
    let (_, report) = pose(folder, "mine.toml", short("mine"));
    let text = fs::read_to_string(folder.join("mine.toml")).unwrap();
    fs::write(folder.join("mine.toml"), text + "\n# more\n").unwrap();
    let reveal = || gameday(folder, &["reveal", &report]);
    assert!(
        !reveal().out.contains("not the run that was shown"),
        "a remark changes nothing"
    );
    fs::remove_file(folder.join("mine.toml")).unwrap();
    let gone = reveal();
    assert_eq!(gone.code, Some(2));
    assert!(
        gone.err.contains("in the folder in which it was posed"),
        "{}",
        gone.err
    );

    // Seals that are damaged, or hold something else.
    let seal = folder.join(&report).join("sealed");
    let text = fs::read_to_string(&seal).unwrap();
    for wrong in [
        "",
        "gameday riddle 1\n",
        &text[..text.len() - 9],
        &text.replacen('e', "f", 3),
    ] {
        fs::write(&seal, wrong).unwrap();
        let said = reveal();
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{wrong}");
        assert!(said.err.contains("the seal is damaged"), "{}", said.err);
    }
    fs::remove_file(&seal).unwrap();
    assert!(
        reveal().err.contains("nothing to reveal"),
        "a report in the open"
    );
}

#[test]
fn what_contradicts_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for args in [
        &["replay", "incident-27", "--blind", "--gate"][..],
        &["replay", "incident-27", "--blind", "--expect"],
        &["replay", "incident-27", "--blind", "--no-records"],
        &["replay", "incident-27", "--blind", "--variant", "all"],
        &["gate", "incident-27", "--blind"],
        &["reveal", "nowhere"],
        &["reveal", "."],
        &["reveal", ".", "--answer", "x", "--answer", "x"],
    ] {
        let said = gameday(folder, args);
        assert_eq!(said.code, Some(2), "{args:?}: {}{}", said.out, said.err);
        assert!(said.out.is_empty(), "{args:?}: {}", said.out);
    }
    assert!(
        fs::read_dir(folder).unwrap().next().is_none(),
        "something was written"
    );
}
