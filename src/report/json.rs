//! `summary.json`: what a run came to, for machines. Versioned; keys come in one fixed order.
//!
//! ```text
//! schema              1; grows when a key changes its meaning or goes away, not when one is added
//! incident variant question title          as in the file; null where it has none
//! seed digest                              seed null of a recording; digest as hexadecimal text
//! requests_replayed tries background_requests    counts
//! virtual_ns          length of the run
//! recovery_ns         from the last step of the fix until recovered; null: never, or no fix
//! verdict             pass | breach | no_data over all gates; null without gates
//! diagnosis_agrees    whether the diagnosis names what [expect] expects; null without [expect], or without rows
//! phases[]            name, from_ns, to_ns, indicators { name: number | null } for the whole catalogue
//! units               { indicator: ns | fraction | count | per_second | ratio }
//! moved               what moved since the baseline: baseline, identical, tolerance, phases[], moved[]; null without one
//! gates[]             gate, expression, phase, verdict, detail
//! diagnosis           summary, onset, symptoms[], causes[], segments[], tail[], notes[], cleared[], also[], second[], facts[],
//!                     limits[]; times in ns
//! truth               phases[], entries[], causes[], recovery_time; times in ns
//! trace               name, format, origin_ns, captured[], filled { field: how }, skipped_lines
//! rows_kept_bytes     null when rows were not kept
//! reproduce           the command line
//! ```
//!
//! The same as a JSON Schema, with every key of every part: `summary_schema`, and docs/summary.schema.json.
//!
//! `null` is "no data", never zero. Numbers are written shortest, so equal runs give equal bytes.

use super::Findings;
use crate::indicators::{Unit, catalogue};
use serde_json::{Map, Value, json};

/// The version of the layout above.
pub const SCHEMA: u32 = 1;

/// The summary of a run.
pub fn summary(findings: &Findings) -> Value {
    let f = findings;
    json!({
        "schema": SCHEMA,
        "incident": f.incident,
        "variant": f.variant,
        "question": f.question,
        "title": f.title,
        "seed": f.seed,
        "digest": f.digest,
        "requests_replayed": f.requests_replayed,
        "tries": f.tries,
        "background_requests": f.background,
        "virtual_ns": f.virtual_length,
        "recovery_ns": f.truth.recovery_time,
        "verdict": f.verdict(),
        "diagnosis_agrees": f.diagnosis_agrees(),
        "phases": phases(f),
        "units": units(),
        "gates": f.judgements,
        "moved": f.moved,
        "diagnosis": f.diagnosis,
        "truth": f.truth,
        "trace": trace(f),
        "rows_kept_bytes": f.recording.map(|_| f.bytes_kept),
        "reproduce": f.reproduce,
    })
}

/// The summary as it stands in its file.
pub fn render(findings: &Findings) -> String {
    format!("{:#}\n", summary(findings))
}

fn phases(f: &Findings) -> Vec<Value> {
    let values = |from: u64, to: u64| -> Map<String, Value> {
        let value = |i| number(f.value_over(i, from, to));
        catalogue().map(|i| (i.name.to_owned(), value(i))).collect()
    };
    let phase = |p: &crate::incident::Phase| json!({ "name": p.name, "from_ns": p.from, "to_ns": p.to, "indicators": values(p.from, p.to) });
    f.phases().iter().map(phase).collect()
}

/// Whole numbers without a fraction: `41200000`, not `41200000.0`.
fn number(value: Option<f64>) -> Value {
    match value {
        Some(v) if v.fract() == 0.0 && v.abs() < 9e15 => json!(v as i64),
        Some(v) => json!(v),
        None => Value::Null,
    }
}

fn units() -> Map<String, Value> {
    catalogue()
        .map(|i| (i.name.to_owned(), json!(unit(i.unit))))
        .collect()
}

/// The word of a unit.
pub(super) fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Nanos => "ns",
        Unit::Fraction => "fraction",
        Unit::Count => "count",
        Unit::PerSecond => "per_second",
        Unit::Ratio => "ratio",
    }
}

fn trace(f: &Findings) -> Value {
    let filled: Map<String, Value> = f
        .trace
        .filled
        .iter()
        .map(|(k, v)| ((*k).to_owned(), json!(v)))
        .collect();
    json!({
        "name": f.trace.name,
        "format": f.trace.format,
        "origin_ns": f.trace.origin,
        "captured": f.trace.captured,
        "filled": filled,
        "skipped_lines": f.trace.skipped_lines,
    })
}
