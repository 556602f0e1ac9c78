//! The JSON Schema of incident files, put together from the tables that read them.

use super::{
    action::{ActionOptions, ControlOptions},
    file::{Expect, Registries, SCHEMA},
    game_day::GameDayOptions,
    guard::GuardOptions,
    timeline::EntryOptions,
};
use crate::{
    config::{Percent, Read},
    diagnosis, faults,
    service::{component_schema, component_schema_by, service_schemas},
    trace::TraceSpec,
};
use serde_json::{Map, Value, json};

/// The schema, with everything that these registries know.
pub fn schema(registries: &Registries) -> Value {
    let entries = json!({ "type": "array", "items": entry(registries) });
    let mut expect = Expect::schema();
    let causes: Vec<&str> = diagnosis::catalogue().iter().map(|c| c.id).collect();
    expect["properties"]["causes"]["items"] = json!({ "enum": causes });
    let all: Vec<&str> = diagnosis::catalogue::all()
        .map(|(known, _)| known.id)
        .collect();
    expect["properties"]["true_causes"]["items"] = json!({ "enum": all });
    expect["description"] =
        json!("What the run must come to; `gameday gate FILE --expect` holds it to it.");
    let text = |doc: &str| json!({ "type": "string", "description": doc });
    let mut own = Map::new();
    let mut put = |name: &str, schema: Value| own.insert(name.into(), schema);
    put(
        "schema",
        json!({ "const": SCHEMA, "description": "Version of the format of incident files." }),
    );
    put("title", text("What happens, in one line."));
    put(
        "story",
        text("The same in a few sentences: what changed, and what it did to users."),
    );
    put("question", text("What it answers."));
    put(
        "seed",
        json!({ "type": "integer", "minimum": 0, "default": "1", "description": "Seed of all dice." }),
    );
    let mut trace = TraceSpec::schema();
    trace["description"] = json!(
        "The traffic: a file or a generator, its shaping, who asks what; as a text, the path of a file."
    );
    put("trace", trace);
    let mut warm_up = Percent::schema();
    warm_up["default"] = json!("10%");
    warm_up["description"] = json!("Share of the trace that is left out of the baseline.");
    put("warm_up", warm_up);
    for (name, schema) in service_schemas(&registries.components) {
        put(name, schema);
    }
    for (name, doc) in [
        (
            "timeline",
            "What happens: deploys, faults, drifts and the like, an entry each.",
        ),
        (
            "fix",
            "What people do about it, step by step. Without it the incident phase lasts as long as what happens.",
        ),
    ] {
        let mut entries = entries.clone();
        entries["description"] = json!(doc);
        put(name, entries);
    }
    let mut guard = GuardOptions::schema();
    guard["properties"]["when"] =
        json!({ "type": "string", "description": guard["properties"]["when"]["description"] });
    let doc = guard["properties"]["window"]["description"].take();
    guard["properties"]["window"] = component_schema(&registries.components.windows, vec![]);
    guard["properties"]["window"]["description"] = doc;
    put(
        "guard",
        json!({ "type": "array", "description": "What acts by itself while a run goes on.", "items": guard.clone() }),
    );
    put(
        "gates",
        json!({ "type": "object", "description": "Thresholds by name.", "additionalProperties": text("A condition such as \"latency p(95) < 1.15x baseline\".") }),
    );
    put(
        "owners",
        json!({ "type": "object", "description": "Who owns what, by stage or dependency.", "additionalProperties": { "type": "string" } }),
    );
    put("expect", expect);
    let described = |schema: &mut Value, name: &str, new: Value| {
        let doc = schema["properties"][name]["description"].take();
        schema["properties"][name] = new;
        schema["properties"][name]["description"] = doc;
    };
    let mut control = ControlOptions::schema();
    described(&mut control, "set", json!({ "type": "object" }));
    described(&mut control, "guard", guard);
    let mut action = ActionOptions::schema();
    described(&mut action, "cause", json!({ "enum": all }));
    described(&mut action, "control", control);
    described(&mut action, "gate", json!({ "type": "string" }));
    put("action", json!({ "type": "array", "items": action }));
    let mut game_day = GameDayOptions::schema();
    let drawn = json!({ "type": "object", "propertyNames": { "pattern": "\\." }, "additionalProperties": { "type": "array" } });
    described(&mut game_day, "vary", drawn);
    put("gameday", game_day);
    // A variant says only what is different, so nothing is required of it.
    let mut variant =
        json!({ "type": "object", "properties": own.clone(), "additionalProperties": false });
    loosen(&mut variant);
    own.insert(
        "variant".into(),
        json!({ "type": "object", "description": "What is laid over the file by --variant NAME.", "additionalProperties": variant }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("Gameday incident, schema {SCHEMA}"),
        "type": "object",
        "properties": own,
        "required": ["schema", "title", "trace", "service"],
        "additionalProperties": false,
    })
}

/// Takes every `required` away. A part of a table may then be part of several kinds.
fn loosen(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.get("required").is_some_and(Value::is_array) {
                map.remove("required");
            }
            if let Some(kinds) = map.remove("oneOf") {
                map.insert("anyOf".into(), kinds);
            }
            map.values_mut().for_each(loosen);
        }
        Value::Array(items) => items.iter_mut().for_each(loosen),
        _ => {}
    }
}

/// A fault is a table: all need to be told something.
fn fault(registries: &Registries) -> Value {
    let mut schema = component_schema_by(&registries.faults, faults::common_fields);
    match schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        Some(any) => any.pop().unwrap_or_default(),
        None => schema,
    }
}

fn entry(registries: &Registries) -> Value {
    let mut entry = EntryOptions::schema();
    let mut put = |name: &str, schema: Value| {
        let doc = entry["properties"][name]["description"].take();
        entry["properties"][name] = schema;
        entry["properties"][name]["description"] = doc;
    };
    put("fault", fault(registries));
    put(
        "set",
        json!({ "type": "object", "propertyNames": { "pattern": "\\." } }),
    );
    put(
        "drift",
        json!({ "type": "object", "properties": { "set": { "type": "object", "description": "Dotted paths under `trace` and their new values.", "propertyNames": { "pattern": "^trace\\." } } }, "required": ["set"], "additionalProperties": false }),
    );
    entry
}
