//! What a machine may lack. A test without it says so and passes; but what an environment variable promises must be
//! there, so that CI, which sets them, never skips.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::{path::PathBuf, process::Command};

fn skipped(variable: &str, why: &str) {
    assert!(
        std::env::var_os(variable).is_none(),
        "{variable} is set, but {why}"
    );
    println!("skipped: {why}");
}

/// A real trace of the folder `$GAMEDAY_SHARED`, or `../shared`.
pub fn trace(name: &str) -> Option<PathBuf> {
    let folder = std::env::var("GAMEDAY_SHARED")
        .unwrap_or_else(|_| format!("{}/../shared", env!("CARGO_MANIFEST_DIR")));
    let path = PathBuf::from(folder).join("traces").join(name);
    if !path.exists() {
        skipped(
            "GAMEDAY_SHARED",
            &format!("{} is not there", path.display()),
        );
        return None;
    }
    Some(path)
}

/// `$GAMEDAY_PYTHON`, or python3, if it has a package.
pub fn python(package: &str) -> Option<Command> {
    let python = std::env::var("GAMEDAY_PYTHON").unwrap_or_else(|_| "python3".into());
    let found = Command::new(&python)
        .args(["-c", &format!("import {package}")])
        .output();
    if !found.is_ok_and(|found| found.status.success()) {
        skipped(
            "GAMEDAY_PYTHON",
            &format!("{python} has no package {package}"),
        );
        return None;
    }
    Some(Command::new(python))
}

/// A program: that of an environment variable, or one of this name on the path.
pub fn tool(variable: &str, name: &str) -> Option<PathBuf> {
    let program = std::env::var_os(variable).map_or_else(|| PathBuf::from(name), PathBuf::from);
    let found = Command::new(&program).arg("--version").output();
    if !found.is_ok_and(|found| found.status.success()) {
        skipped(variable, &format!("{} is not there", program.display()));
        return None;
    }
    Some(program)
}

/// `$GAMEDAY_CHROMIUM`, or chromium, if it is there.
pub fn chromium() -> Option<String> {
    let chromium = std::env::var("GAMEDAY_CHROMIUM").unwrap_or_else(|_| "chromium".into());
    let found = Command::new(&chromium).arg("--version").output();
    if !found.is_ok_and(|found| found.status.success()) {
        skipped("GAMEDAY_CHROMIUM", &format!("{chromium} does not run"));
        return None;
    }
    Some(chromium)
}
