//! What tests of exports share: a run in which everything happens, and readers in Python.

#![allow(dead_code, reason = "each test uses what it needs")]

use super::replay_support::replay;
use gameday::incident::Run;
use std::{fs, path::PathBuf, process::Command};

/// A service with a queue, a pool, retries, calls side by side, and clients that leave.
const BUSY: &str = r#"
schema = 1
title = "a \"busy\" service"
seed = 5
[trace]
arrivals = { kind = "poisson", rate = "60/s" }
duration = "60s"
tenants = { "a\\b" = 3, acme = 1 }
[clients]
patience = "900ms"
retry = { max = 2, after = "100ms" }
[service]
replicas = 2
compute = "2ms"
queue = { kind = "fifo", workers = 6, limit = 40 }
fan_out = { parallel = 3, need = "2 of 3" }
call = [
    { dependency = "llm", timeout = "700ms", retry = { max = 2, backoff = "20ms" } },
    { name = "again", dependency = "llm" },
    { dependency = "db", after = ["llm"] },
]
[dependency.llm]
latency = { kind = "lognormal", p50 = "80ms", p99 = "600ms" }
error_rate = "5%"
pool = 5
[dependency.db]
latency = "5ms"
connect = "3ms"
[[timeline]]
at = "40%"
deploy = "v2"
set = { "service.compute" = "9ms" }
"#;

pub fn busy() -> Run {
    replay(BUSY)
}

pub fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name)
}

/// Runs Python on a file, and gives what it printed.
pub fn python(mut python: Command, name: &str, text: &str, rest: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, text).unwrap();
    let output = python
        .arg(script(name))
        .arg(&file)
        .args(rest)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
