//! The JSON Schema of what a file says of a service: what editors complete, and what a stranger writes a file by.

use super::{CallOptions, ClientOptions, DependencyOptions, Scope, ServiceOptions};
use crate::{
    components::{
        Registry,
        keys::{KeyOptions, Tag},
    },
    config::{Field, Kind, Percent, Read, Span, known_names, schema_of},
    service::latency::Latency,
};
use serde_json::{Value, json};

/// An option that a stage reads from its component's table.
fn of_stage<T: Read>(name: &'static str, default: &'static str, doc: &'static str) -> Field {
    Field {
        name,
        doc,
        what: T::WHAT,
        default: Some(default),
        schema: T::schema(),
    }
}

fn scope() -> Field {
    of_stage::<Scope>("scope", "local", "Where its state lives.")
}

fn of_limiter() -> Vec<Field> {
    let doc = "What the limit is per; empty is one limit for all.";
    vec![scope(), of_stage::<Vec<Tag>>("key", "none", doc)]
}

fn of_parser() -> Vec<Field> {
    vec![
        of_stage::<u64>("version", "1", "Its version, as an operator names it."),
        of_stage::<Span>("time", "0", "How long reading a payload takes."),
    ]
}

fn of_cache() -> Vec<Field> {
    let jitter = "Share of the life that dice take off, so that answers written together do not die together.";
    vec![
        scope(),
        of_stage::<Span>(
            "ttl",
            "for ever",
            "How long an answer lives; 0 is for ever.",
        ),
        of_stage::<Percent>("jitter", "0%", jitter),
        of_stage::<Span>("lookup", "0", "How long a look-up takes."),
    ]
}

fn of_queue() -> Vec<Field> {
    let limit = "Waiting requests of each replica at most.";
    vec![
        of_stage::<u32>("workers", "1", "Workers of each replica."),
        of_stage::<u32>("limit", "no bound", limit),
    ]
}

/// The schema of a component: its name, or a table with `kind`, the kind's options, and those of the stage.
pub fn component<T>(kinds: &[Kind<T>], stage: Vec<Field>) -> Value {
    let tables: Vec<Value> = kinds
        .iter()
        .map(|kind| {
            let mut fields = (kind.fields)();
            for field in &stage {
                if !fields.iter().any(|f| f.name == field.name) {
                    fields.push(field.clone());
                }
            }
            let mut schema = schema_of(kind.summary, &fields);
            schema["properties"]["kind"] = json!({ "const": kind.name });
            if let Some(required) = schema["required"].as_array_mut() {
                required.insert(0, json!("kind"));
            }
            schema
        })
        .collect();
    json!({ "anyOf": [{ "enum": known_names(kinds) }, { "oneOf": tables }] })
}

/// `[service]`, `[dependency]` and `[clients]`, by name.
pub fn schemas(registry: &Registry) -> [(&'static str, Value); 3] {
    let mut service = ServiceOptions::schema();
    let mut put = |name: &str, schema: Value| {
        let place = &mut service["properties"][name];
        let (doc, default) = (place["description"].take(), place["default"].take());
        *place = schema;
        place["description"] = doc;
        place["default"] = default;
    };
    put("balancer", component(&registry.balancers, vec![]));
    put("limiter", component(&registry.limiters, of_limiter()));
    put("parse", component(&registry.parsers, of_parser()));
    put("key", KeyOptions::schema());
    put("cache", component(&registry.caches, of_cache()));
    put(
        "single_flight",
        json!({ "anyOf": [{ "type": "boolean" }, Scope::schema()] }),
    );
    put("queue", component(&registry.queues, of_queue()));
    put("compute", Latency::schema());
    let call = CallOptions::schema();
    put(
        "call",
        json!({ "anyOf": [call.clone(), { "type": "array", "items": call }] }),
    );
    let mut dependency = DependencyOptions::schema();
    let doc = dependency["properties"]["latency"]["description"].take();
    dependency["properties"]["latency"] = Latency::schema();
    dependency["properties"]["latency"]["description"] = doc;
    [
        ("service", service),
        (
            "dependency",
            json!({ "type": "object", "description": "What the service calls, by name.", "additionalProperties": dependency }),
        ),
        ("clients", ClientOptions::schema()),
    ]
}
