//! Q24: the hit rate collapses.

use super::{
    super::world::{self, Need, USUAL},
    Draft, Kind,
};

const CACHED: Need = Need {
    requests: (16_000.0, 80_000.0),
    cached: 0.0, // drawn here
    ..USUAL
};

const fn kind(cause: &'static str, draw: fn(&mut Draft)) -> Kind {
    like(cause, &[], draw)
}

const fn like(cause: &'static str, same: &'static [&'static str], draw: fn(&mut Draft)) -> Kind {
    Kind {
        cause,
        same,
        need: CACHED,
        draw,
    }
}

/// The causes.
pub const KINDS: &[Kind] = &[
    kind("key-field-added", field_added),
    kind("key-version-bumped", version_bumped),
    kind("key-model-field-added", model_field_added),
    kind("normalisation-lost", normalisation_lost),
    kind("serializer-drift", serializer_drift),
    kind("per-process-key-seed", process_seed),
    kind("ttl-changed", ttl_changed),
    kind("capacity-cut", capacity_cut),
    kind("cache-flush", flush),
    // A mix in which more is asked for is a larger working set: two names of one thing, by their summaries.
    like("traffic-mix-shift", &["working-set-grew"], mix_shift),
    like("working-set-grew", &["traffic-mix-shift"], working_set_grew),
    kind("volatile-prefix", volatile_prefix),
];

/// Contents that come again, clients that write them differently, and a cache whose keys are sound.
fn cached(d: &mut Draft) {
    let n = d.rate * d.seconds;
    let contents = (n * d.log_between(0.003, 0.08)).max(40.0);
    let exponent = d.between(0.4, 1.2);
    let shared = d.pick(&["all", "tenant"]);
    // As many contents for each tenant make many in all.
    let count = if shared == "tenant" {
        (contents / 4.0).max(20.0)
    } else {
        contents
    };
    let odd = d.between(0.5, 3.0);
    d.merge(&format!(
        r#"
[trace]
contents = {{ count = {count:.0}, exponent = {exponent:.2}, shared = "{shared}", temperatures = [0.2, 0.7] }}
[trace.clients]
web = {{ share = 3, version = "7" }}
ios = {{ share = 1.5, version = "5" }}
kit = {{ share = 1, version = "3", fields = ["top_p", "prompt", "model"] }}
app = {{ share = {odd:.2}, version = "4", fields = ["prompt", "model", "top_p", "temperature"], padded = true }}
sdk = {{ share = 1.5, version = "2", fields = ["temperature", "prompt"], case = "upper", spaces = true }}
[service]
parse = {{ kind = "json", required = ["prompt"], time = "80us" }}
"#
    ));
    world::cache(d);
    let fields = fields(d);
    let flight = d.chance(0.5);
    d.merge(&format!(
        "[service]\nkey = {{ fields = [{fields}], normalise = [\"trim\", \"nfc\", \"lowercase\"] }}\nsingle_flight = {flight}"
    ));
    // Room and life enough for a hit rate that is worth something.
    let ttl = d.seconds * d.log_between(0.15, 1.0);
    let room = if d.chance(0.5) {
        1e6
    } else {
        (contents * d.between(0.5, 1.5)).max(40.0)
    };
    d.merge(&format!(
        "[service.cache]\nttl = \"{ttl:.0}s\"\ncapacity = {room:.0}"
    ));
}

/// The fields of a sound key, as a list.
fn fields(d: &mut Draft) -> String {
    let tags = d.pick(&["\"tenant\", \"model\", ", "\"model\", ", "\"tenant\", ", ""]);
    format!("{tags}\"prompt\", \"temperature\"")
}

/// What the key has now.
fn key_fields(d: &Draft) -> String {
    let list = d.get("service.key.fields").and_then(toml::Value::as_array);
    let names = list.into_iter().flatten().filter_map(toml::Value::as_str);
    names
        .map(|n| format!("{n:?}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A deploy to all, to a canary whose share is the size of the incident, or replica by replica.
fn rolled(d: &mut Draft, set: &str) {
    if d.chance(0.3) {
        let share = d.sized(5.0, 100.0).min(100.0);
        d.deployed(set, &format!("canary = \"{share:.0}%\""));
    } else if d.chance(0.3) {
        let pace = d.between(5.0, 40.0);
        d.deployed(set, &format!("pace = \"{pace:.0}s\""));
    } else {
        d.deploy(set);
    }
}

fn field_added(d: &mut Draft) {
    cached(d);
    let more = d.pick(&["request_id", "request_id", "minute", "user"]);
    let fields = key_fields(d);
    rolled(
        d,
        &format!("\"service.key.fields\" = [{fields}, \"{more}\"]"),
    );
}

fn version_bumped(d: &mut Draft) {
    cached(d);
    rolled(d, "\"service.key.version\" = 2");
}

fn model_field_added(d: &mut Draft) {
    cached(d);
    let more = d.pick(&["client", "region"]);
    let fields = key_fields(d);
    if more == "region" {
        d.merge("[trace]\nregions = { count = 4, exponent = 0.4 }");
    }
    rolled(
        d,
        &format!("\"service.key.fields\" = [{fields}, \"{more}\"]"),
    );
}

fn normalisation_lost(d: &mut Draft) {
    cached(d);
    rolled(d, "\"service.key.normalise\" = []");
}

fn serializer_drift(d: &mut Draft) {
    cached(d);
    rolled(d, "\"service.key.canonical_json\" = false");
}

fn process_seed(d: &mut Draft) {
    cached(d);
    d.merge("[service.cache]\nscope = \"shared\"");
    let replicas = d.count(3, 6);
    d.merge(&format!("[service]\nreplicas = {replicas}"));
    let pace = d.between(5.0, 20.0);
    d.deployed(
        "\"service.key.seed\" = \"per-process\"",
        &format!("restart = \"rolling\", pace = \"{pace:.0}s\""),
    );
}

fn ttl_changed(d: &mut Draft) {
    cached(d);
    let ttl = d
        .get("service.cache.ttl")
        .and_then(toml::Value::as_str)
        .unwrap_or("60s");
    let ttl: f64 = ttl.trim_end_matches('s').parse().unwrap_or(60.0);
    let short = (ttl * d.sized(0.2, 0.001) * 1e3).max(50.0);
    d.deploy(&format!("\"service.cache.ttl\" = \"{short:.0}ms\""));
}

fn capacity_cut(d: &mut Draft) {
    cached(d);
    let contents = d
        .get("trace.contents.count")
        .and_then(toml::Value::as_integer)
        .unwrap_or(100);
    let room = (contents as f64 * d.sized(0.5, 0.03)).max(4.0);
    d.deploy(&format!("\"service.cache.capacity\" = {room:.0}"));
}

fn flush(d: &mut Draft) {
    cached(d);
    d.to = None;
    let at = super::super::draft::time(d.from);
    d.entry(&format!("at = {at:?}, flush = true"));
}

fn mix_shift(d: &mut Draft) {
    cached(d);
    let share = d.sized(0.08, 0.7);
    d.drift(
        &format!(
            "\"trace.contents.segment\" = {{ share = {share:.3}, count = 500000, exponent = 0.1 }}"
        ),
        "\"trace.contents.segment\" = { share = 0.0 }",
    );
}

fn working_set_grew(d: &mut Draft) {
    cached(d);
    let old = d
        .get("trace.contents")
        .map(toml::Value::to_string)
        .unwrap_or_default();
    let count = d
        .get("trace.contents.count")
        .and_then(toml::Value::as_integer)
        .unwrap_or(100) as f64;
    let shared = d
        .get("trace.contents.shared")
        .and_then(toml::Value::as_str)
        .unwrap_or("all")
        .to_string();
    let more = count * d.sized(3.0, 60.0);
    let exponent = d.between(0.3, 0.7);
    // Room for what was asked so far, as a service has that was sized by its working set.
    d.merge(&format!(
        "[service.cache]\ncapacity = {:.0}",
        (count * 1.5).max(60.0)
    ));
    d.drift(
        &format!("\"trace.contents\" = {{ count = {more:.0}, exponent = {exponent:.2}, shared = \"{shared}\", temperatures = [0.2, 0.7] }}"),
        &format!("\"trace.contents\" = {old}"),
    );
}

/// Conversations with an engine that keeps prefixes in memory; at the head of each prompt comes something that changes.
fn volatile_prefix(d: &mut Draft) {
    cached(d);
    let rate = d.between(1.0, 4.0) * 900.0 / d.seconds;
    let (engines, prefill) = (d.count(3, 6), d.log_between(8000.0, 20_000.0));
    let (system, blocks) = (d.count(4, 12), d.count(1200, 3000));
    let dependency = d.dependency;
    d.remove(&format!("dependency.{dependency}"));
    d.remove("trace.contents");
    d.remove("trace.input_tokens");
    d.generated(
        "poisson",
        &format!("{{ kind = \"poisson\", rate = \"{rate:.3}/s\" }}"),
    );
    d.merge(&format!(
        r#"
[trace]
contents = {{ count = 5000, exponent = 0.8 }}
sessions = {{ system_blocks = {system}, first_blocks = 2, turn_blocks = 1 }}
[service]
replicas = 4
queue = {{ workers = 64 }}
call = {{ timeout = "60s" }}
[dependency.{dependency}]
kind = "llm-engine"
latency = "2ms"
engines = {engines}
routing = "prefix"
prefill = "{prefill:.0}/s"
blocks = {blocks}
"#
    ));
    d.remove_faults();
    let every = d.log_between(0.5, 30.0);
    d.deploy(&format!(
        "\"dependency.{dependency}.stamp\" = \"{:.0}ms\"",
        every * 1e3
    ));
}
