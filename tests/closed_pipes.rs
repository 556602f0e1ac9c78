//! A reader that goes away ends nothing badly: the exit code is what it would have been.

use std::process::{Command, Stdio};

/// The exit code of a command whose standard output and standard error nobody reads.
fn unread(args: &[&str]) -> Option<i32> {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("gameday"))
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    drop(child.stderr.take());
    child.wait().unwrap().code()
}

#[test]
fn what_nobody_reads_is_no_panic() {
    let short = ["--set", "trace.duration=4m", "--no-report"];
    for (args, code) in [
        (&["replay", "incident-24"][..], 0),
        (&["replay", "incident-24", "--gate"], 1),
        (
            &[
                "gate",
                "incident-24",
                "--expect",
                "--require",
                "latency max < 1ns",
            ],
            1,
        ),
        (&["replay", "incident-24", "--blind"], 0),
        (&["list", "incidents"], 0),
    ] {
        let args = match args[0] {
            "list" => args.to_vec(),
            _ => [args, &short[..2 + usize::from(args[0] == "replay")]].concat(),
        };
        assert_eq!(unread(&args), Some(code), "{args:?}");
    }
    assert_eq!(unread(&["replay", "incident-99"]), Some(2));
}

#[test]
fn commands_say_nothing_that_panics_when_nobody_reads() {
    let commands = concat!(env!("CARGO_MANIFEST_DIR"), "/src/commands");
    for file in walkdir::WalkDir::new(commands).into_iter().flatten() {
        if file.path().extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(file.path()).unwrap();
            for word in ["eprintln!", "eprint!(", "println!("] {
                assert!(!text.contains(word), "{}: {word}", file.path().display());
            }
        }
    }
}
