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
