//! The pipelines of `examples/ci`: they are YAML, and what they call is what the program takes.

mod provided;

use std::{fs, path::Path, process::Command};

/// Every job's gate, as a reader of others finds it in the file.
const READ: &str = "import sys, yaml, json
def steps(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ('run', 'script', 'before_script'):
                yield from value if isinstance(value, list) else [value]
            else:
                yield from steps(value)
    elif isinstance(node, list):
        for value in node:
            yield from steps(value)
print(json.dumps(list(steps(yaml.safe_load(open(sys.argv[1]))))))";

/// What a checkout of a user's repository has in it.
const CHECKOUT: &str = r#"
schema = 1
title = "checkout"
seed = 1
[trace]
arrivals = { kind = "poisson", rate = "50/s" }
duration = "2m"
[service]
compute = "5ms"
call = { dependency = "db" }
[dependency.db]
latency = { kind = "lognormal", p50 = "20ms", p99 = "80ms" }
[[timeline]]
at = "40%"
fault = { kind = "latency", target = "db", percentage = 10, latency = "20ms" }
[gates]
latency = "latency p(95) < 2x baseline"
"#;

fn gates_of(file: &Path) -> Option<Vec<String>> {
    let output = provided::python("yaml")?
        .args(["-c", READ])
        .arg(file)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let steps: Vec<String> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{}: {e}: {complaint}", file.display()));
    Some(
        steps
            .into_iter()
            .filter(|step| step.starts_with("gameday gate "))
            .collect(),
    )
}

#[test]
fn the_gates_of_the_pipelines_pass_and_fail_as_they_say() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci");
    let gameday = assert_cmd::cargo::cargo_bin("gameday");
    let path = format!(
        "{}:{}",
        gameday.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    for name in ["github.yml", "gitlab.yml"] {
        let Some(gates) = gates_of(&examples.join(name)) else {
            return;
        };
        let [gate] = &gates[..] else {
            panic!("{name}: {gates:?}")
        };
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("incidents")).unwrap();
        fs::write(place.path().join("incidents/checkout.toml"), CHECKOUT).unwrap();
        let run = |script: &str| {
            let mut sh = Command::new("sh");
            sh.current_dir(place.path())
                .args(["-ec", script])
                .env("PATH", &path);
            sh.env("INCIDENT", "incidents/checkout.toml");
            sh.env("GITHUB_STEP_SUMMARY", place.path().join("summary.md"));
            let output = sh.output().unwrap();
            let said = [output.stdout, output.stderr].concat();
            (
                output.status.code(),
                String::from_utf8_lossy(&said).into_owned(),
            )
        };
        let (code, said) = run(gate);
        assert_eq!(code, Some(2), "no baseline is committed: {said}");
        assert!(said.contains("--update-baseline"), "{said}");
        let (code, said) = run("gameday gate incidents/checkout.toml --update-baseline");
        assert_eq!(code, Some(0), "{said}");
        assert!(place.path().join("baselines/checkout.json").is_file());
        let (code, said) = run(gate);
        assert_eq!(code, Some(0), "{name}: {said}");
        assert!(place.path().join("reports/checkout/junit.xml").is_file());
        assert_eq!(
            place.path().join("summary.md").is_file(),
            name == "github.yml"
        );
        // Somebody makes it slower, within the gates of the file.
        let (code, said) = run(&format!("{gate} --set service.compute=9ms"));
        assert_eq!(code, Some(1), "{name}: {said}");
    }
}
