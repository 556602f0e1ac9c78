//! What the documentation shows is run.

use assert_cmd::Command;

#[test]
fn the_incident_in_the_documentation_comes_to_what_it_expects() {
    let page = std::fs::read_to_string("docs/incidents.md").unwrap();
    let toml = page
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.toml");
    std::fs::write(&file, toml).unwrap();
    let out = Command::cargo_bin("gameday")
        .unwrap()
        .args(["gate", "--expect"])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(
        out.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&out.stderr)
    );
}

#[test]
fn what_the_page_of_components_names_is_there() {
    let sources: Vec<String> = ["src", "tests"]
        .into_iter()
        .flat_map(walkdir::WalkDir::new)
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "rs"))
        .map(|entry| std::fs::read_to_string(entry.path()).unwrap())
        .collect();
    let page = std::fs::read_to_string("docs/components.md").unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| Q"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 20);
    for (number, row) in (1..).zip(&rows) {
        let [_, question, component, _, drill, test, _] = row[..] else {
            panic!("{row:?}");
        };
        assert!(question.starts_with(&format!("Q{number} ")), "{question}");
        for folder in component.split('`').filter(|part| part.contains('/')) {
            let folder = format!("src/{folder}");
            assert!(std::path::Path::new(&folder).is_dir(), "{folder}");
        }
        let incident = format!("incidents/incident-{drill}.toml");
        let incident = std::fs::read_to_string(incident).unwrap();
        assert!(incident.contains("[variant.sound]"), "{drill}");
        let test = format!("fn {}(", test.trim_matches('`'));
        assert!(sources.iter().any(|s| s.contains(&test)), "{test}");
    }
}
