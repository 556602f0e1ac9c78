//! The JSON Schema of what a file says of a service: what editors complete, and what a stranger writes a file by.

use super::{
    CallOptions, ClientOptions, DependencyOptions, Expired, OnUnread, Scope, ServiceOptions,
    SiteOptions, WriteOptions, calls::EngineDependencyOptions, limiter::LevelsOptions,
};
use crate::{
    components::{
        Registry,
        dag::FanOut,
        engine,
        flight::FlightOptions,
        keys::{KeyOptions, Tag},
        ledger::LedgerOptions,
        limiter::{
            levels::Mode,
            store::{StoreOptions, StoredOptions},
        },
        queue::Guard,
    },
    config::{Field, Kind, Node, Options, Percent, Read, Span, known_names, schema_of},
    service::{
        cpu::CpuOptions,
        deaths::StartOptions,
        identity::{AddressOptions, QuotaOptions},
        latency::Latency,
        memory::MemoryOptions,
        probe::ProbeOptions,
    },
    trace::shape::Filter,
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

fn of_level() -> Vec<Field> {
    vec![
        of_stage::<Vec<Tag>>(
            "key",
            "none",
            "What the limit is per; empty is one limit for all.",
        ),
        of_stage::<String>("name", "its key", "What operators call it."),
        of_stage::<Filter>("where", "all", "Which requests it limits; not in a store."),
        of_stage::<Mode>(
            "mode",
            "hard",
            "Whether it refuses, or only notes whom it would have refused; not in a store.",
        ),
    ]
}

/// One limit, or several.
fn limiter(registry: &Registry) -> Value {
    let mut one = component(&registry.limiters, [of_level(), vec![scope()]].concat());
    let mut several = LevelsOptions::schema();
    several["properties"]["levels"]["items"] = component(&registry.limiters, of_level());
    let mut level = StoredOptions::fields();
    level.extend(of_level());
    let mut levels = LevelsOptions::fields();
    levels.retain(|f| f.name == "levels");
    levels.extend(StoreOptions::fields());
    let mut stored = schema_of(StoreOptions::DOC, &levels);
    stored["properties"]["levels"]["items"] = schema_of(StoredOptions::DOC, &level);
    let one = match one.get_mut("anyOf").and_then(Value::as_array_mut) {
        Some(any) => std::mem::take(any),
        None => vec![one],
    };
    let all = [one, vec![several, stored]].concat();
    json!({ "anyOf": all })
}

fn of_parser() -> Vec<Field> {
    vec![
        of_stage::<u64>("version", "1", "Its version, as an operator names it."),
        of_stage::<Span>(
            "time",
            "0",
            "How long reading a payload takes; a repair and the second reading take twice as long again.",
        ),
        of_stage::<OnUnread>(
            "on_failure",
            "refuse",
            "What becomes of a request whose payload cannot be read.",
        ),
        of_stage::<Node>(
            "fallback",
            "none",
            "The parser that is tried where this one refuses: that of before, while producers change over.",
        ),
        of_stage::<bool>(
            "shapes",
            "false",
            "Whether the shape of each payload (names and types, never values) and the place of each error are recorded.",
        ),
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
    let mut fields = Guard::fields();
    fields.push(of_stage::<u32>("workers", "1", "Workers of each replica."));
    fields.push(Field {
        schema: json!({ "type": "object", "additionalProperties": u32::schema() }),
        ..of_stage::<Node>(
            "pools",
            "none",
            "Workers that classes have of their own in each replica, such as { maintenance = 2 }, first come, first served; they share none of `workers`. Gauges workers.own and workers.own_busy by class.",
        )
    });
    fields.push(of_stage::<u32>(
        "prefetch",
        "1",
        "Tasks that a worker may hold, the one that it runs included; each goes to the next worker in turn that has room, whether others idle or not. Where it is said, gauges tell: queue.reserved, workers.kept_idle.",
    ));
    fields.push(of_stage::<Span>(
        "slack",
        "0",
        "Whoever has less left until the deadline is dropped as expired: about as long as the work takes.",
    ));
    fields.push(of_stage::<Expired>(
        "expired",
        "leave; serve where on_disconnect is \"masked\" or \"ignore\"",
        "What becomes of those who wait and whose client has left: they leave at once, are dropped when their turn comes (as is whose deadline has passed), or are served.",
    ));
    fields
}

/// What the table form of `single_flight` takes: the component's options and those of its stage.
fn single_flight() -> Value {
    let mut fields = FlightOptions::fields();
    let poll = "How often a follower looks for the answer in shared state; 0: it is told at once.";
    fields.extend([
        scope(),
        of_stage::<Span>("lookup", "0", "How long asking takes."),
        of_stage::<Span>("poll", "0", poll),
    ]);
    schema_of("Equal requests share one piece of work.", &fields)
}

fn of_trending() -> Vec<Field> {
    let of = Field {
        schema: json!({ "anyOf": [Vec::<String>::schema(), KeyOptions::schema()] }),
        ..of_stage::<Vec<String>>(
            "of",
            "the service's key",
            "What is counted: fields such as [\"prompt\"], or a table like that of the key.",
        )
    };
    let scope = Field {
        default: Some("shared"),
        ..scope()
    };
    vec![
        scope,
        of,
        of_stage::<Span>("every", "1s", "How old a list may be."),
        of_stage::<Vec<String>>("routes", "none", "Routes that are answered with the list."),
        of_stage::<bool>(
            "admit",
            "false",
            "Only answers to what is listed enter the cache.",
        ),
    ]
}

fn of_autoscaler() -> Vec<Field> {
    vec![
        of_stage::<Span>("start_up", "30s", "How long a replica takes to start up."),
        of_stage::<u32>(
            "warm",
            "0",
            "Replicas that have started up and wait to be needed.",
        ),
    ]
}

fn of_merge() -> Vec<Field> {
    vec![of_stage::<u32>(
        "pool",
        "60",
        "Documents that there are on a question.",
    )]
}

/// A dependency is a service unless its `kind` says otherwise.
fn dependency() -> Value {
    let with_kind = |mut schema: Value, kind: Value| {
        let doc = schema["properties"]["latency"]["description"].take();
        schema["properties"]["latency"] = Latency::schema();
        schema["properties"]["latency"]["description"] = doc;
        schema["properties"]["kind"] = kind;
        schema
    };
    let service = with_kind(
        DependencyOptions::schema(),
        json!({ "const": "service", "default": "service" }),
    );
    let engines = engine::kinds().into_iter().map(|kind| {
        let mut fields = EngineDependencyOptions::fields();
        fields.extend((kind.fields)());
        let mut schema = with_kind(
            schema_of(kind.summary, &fields),
            json!({ "const": kind.name }),
        );
        if let Some(required) = schema["required"].as_array_mut() {
            required.push(json!("kind"));
        }
        schema
    });
    let all: Vec<Value> = std::iter::once(service).chain(engines).collect();
    json!({ "oneOf": all })
}

/// The schema of a component: its name, or a table with `kind`, the kind's options, and those of the stage.
pub fn component<T>(kinds: &[Kind<T>], stage: Vec<Field>) -> Value {
    component_by(kinds, |_| stage.clone())
}

/// The same, where what the stage reads differs from kind to kind.
pub fn component_by<T>(kinds: &[Kind<T>], stage: impl Fn(&str) -> Vec<Field>) -> Value {
    // A bare name is a kind that leaves everything out.
    let mut bare = known_names(kinds);
    let tables: Vec<Value> = kinds
        .iter()
        .map(|kind| {
            let mut fields = (kind.fields)();
            for field in &stage(kind.name) {
                if !fields.iter().any(|f| f.name == field.name) {
                    fields.push(field.clone());
                }
            }
            if fields.iter().any(|f| f.default.is_none()) {
                bare.retain(|name| *name != kind.name);
            }
            let mut schema = schema_of(kind.summary, &fields);
            schema["properties"]["kind"] = json!({ "const": kind.name });
            if let Some(required) = schema["required"].as_array_mut() {
                required.insert(0, json!("kind"));
            }
            schema
        })
        .collect();
    match bare.is_empty() {
        true => json!({ "oneOf": tables }),
        false => json!({ "anyOf": [{ "enum": bare }, { "oneOf": tables }] }),
    }
}

/// A site: a kind of work, with its options and those of the site.
fn site(registry: &Registry) -> Value {
    let any = component(&registry.works, SiteOptions::fields());
    // Never the bare name: a place in the code has a place.
    any["anyOf"][1].clone()
}

/// `[service]`, `[dependency]` and `[clients]`, by name.
pub fn schemas(registry: &Registry) -> [(&'static str, Value); 3] {
    let mut service = ServiceOptions::schema();
    let mut put = |name: &str, schema: Value| {
        let place = &mut service["properties"][name];
        let (doc, default) = (place["description"].take(), place["default"].take());
        *place = schema;
        for (name, value) in [("description", doc), ("default", default)] {
            if !value.is_null() {
                place[name] = value;
            }
        }
    };
    put("balancer", component(&registry.balancers, vec![]));
    put(
        "autoscaler",
        component(&registry.autoscalers, of_autoscaler()),
    );
    put("limiter", limiter(registry));
    put("address", AddressOptions::schema());
    put("quota", QuotaOptions::schema());
    put("parse", component(&registry.parsers, of_parser()));
    put("key", KeyOptions::schema());
    put("trending", component(&registry.trending, of_trending()));
    put("cache", component(&registry.caches, of_cache()));
    put(
        "single_flight",
        json!({ "anyOf": [{ "type": "boolean" }, Scope::schema(), single_flight()] }),
    );
    put("queue", component(&registry.queues, of_queue()));
    put("dashboard", component(&registry.windows, vec![]));
    put("compute", Latency::schema());
    put("probe", ProbeOptions::schema());
    put("cpu", CpuOptions::schema());
    put("start", StartOptions::schema());
    put(
        "work",
        json!({ "type": "object", "additionalProperties": site(registry) }),
    );
    put("fan_out", FanOut::schema());
    put("merge", component(&registry.mergers, of_merge()));
    let mut write = WriteOptions::schema();
    let doc = write["properties"]["ledger"]["description"].take();
    write["properties"]["ledger"] = LedgerOptions::schema();
    write["properties"]["ledger"]["description"] = doc;
    put("write", write);
    put("memory", MemoryOptions::schema());
    let mut call = CallOptions::schema();
    let doc = call["properties"]["breaker"]["description"].take();
    call["properties"]["breaker"] = component(&registry.breakers, vec![]);
    call["properties"]["breaker"]["description"] = doc;
    let doc = call["properties"]["parse_output"]["description"].take();
    call["properties"]["parse_output"] = component(&registry.parsers, of_parser());
    call["properties"]["parse_output"]["description"] = doc;
    put(
        "call",
        json!({ "anyOf": [call.clone(), { "type": "array", "items": call }] }),
    );
    [
        ("service", service),
        (
            "dependency",
            json!({ "type": "object", "description": "What the service calls, by name.", "additionalProperties": dependency() }),
        ),
        ("clients", ClientOptions::schema()),
    ]
}
