//! `recording.json`: what a folder of tables says about itself. A recording made elsewhere may lack it.

use super::super::{Dictionaries, Meaning, Recording, Row, SCHEMA, Table};
use super::SaveFormat;
use super::layout::{file_name, fingerprint, kind, recorded};
use crate::config::Refusal;
use serde_json::{Value, json};
use std::path::Path;
use xxhash_rust::xxh3::Xxh3;

/// Its name in the folder.
pub(super) const NAME: &str = "recording.json";

/// What a manifest says.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    pub origin: Option<i64>,
    pub span: Option<u64>,
    /// Rows of each table, by name.
    pub rows: Vec<(String, u64)>,
    /// Names of the columns of each table, by name.
    pub columns: Vec<(String, Vec<String>)>,
    /// Dictionaries, in order of their numbers.
    pub names: Dictionaries,
    pub digest: Option<String>,
}

/// Digest of what the tables say: of values, not of files, so that it is the same in every format.
pub fn digest(recording: &Recording) -> String {
    let mut hasher = Xxh3::new();
    fn table<R: Row>(hasher: &mut Xxh3, table: &Table<R>, names: &Dictionaries) {
        hasher.update(R::TABLE.as_bytes());
        hasher.update(&(table.len() as u64).to_le_bytes());
        for (column, spec) in recorded(table) {
            // An empty table need not be there.
            if table.is_empty() {
                break;
            }
            hasher.update(spec.name.as_bytes());
            // A call for eight bytes costs more than the eight bytes.
            let mut bytes = [0; 8 * 512];
            for start in (0..table.len()).step_by(512) {
                let rows = start..table.len().min(start + 512);
                let (n, mut places) = (8 * rows.len(), bytes.chunks_exact_mut(8));
                for (row, place) in rows.zip(&mut places) {
                    let word = fingerprint(spec.meaning, table.value(column, row), names);
                    place.copy_from_slice(&word.to_le_bytes());
                }
                hasher.update(&bytes[..n]);
            }
        }
    }
    table(&mut hasher, &recording.requests, &recording.names);
    table(&mut hasher, &recording.attempts, &recording.names);
    table(&mut hasher, &recording.gauges, &recording.names);
    table(&mut hasher, &recording.events, &recording.names);
    table(&mut hasher, &recording.writes, &recording.names);
    format!("{:016x}", hasher.digest())
}

/// The manifest of a recording as text.
pub(super) fn write(recording: &Recording, format: SaveFormat) -> String {
    fn table<R: Row>(table: &Table<R>, format: SaveFormat) -> Value {
        let columns: Vec<Value> = recorded(table)
            .into_iter()
            .map(|(_, spec)| json!({ "name": file_name(spec), "holds": kind(spec.meaning), "doc": spec.doc }))
            .collect();
        json!({ "file": format!("{}.{}", R::TABLE, format.extension()), "rows": table.len(), "columns": columns })
    }
    let names: serde_json::Map<String, Value> = recording
        .names
        .iter()
        .map(|(dictionary, names)| {
            let names: Vec<&str> = names.iter().skip(1).collect();
            ((*dictionary).to_string(), json!(names))
        })
        .collect();
    let mut manifest = json!({
        "format": "gameday-recording",
        "schema": SCHEMA,
        "origin_ns": recording.origin,
        "span_ns": recording.span,
        "content_digest": digest(recording),
        "tables": {
            "requests": table(&recording.requests, format),
            "attempts": table(&recording.attempts, format),
            "gauges": table(&recording.gauges, format),
            "events": table(&recording.events, format),
        },
        "names": names,
    });
    if !recording.writes.is_empty() {
        manifest["tables"]["writes"] = table(&recording.writes, format);
    }
    format!("{manifest:#}\n")
}

/// Reads a manifest.
///
/// # Errors
/// What is no manifest of ours, or of a later version.
pub(super) fn read(path: &Path) -> Result<Manifest, Refusal> {
    let text = std::fs::read_to_string(path).map_err(|e| super::unreadable(path, e))?;
    let root: Value = serde_json::from_str(&text).map_err(|e| {
        let line = text.lines().nth(e.line().saturating_sub(1)).unwrap_or("");
        let excerpt: String = line
            .chars()
            .skip(e.column().saturating_sub(1))
            .take(60)
            .collect();
        Refusal::line(
            path.display(),
            e.line() as u64,
            e.column().max(1) as u64,
            excerpt,
            1,
            "this is not JSON",
        )
    })?;
    let wrong = |message: &str| Refusal::file(path.display(), message);
    if root["format"] != "gameday-recording" {
        return Err(wrong("is not the description of a recording")
            .help("\"format\" is \"gameday-recording\""));
    }
    let schema = root["schema"].as_u64();
    if schema != Some(u64::from(SCHEMA)) {
        return Err(wrong(&format!("has schema {}", root["schema"]))
            .help(format!("this version reads schema {SCHEMA}")));
    }
    let mut names = Dictionaries::default();
    let all = [
        super::super::RequestRow::COLUMNS,
        super::super::AttemptRow::COLUMNS,
        super::super::GaugeRow::COLUMNS,
        super::super::EventRow::COLUMNS,
        super::super::WriteRow::COLUMNS,
    ];
    let known = all.into_iter().flatten().filter_map(|c| match c.meaning {
        Meaning::Name(dictionary) => Some(dictionary),
        _ => None,
    });
    let known: Vec<&'static str> = known.collect();
    // In the order of the file, which is that of the recording.
    for (dictionary, list) in root["names"].as_object().into_iter().flatten() {
        let Some(dictionary) = known.iter().find(|known| *known == dictionary) else {
            continue;
        };
        let of = names.entry(*dictionary).or_default();
        for name in list.as_array().into_iter().flatten() {
            of.number(
                name.as_str()
                    .ok_or_else(|| wrong(&format!("a name of {dictionary} is no text")))?,
            );
        }
    }
    let tables = || root["tables"].as_object().into_iter().flatten();
    let rows = tables().filter_map(|(table, of)| Some((table.clone(), of["rows"].as_u64()?)));
    let columns = tables().map(|(table, of)| {
        let columns = of["columns"].as_array().into_iter().flatten();
        let names = columns.filter_map(|column| column["name"].as_str().map(str::to_string));
        (table.clone(), names.collect())
    });
    Ok(Manifest {
        origin: root["origin_ns"].as_i64(),
        span: root["span_ns"].as_u64(),
        rows: rows.collect(),
        columns: columns.collect(),
        names,
        digest: root["content_digest"].as_str().map(str::to_string),
    })
}
