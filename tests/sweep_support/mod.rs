//! What tests of sweeps share: a small incident, and the program run on it.

#![allow(dead_code, reason = "each test uses what it needs")]

use assert_cmd::Command;
use gameday::experiments::sweep::Base;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// A queue before some workers: M/M/c/K, with its load and length.
pub fn shop(rate: u32, seconds: u32, workers: u32, limit: u32) -> String {
    format!(
        r#"
schema = 1
title  = "A queue for {workers} workers"
seed   = 7

[trace]
arrivals = {{ kind = "poisson", rate = "{rate}/s" }}
duration = "{seconds}s"
tenants  = {{ count = 4 }}
users    = {{ count = 5 }}

[service]
compute = {{ kind = "exponential", mean = "100ms" }}
queue   = {{ kind = "fifo", workers = {workers}, limit = {limit} }}

[gates]
shed    = "shed_rate < 1%"
latency = "latency p(95) < 600ms"
"#
    )
}

/// The incident of a text, as a sweep reads it.
pub fn base(text: &str) -> Base {
    Base {
        path: PathBuf::from("shop.toml"),
        text: text.into(),
        overlay: Default::default(),
        overrides: Default::default(),
    }
}

/// A folder with `shop.toml` in it.
pub fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("shop.toml"), text).unwrap();
    folder
}

/// Runs the program in a folder: exit code, standard output, standard error.
pub fn gameday(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let out = Command::cargo_bin("gameday")
        .unwrap()
        .current_dir(folder)
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        out.status.code().unwrap_or(-1),
        text(&out.stdout),
        text(&out.stderr),
    )
}

/// Runs it, and wants it to succeed.
#[track_caller]
pub fn done(folder: &Path, args: &[&str]) -> (String, String) {
    let (code, out, err) = gameday(folder, args);
    assert_eq!(code, 0, "{args:?}\n{out}{err}");
    (out, err)
}

/// Runs it, and wants it to refuse: exit code 2, and what it says.
#[track_caller]
pub fn refused(folder: &Path, args: &[&str]) -> String {
    let (code, out, err) = gameday(folder, args);
    assert_eq!(code, 2, "{args:?}\n{out}{err}");
    assert_eq!(out, "", "{args:?}");
    err
}

/// Names and bytes of a folder's files, without shards.
pub fn results(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with("shard-") {
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    files
}
