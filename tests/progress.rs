//! How far a run is: in one line on standard error, where somebody watches, and nowhere else.
#![cfg(unix)]

use std::{fs, path::Path, process::Command};

/// Three variants of a quiet service, long enough to be told of.
fn incident(folder: &Path) -> String {
    let file = folder.join("quiet.toml");
    let text = r#"
schema = 1
title = "Nothing happens"
[trace]
arrivals = { kind = "poisson", rate = "300/s" }
duration = "2m"
[service]
compute = "5ms"
[variant.slow]
service.compute = "6ms"
[variant.slower]
service.compute = "7ms"
"#;
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

/// What a pseudo terminal shows of a command line of the shell; `None` where there is none to be had.
fn on_a_terminal(line: &str) -> Option<String> {
    let terminal = Command::new("script")
        .args(["-qec", line, "/dev/null"])
        .env("TERM", "xterm")
        .output();
    let Ok(shown) = terminal else {
        println!("skipped: there is no `script` to make a terminal with");
        return None;
    };
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("requests in"), "it ran: {shown}");
    Some(shown)
}

fn gameday(file: &str) -> String {
    let gameday = env!("CARGO_BIN_EXE_gameday");
    format!("{gameday} replay {file} --no-report --print digest")
}

#[test]
fn who_watches_is_told_how_far_each_run_is() {
    let place = tempfile::tempdir().unwrap();
    let run = gameday(&incident(place.path()));
    let Some(shown) = on_a_terminal(&format!("{run} --variant all")) else {
        return;
    };
    for part in [
        "1/3 quiet  ",
        "3/3 quiet-slower  ",
        " of 0:02:00",
        " requests/s  ETA ",
        "━",
    ] {
        assert!(shown.contains(part), "{part}: {shown:?}");
    }
    // The line goes before anything else is printed in its place.
    let last = shown.rsplit("requests in").next().unwrap();
    assert!(!last.contains('━'), "{last:?}");
    // And what is printed begins at the left.
    let is_digest = |text: &&str| {
        let line = text.split("\r\n").next().unwrap();
        line.len() == 32 && line.bytes().all(|b| b.is_ascii_hexdigit())
    };
    let printed = shown.split("\r\u{1b}[2K").filter(is_digest);
    assert_eq!(printed.count(), 3, "{shown:?}");
}

#[test]
fn files_and_pipes_are_told_nothing() {
    let place = tempfile::tempdir().unwrap();
    let run = gameday(&incident(place.path()));
    let (out, err) = (place.path().join("out"), place.path().join("err"));
    // Standard output in a file: the line is on the terminal, and not in the file.
    if let Some(shown) = on_a_terminal(&format!("{run} > {}", out.display())) {
        assert!(shown.contains('━'), "{shown:?}");
        let digest = fs::read_to_string(&out).unwrap();
        assert_eq!(digest.trim().len(), 32, "{digest:?}");
    }
    // Standard error in a file: no line anywhere.
    let both = format!("{run} 2> {}; cat {}", err.display(), err.display());
    if let Some(shown) = on_a_terminal(&both) {
        assert!(!shown.contains('━'), "{shown:?}");
        let said = fs::read_to_string(&err).unwrap();
        assert_eq!(said.lines().count(), 1, "{said:?}");
    }
}
