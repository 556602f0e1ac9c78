//! The examples for schedulers are run as they stand: their command lines by a shell, with the scheduler's variables set, on a small
//! incident in place of the one they name.

mod sweep_support;

use std::{collections::BTreeMap, fs, path::Path, process::Command};
use sweep_support::results;

/// What stands in for incident-30: the same paths, two seconds of traffic.
const SMALL: &str = r#"
schema = 1
title  = "Retries"
seed   = 30

[trace]
arrivals = { kind = "poisson", rate = "20/s" }
duration = "2s"
tenants  = { acme = 1 }
users    = { count = 8 }
contents = { count = 20 }

[service]
call = { dependency = "db", timeout = "1s", retry = { max = 3, backoff = "50ms" } }

[dependency.db]
latency = { kind = "lognormal", p50 = "160ms", p99 = "400ms" }
workers = 10

[gates]
goodput = "success_rate > 75%"
storm   = "retry.amplification < 2"
"#;

fn example(path: &str) -> String {
    fs::read_to_string(format!("examples/{path}")).unwrap()
}

fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("incidents")).unwrap();
    fs::write(folder.path().join("incidents/incident-30.toml"), SMALL).unwrap();
    folder
}

/// Runs a line, or a script, with a shell that finds the program.
#[track_caller]
fn shell(folder: &Path, script: &str, variables: &[(&str, String)]) {
    let program = assert_cmd::cargo::cargo_bin("gameday");
    let own = program.parent().unwrap().display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let out = Command::new("bash")
        .arg("-c")
        .arg(script)
        .current_dir(folder)
        .env("PATH", format!("{own}:{path}"))
        .envs(variables.iter().map(|(n, v)| (*n, v.as_str())))
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{script}\n{}",
        String::from_utf8_lossy(&out.stderr)
    );
}

/// The folded texts (`>-`) of a YAML file: lines that are further in than the line before them, joined by spaces.
fn folded(yaml: &str) -> Vec<String> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut texts = vec![];
    let mut lines = yaml.lines().peekable();
    while let Some(line) = lines.next() {
        if !line.ends_with(">-") {
            continue;
        }
        let mut text = vec![];
        while let Some(next) = lines.next_if(|next| depth(next) > depth(line)) {
            text.push(next.trim());
        }
        texts.push(text.join(" "));
    }
    texts
}

/// What is after a key on its only line.
#[track_caller]
fn value<'a>(text: &'a str, key: &str) -> &'a str {
    let mut found = text.lines().filter_map(|l| l.trim().strip_prefix(key));
    let value = found.next().unwrap_or_else(|| panic!("no {key}"));
    assert_eq!(found.next(), None, "{key} twice");
    value.trim()
}

fn merged(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = results(&folder.join("sweeps/retries"));
    assert!(files.contains_key("report.txt"), "{:?}", files.keys());
    files
}

#[test]
fn the_examples_for_three_schedulers_come_to_the_same_results() {
    // Kubernetes: an indexed Job.
    let kubernetes = place();
    let job = example("kubernetes/sweep.yaml");
    let [sweep] = &folded(&job)[..] else {
        panic!("{job}")
    };
    let n: u64 = value(&job, "completions:").parse().unwrap();
    assert_eq!(value(&job, "completionMode:"), "Indexed");
    for index in 0..n {
        shell(
            kubernetes.path(),
            sweep,
            &[("JOB_COMPLETION_INDEX", index.to_string())],
        );
    }
    let [merge] = &folded(&example("kubernetes/merge.yaml"))[..] else {
        panic!("no merge")
    };
    shell(kubernetes.path(), merge, &[]);

    // Slurm: an array.
    let slurm = place();
    let script = example("slurm/sweep.sbatch");
    let last: u64 = value(&script, "#SBATCH --array=0-").parse().unwrap();
    for index in 0..=last {
        let task = [
            ("SLURM_ARRAY_TASK_ID", index.to_string()),
            ("SLURM_ARRAY_TASK_COUNT", (last + 1).to_string()),
            ("SLURM_CPUS_PER_TASK", "2".to_string()),
        ];
        shell(slurm.path(), &script, &task);
    }
    shell(slurm.path(), &example("slurm/merge.sbatch"), &[]);

    // GitHub Actions: a matrix.
    let actions = place();
    let workflow = example("ci/sweep.yml");
    let [sweep, merge] = &folded(&workflow)[..] else {
        panic!("{workflow}")
    };
    let matrix = value(&workflow, "shard: [").trim_end_matches(']');
    for shard in matrix.split(',') {
        let line = sweep.replace("${{ matrix.shard }}", shard.trim());
        assert!(!line.contains("${{"), "{line}");
        shell(actions.path(), &line, &[]);
    }
    shell(actions.path(), merge, &[]);

    assert_eq!(merged(kubernetes.path()), merged(slurm.path()));
    assert_eq!(merged(kubernetes.path()), merged(actions.path()));
}

#[test]
fn yaml_is_indented_by_spaces_in_twos() {
    for path in [
        "kubernetes/sweep.yaml",
        "kubernetes/merge.yaml",
        "ci/sweep.yml",
    ] {
        let text = example(path);
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            let depth = line.len() - line.trim_start_matches(' ').len();
            assert!(!line.contains('\t') && depth % 2 == 0, "{path}: {line}");
        }
    }
}
