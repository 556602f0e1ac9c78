//! Where an incident is found: a path, the folder `incidents/`, or those that ship with the program.

use crate::config::{Refusal, suggestion};
use std::path::{Path, PathBuf};

/// Incidents that ship with the program: name and text.
pub const SHIPPED: &[(&str, &str)] = &[
    (
        "incident-01",
        include_str!("../../incidents/incident-01.toml"),
    ),
    (
        "incident-02",
        include_str!("../../incidents/incident-02.toml"),
    ),
    (
        "incident-03",
        include_str!("../../incidents/incident-03.toml"),
    ),
    (
        "incident-04",
        include_str!("../../incidents/incident-04.toml"),
    ),
    (
        "incident-05",
        include_str!("../../incidents/incident-05.toml"),
    ),
    (
        "incident-06",
        include_str!("../../incidents/incident-06.toml"),
    ),
    (
        "incident-07",
        include_str!("../../incidents/incident-07.toml"),
    ),
    (
        "incident-08",
        include_str!("../../incidents/incident-08.toml"),
    ),
    (
        "incident-09",
        include_str!("../../incidents/incident-09.toml"),
    ),
    (
        "incident-10",
        include_str!("../../incidents/incident-10.toml"),
    ),
    (
        "incident-11",
        include_str!("../../incidents/incident-11.toml"),
    ),
    (
        "incident-12",
        include_str!("../../incidents/incident-12.toml"),
    ),
    (
        "incident-13",
        include_str!("../../incidents/incident-13.toml"),
    ),
    (
        "incident-14",
        include_str!("../../incidents/incident-14.toml"),
    ),
    (
        "incident-15",
        include_str!("../../incidents/incident-15.toml"),
    ),
    (
        "incident-16",
        include_str!("../../incidents/incident-16.toml"),
    ),
    (
        "incident-17",
        include_str!("../../incidents/incident-17.toml"),
    ),
    (
        "incident-18",
        include_str!("../../incidents/incident-18.toml"),
    ),
    (
        "incident-19",
        include_str!("../../incidents/incident-19.toml"),
    ),
    (
        "incident-20",
        include_str!("../../incidents/incident-20.toml"),
    ),
    (
        "incident-21",
        include_str!("../../incidents/incident-21.toml"),
    ),
    (
        "incident-22",
        include_str!("../../incidents/incident-22.toml"),
    ),
    (
        "incident-23",
        include_str!("../../incidents/incident-23.toml"),
    ),
    (
        "incident-24",
        include_str!("../../incidents/incident-24.toml"),
    ),
    (
        "incident-25",
        include_str!("../../incidents/incident-25.toml"),
    ),
    (
        "incident-26",
        include_str!("../../incidents/incident-26.toml"),
    ),
    (
        "incident-27",
        include_str!("../../incidents/incident-27.toml"),
    ),
    (
        "incident-28",
        include_str!("../../incidents/incident-28.toml"),
    ),
    (
        "incident-29",
        include_str!("../../incidents/incident-29.toml"),
    ),
    (
        "incident-30",
        include_str!("../../incidents/incident-30.toml"),
    ),
];

/// The text of an incident, and the path that refusals name.
///
/// # Errors
/// When there is no such incident, or it cannot be read.
pub fn incident(name: &str) -> Result<(PathBuf, String), Refusal> {
    let in_folder = Path::new("incidents").join(format!("{name}.toml"));
    for path in [Path::new(name), in_folder.as_path()] {
        if path.is_file() {
            let text = std::fs::read_to_string(path)
                .map_err(|e| Refusal::file(path.display(), format!("cannot be read: {e}")))?;
            return Ok((path.into(), text));
        }
    }
    if let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
        return Ok((in_folder, (*text).into()));
    }
    let mut known: Vec<String> = SHIPPED.iter().map(|(n, _)| (*n).to_string()).collect();
    for entry in std::fs::read_dir("incidents")
        .into_iter()
        .flatten()
        .flatten()
    {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "toml")
            && let Some(stem) = path.file_stem()
        {
            known.push(stem.to_string_lossy().into_owned());
        }
    }
    known.sort();
    known.dedup();
    Err(Refusal::new(format!("there is no incident \"{name}\""))
        .help(suggestion(name, known.iter().map(String::as_str))))
}

/// Whether a path is a recording rather than an incident.
pub fn is_recording(path: &str) -> bool {
    let folder = Path::new(path);
    let holds = |name: &str| folder.join(name).is_file();
    folder.is_dir()
        && (holds("recording.json")
            || ["parquet", "csv", "jsonl"]
                .iter()
                .any(|end| holds(&format!("requests.{end}"))))
}
