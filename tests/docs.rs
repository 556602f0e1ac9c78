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
fn the_reference_page_is_what_the_program_prints() {
    let out = Command::cargo_bin("gameday")
        .unwrap()
        .args(["schema", "--format", "markdown"])
        .output()
        .unwrap();
    assert!(out.status.success());
    let page = std::fs::read_to_string("docs/reference.md").unwrap();
    let printed = String::from_utf8(out.stdout).unwrap();
    let differs = page.lines().zip(printed.lines()).find(|(a, b)| a != b);
    assert!(
        page == printed,
        "gameday schema --format markdown > docs/reference.md\n{differs:?}"
    );
    // Whatever it links to is on it.
    for link in page.split("](#").skip(1) {
        let to = link.split(')').next().unwrap();
        assert!(page.contains(&format!("<a id=\"{to}\"></a>")), "{to}");
    }
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
    assert_eq!(rows.len(), 21);
    for (number, row) in (1..=20).chain([26]).zip(&rows) {
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

/// Doc comments name commands that answer the follow-ups of a question: incidents and variants that are there.
#[test]
fn the_commands_that_module_docs_name_can_be_given() {
    let mut seen = 0;
    for entry in walkdir::WalkDir::new("src")
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "rs"))
    {
        let source = std::fs::read_to_string(entry.path()).unwrap();
        let docs: Vec<&str> = source
            .lines()
            .filter_map(|line| line.trim().strip_prefix("//!"))
            .collect();
        let docs = docs.join(" ");
        let words = docs.split([' ', '`']).filter(|word| !word.is_empty());
        let words: Vec<&str> = words.collect();
        for (at, word) in words.iter().enumerate() {
            let name = word.trim_end_matches(|c: char| !c.is_alphanumeric());
            let Some(number) = name.strip_prefix("incident-") else {
                continue;
            };
            if number.len() != 2 || !number.bytes().all(|b| b.is_ascii_digit()) {
                continue;
            }
            let text = std::fs::read_to_string(format!("incidents/{name}.toml"));
            let text = text.unwrap_or_else(|_| panic!("{}: {name}", entry.path().display()));
            if words.get(at + 1) == Some(&"--variant") {
                let variant = words[at + 2].trim_end_matches(|c: char| !c.is_alphanumeric());
                assert!(
                    text.contains(&format!("[variant.{variant}]")),
                    "{}: {name} --variant {variant}",
                    entry.path().display()
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 15, "{seen}");
}
