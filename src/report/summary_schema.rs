//! The JSON Schema of `summary.json`, for whoever reads it by a program: every key with its type, its unit and what it says.
//!
//! Open for keys to come, as the number `schema` of a summary does not grow with them; tests hold every key of summaries
//! that are written to it. Source: JSON Schema, draft 2020-12.

use super::json::{SCHEMA, unit};
use crate::baseline::Way;
use crate::gates::Verdict;
use crate::incident::{EntryKind, PhaseName};
use crate::indicators::{Indicator, catalogue};
use serde_json::{Map, Value, json};

/// A key: its name, whether it is always there, what it holds.
type Key = (&'static str, bool, Value);

/// The schema.
pub fn schema() -> Value {
    let mut whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "summary.json of Gameday",
        "description": "What a run came to. Times are virtual and in ns; null is \"no data\", never zero. Keys may be added without a new number in `schema`.",
    });
    let object = object(vec![
        always(
            "schema",
            json!({ "const": SCHEMA, "description": "Grows when a key changes its meaning or goes away." }),
        ),
        always(
            "incident",
            text("Name of the incident: its file without the ending."),
        ),
        always(
            "variant",
            or_null(text(
                "The variant that was laid over it, or a word for what was left out, such as healthy or no-fix.",
            )),
        ),
        always(
            "question",
            or_null(text("The question that the incident answers, such as Q24.")),
        ),
        always("title", text("As in the file.")),
        always(
            "seed",
            or_null(count(
                "The seed; null of a recording, which does not know it.",
            )),
        ),
        always(
            "digest",
            json!({ "type": "string", "pattern": "^[0-9a-f]+$", "description": "Digest of the run's recording: equal runs have equal ones." }),
        ),
        always(
            "requests_replayed",
            count("Operations of the trace. Retries of a client share one."),
        ),
        always("tries", count("Tries of clients.")),
        always(
            "background_requests",
            count("Requests of no user: warming, audits."),
        ),
        always("virtual_ns", count("Length of the run, ns.")),
        always(
            "recovery_ns",
            or_null(count(
                "From the last step of the fix until recovered, ns; null: never, or no fix.",
            )),
        ),
        always(
            "verdict",
            or_null(described(
                verdict(),
                "The worst over all gates; null without gates.",
            )),
        ),
        always(
            "diagnosis_agrees",
            json!({ "type": ["boolean", "null"], "description": "Whether the diagnosis names what [expect] expects; null without [expect], or without rows." }),
        ),
        always("phases", list(phase())),
        always("units", units()),
        always("gates", list(gate())),
        always("moved", or_null(moved())),
        always("diagnosis", diagnosis()),
        always("truth", truth()),
        always("trace", trace()),
        always(
            "rows_kept_bytes",
            or_null(count(
                "Memory that the recording's rows take; null when they were not kept.",
            )),
        ),
        always("reproduce", text("The command line that does it again.")),
    ]);
    merge(&mut whole, object);
    whole
}

fn phase() -> Value {
    let value = |i: &'static Indicator| {
        let holds = json!({ "type": ["number", "null"], "description": format!("{}, in {}.", i.doc, unit(i.unit)) });
        (i.name, true, holds)
    };
    object(vec![
        always("name", phase_name()),
        always("from_ns", count("Inclusive.")),
        always("to_ns", count("Exclusive.")),
        always("indicators", object(catalogue().map(value).collect())),
    ])
}

fn units() -> Value {
    let of = |i: &'static Indicator| (i.name, true, json!({ "const": unit(i.unit) }));
    let units = object(catalogue().map(of).collect());
    described(units, "What the numbers of `indicators` are counted in.")
}

fn gate() -> Value {
    object(vec![
        always("gate", text("Its name in the file.")),
        always("expression", text("As written.")),
        always("phase", text("The phase that it was held in.")),
        always("verdict", verdict()),
        always(
            "detail",
            text("The numbers that the verdict rests on, for people."),
        ),
    ])
}

fn moved() -> Value {
    let one = object(vec![
        always(
            "phase",
            text("The phase; run for what has one value a run."),
        ),
        always(
            "quantity",
            text("An indicator, a scalar, or what a gate writes."),
        ),
        always(
            "was",
            number("In the baseline, in the unit of the quantity."),
        ),
        always("is", number("In this run.")),
        always(
            "way",
            json!({ "enum": [Way::Breach, Way::Worse, Way::Better] }),
        ),
        always("gate", flag("Whether a gate of the file is about it.")),
    ]);
    let moved = object(vec![
        always("baseline", text("Where the baseline stands, for people.")),
        always(
            "identical",
            flag("Whether the recordings are the same to the byte."),
        ),
        always(
            "tolerance",
            number("Share by which a quantity may be worse."),
        ),
        always("phases", texts("Phases of either, in order, and run.")),
        always(
            "moved",
            described(
                list(one),
                "First what breaches, of it what gates are about, and the largest change first.",
            ),
        ),
    ]);
    described(
        moved,
        "What has moved since the baseline; null without one.",
    )
}

fn diagnosis() -> Value {
    let onset = object(vec![
        always("at", count("Most likely instant, ns.")),
        always("from", count("Start of an interval of about 95 %, ns.")),
        always("to", count("Its end, ns.")),
        always(
            "until",
            or_null(count("When the indicators were well again, ns.")),
        ),
        always("ramp", flag("A change over time instead of at once.")),
    ]);
    let symptom = object(vec![
        always("indicator", text("Its name.")),
        always("before", number("Its value before.")),
        always("during", number("Its value during.")),
        always("words", text("Both, for people.")),
    ]);
    let cause = object(vec![
        always(
            "cause",
            text("Its name in the catalogue (`gameday list causes`), or none-of-these."),
        ),
        always(
            "subject",
            or_null(text("What exactly, where the evidence names it.")),
        ),
        always("probability", number("Among the causes considered.")),
        always(
            "tied",
            flag("Same rank as its neighbour, within the noise."),
        ),
        always("evidence", texts("Numbers that speak for it.")),
        always("against", texts("Numbers that speak against it.")),
        always("containment", text("What stops the harm now.")),
        always("remedy", text("What cures it.")),
        always("next", text("What to look at next.")),
        always(
            "trigger",
            text("When an automated roll-back should have acted."),
        ),
    ]);
    let segment = object(vec![
        always("tag", text("The tag, such as tenant.")),
        always("value", text("Its value.")),
        always(
            "odds",
            number("How many times the odds of a bad request grew, beyond the others'."),
        ),
        always("share", number("Its share of requests.")),
        always("z", number("How sure: standard errors.")),
    ]);
    let share = json!({ "type": "array", "prefixItems": [{ "type": "string" }, { "type": ["number", "null"] }], "items": false, "minItems": 2 });
    let fact = object(vec![
        always("fact", text("Its name.")),
        always(
            "value",
            number("Differences of shares as shares, ratios as logarithms."),
        ),
        always("se", number("Its standard error.")),
    ]);
    object(vec![
        always(
            "summary",
            text("Whether there is an incident at all, in one sentence."),
        ),
        always("onset", or_null(onset)),
        always(
            "symptoms",
            described(list(symptom), "What moved, worst first."),
        ),
        always(
            "causes",
            described(list(cause), "The most probable first, at most five."),
        ),
        always(
            "segments",
            described(
                list(segment),
                "For whom it is worse than for the others; empty: for everybody alike.",
            ),
        ),
        always(
            "tail",
            described(
                list(share),
                "In which stage the tail grew, as shares of its growth, largest first.",
            ),
        ),
        always("notes", texts("Further sentences.")),
        always("cleared", texts("Changes that are not to blame, and why.")),
        always("also", texts("Other, smaller episodes.")),
        always(
            "second",
            texts("The first causes of other episodes, where they stand."),
        ),
        always(
            "facts",
            described(list(fact), "What the causes were weighed by."),
        ),
        always(
            "limits",
            texts("What the recording lacks, and what could therefore not be told."),
        ),
    ])
}

fn truth() -> Value {
    let phase = object(vec![
        always("name", phase_name()),
        always("from", count("ns, inclusive.")),
        always("to", count("ns, exclusive.")),
    ]);
    let kinds = [
        EntryKind::Change,
        EntryKind::Fault,
        EntryKind::Drift,
        EntryKind::Fix,
        EntryKind::Guard,
    ];
    let entry = object(vec![
        always("kind", json!({ "enum": kinds })),
        always("label", text("For people.")),
        always("at", count("ns.")),
        always("until", or_null(count("ns, of those that end."))),
        always("hits", count("Requests or calls that it touched.")),
    ]);
    let truth = object(vec![
        always("phases", list(phase)),
        always(
            "entries",
            described(list(entry), "The timeline as carried out."),
        ),
        (
            "onset",
            false,
            count("When the trouble began, ns, where that is not with the incident phase."),
        ),
        (
            "held_at",
            false,
            count(
                "When the gates held for a while after the fix, ns, of a run that did not recover.",
            ),
        ),
        always(
            "causes",
            or_null(texts(
                "Causes that a correct lab must find; none of them: no incident. null: nothing is expected.",
            )),
        ),
        always("recovery_time", or_null(count("As recovery_ns."))),
    ]);
    described(
        truth,
        "What only the lab knows. The diagnosis never saw it.",
    )
}

fn trace() -> Value {
    let filled = json!({ "type": "object", "additionalProperties": { "type": "string" }, "description": "Fields that were made up, each with how." });
    object(vec![
        always("name", text("The file, or what the generator is called.")),
        always("format", text("The format, or generated.")),
        always(
            "origin_ns",
            json!({ "type": ["integer", "null"], "description": "Real time of the start, ns since 1970." }),
        ),
        always("captured", texts("Fields that the file has.")),
        always("filled", filled),
        always(
            "skipped_lines",
            count("Lines of the file that were skipped."),
        ),
    ])
}

fn verdict() -> Value {
    json!({ "enum": [Verdict::Pass, Verdict::Breach, Verdict::NoData] })
}

fn phase_name() -> Value {
    use PhaseName::{Baseline, Incident, Recovered, Recovering, WarmUp};
    json!({ "enum": [WarmUp, Baseline, Incident, Recovering, Recovered] })
}

fn always(name: &'static str, holds: Value) -> Key {
    (name, true, holds)
}

fn object(keys: Vec<Key>) -> Value {
    let required: Vec<&str> = keys.iter().filter(|k| k.1).map(|k| k.0).collect();
    let required = json!(required);
    let properties: Map<String, Value> = keys
        .into_iter()
        .map(|(name, _, holds)| (name.to_owned(), holds))
        .collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn texts(description: &str) -> Value {
    described(list(json!({ "type": "string" })), description)
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn flag(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

/// Whole, and not below zero.
fn count(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": description })
}

/// What is no number is no data.
fn number(description: &str) -> Value {
    json!({ "type": ["number", "null"], "description": description })
}

fn or_null(holds: Value) -> Value {
    json!({ "anyOf": [{ "type": "null" }, holds] })
}

fn described(mut holds: Value, description: &str) -> Value {
    merge(&mut holds, json!({ "description": description }));
    holds
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}
