//! The file of a baseline: JSON, one value a line, so that a change of it is read in a diff.

use super::{Baseline, Of, Phase, SCHEMA, histogram};
use crate::config::Refusal;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use std::path::Path;

/// What tells it from other JSON.
const FORMAT: &str = "gameday-baseline";

/// Writes it, under another name first. What stands at the path already is replaced only if it is a baseline.
///
/// # Errors
/// Another file in its place, a disk that refuses.
pub fn write(baseline: &Baseline, path: &Path) -> Result<(), Refusal> {
    let cannot =
        |e: std::io::Error| Refusal::file(path.display(), format!("cannot be written: {e}"));
    if path.exists() && read(path).is_err() && !is_one(path) {
        return Err(
            Refusal::file(path.display(), "is there already, and no baseline")
                .help("name a file that is not there, or that holds a baseline"),
        );
    }
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(cannot)?;
    }
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    std::fs::write(&new, format!("{:#}\n", text(baseline)))
        .and_then(|()| std::fs::rename(&new, path))
        .map_err(|e| {
            // What cannot be removed now is in nobody's way.
            let _ = std::fs::remove_file(&new);
            cannot(e)
        })
}

/// Whether it says that it is a baseline, of whatever version, whole or not.
fn is_one(path: &Path) -> bool {
    std::fs::read_to_string(path)
        .is_ok_and(|text| text.contains(&format!("\"format\": \"{FORMAT}\"")))
}

/// Whole numbers without a fraction.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        json!(value as i64)
    } else {
        json!(value)
    }
}

fn numbers(values: &IndexMap<String, f64>) -> Map<String, Value> {
    values
        .iter()
        .map(|(k, v)| (k.clone(), number(*v)))
        .collect()
}

fn text(baseline: &Baseline) -> Value {
    let phase = |phase: &Phase| {
        let histograms: Map<String, Value> = phase
            .histograms
            .iter()
            .map(|(stage, h)| (stage.clone(), json!(histogram::write(h))))
            .collect();
        json!({
            "name": phase.name,
            "from_ns": phase.from,
            "to_ns": phase.to,
            "gates": numbers(&phase.gates),
            "indicators": numbers(&phase.indicators),
            "histograms": histograms,
        })
    };
    let of = &baseline.of;
    json!({
        "format": FORMAT,
        "schema": SCHEMA,
        "incident": of.incident,
        "variant": of.variant,
        "seed": of.seed,
        "trace": of.trace,
        "length_ns": of.length,
        "digest": baseline.digest,
        "scalars": numbers(&baseline.scalars),
        "phases": baseline.phases.iter().map(phase).collect::<Vec<_>>(),
    })
}

/// Reads one.
///
/// # Errors
/// What is no baseline, or of another version, with the place.
pub fn read(path: &Path) -> Result<Baseline, Refusal> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Refusal::file(path.display(), format!("cannot be read: {e}")))?;
    let root: Value = serde_json::from_str(&text).map_err(|e| {
        let (line, column) = (e.line().max(1), e.column().max(1));
        let excerpt = text.lines().nth(line - 1).unwrap_or("");
        let excerpt: String = excerpt.chars().skip(column - 1).take(60).collect();
        let (line, column) = (line as u64, column as u64);
        Refusal::line(path.display(), line, column, excerpt, 1, "this is not JSON")
            .help("write the baseline anew: gameday gate ... --update-baseline")
    })?;
    of_json(&root).map_err(|why| {
        Refusal::file(path.display(), why)
            .help("write the baseline anew: gameday gate ... --update-baseline")
    })
}

fn of_json(root: &Value) -> Result<Baseline, String> {
    if root["format"] != FORMAT {
        return Err(format!("is no baseline: \"format\" is not \"{FORMAT}\""));
    }
    if root["schema"] != SCHEMA {
        return Err(format!(
            "has schema {}, and this version reads schema {SCHEMA}",
            root["schema"]
        ));
    }
    let phases = root["phases"].as_array();
    let phases = phases.ok_or("\"phases\" is no list")?;
    Ok(Baseline {
        of: Of {
            incident: word(root, "incident")?,
            variant: match &root["variant"] {
                Value::Null => None,
                _ => Some(word(root, "variant")?),
            },
            seed: whole(root, "seed")?,
            trace: word(root, "trace")?,
            length: whole(root, "length_ns")?,
        },
        digest: word(root, "digest")?,
        scalars: values(root, "scalars")?,
        phases: phases.iter().map(phase).collect::<Result<_, _>>()?,
    })
}

fn phase(of: &Value) -> Result<Phase, String> {
    let name = word(of, "name")?;
    let inside = |why: String| format!("phase {name}: {why}");
    let phase = || {
        let (from, to) = (whole(of, "from_ns")?, whole(of, "to_ns")?);
        if to < from {
            return Err("ends before it begins".to_string());
        }
        let table = of["histograms"].as_object();
        let table = table.ok_or("\"histograms\" is no table")?;
        let read = |(stage, text): (&String, &Value)| {
            let histogram = text.as_str().and_then(histogram::read);
            let histogram =
                histogram.ok_or_else(|| format!("the histogram of {stage} cannot be read"))?;
            Ok((stage.clone(), histogram))
        };
        Ok(Phase {
            name: name.clone(),
            from,
            to,
            gates: values(of, "gates")?,
            indicators: values(of, "indicators")?,
            histograms: table.iter().map(read).collect::<Result<_, String>>()?,
        })
    };
    phase().map_err(inside)
}

fn word(of: &Value, key: &str) -> Result<String, String> {
    let text = of[key].as_str().map(str::to_string);
    text.ok_or_else(|| format!("\"{key}\" is no text: {}", of[key]))
}

fn whole(of: &Value, key: &str) -> Result<u64, String> {
    of[key]
        .as_u64()
        .ok_or_else(|| format!("\"{key}\" is no whole number: {}", of[key]))
}

fn values(of: &Value, key: &str) -> Result<IndexMap<String, f64>, String> {
    let table = of[key].as_object();
    let table = table.ok_or_else(|| format!("\"{key}\" is no table: {}", of[key]))?;
    let value = |(name, value): (&String, &Value)| {
        let number = value.as_f64();
        let number = number.ok_or_else(|| format!("\"{name}\" is no number: {value}"))?;
        Ok((name.clone(), number))
    };
    table.iter().map(value).collect()
}
