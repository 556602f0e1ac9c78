//! The JSON Schema of incident files: what ships is right by it, and what the program refuses by name is wrong by it.

use assert_cmd::Command;
use serde_json::Value;

fn schema() -> Value {
    let out = Command::cargo_bin("gameday")
        .unwrap()
        .arg("schema")
        .output()
        .unwrap();
    assert!(out.status.success());
    serde_json::from_slice(&out.stdout).unwrap()
}

/// The part of JSON Schema that ours uses, without numeric bounds and patterns of texts. Says where it does not hold.
fn holds(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let no = |why: String| Err(format!("{at}: {why}"));
    if let Some(expected) = schema.get("const")
        && expected != value
    {
        return no(format!("{value} is not {expected}"));
    }
    if let Some(Value::Array(all)) = schema.get("enum")
        && !all.contains(value)
    {
        return no(format!("{value} is none of {all:?}"));
    }
    let types = match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(some)) => some.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    let is = |name: &&str| match *name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("type {other}"),
    };
    if !types.is_empty() && !types.iter().any(is) {
        return no(format!("{value} is not of {types:?}"));
    }
    for word in ["anyOf", "oneOf"] {
        if let Some(Value::Array(some)) = schema.get(word) {
            let each: Vec<_> = some.iter().map(|s| holds(s, value, at)).collect();
            let good = each.iter().filter(|r| r.is_ok()).count();
            if good == 0 || word == "oneOf" && good > 1 {
                let whys: Vec<_> = each.into_iter().filter_map(Result::err).collect();
                return no(format!(
                    "{good} of {} hold: {}",
                    some.len(),
                    whys.join("; ")
                ));
            }
        }
    }
    if let Value::Object(map) = value {
        for name in schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if !map.contains_key(name.as_str().unwrap()) {
                return no(format!("{name} is missing"));
            }
        }
        for (name, value) in map {
            let at = format!("{at}.{name}");
            match (
                schema.pointer(&format!("/properties/{name}")),
                schema.get("additionalProperties"),
            ) {
                (Some(schema), _) => holds(schema, value, &at)?,
                (None, Some(Value::Bool(false))) => return Err(format!("{at} is unknown")),
                (None, Some(schema @ Value::Object(_))) => holds(schema, value, &at)?,
                _ => {}
            }
        }
    }
    if let (Value::Array(items), Some(schema)) = (value, schema.get("items")) {
        for (i, item) in items.iter().enumerate() {
            holds(schema, item, &format!("{at}[{i}]"))?;
        }
    }
    Ok(())
}

fn json(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Value>(text).unwrap()).unwrap()
}

#[test]
fn every_incident_that_ships_is_right_by_the_schema() {
    let schema = schema();
    let mut seen = 0;
    for entry in std::fs::read_dir("incidents").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let incident = json(&std::fs::read_to_string(&path).unwrap());
            holds(&schema, &incident, path.to_str().unwrap()).unwrap_or_else(|why| panic!("{why}"));
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn what_is_unknown_or_missing_is_wrong_by_the_schema() {
    let schema = schema();
    let text = std::fs::read_to_string("incidents/incident-24.toml").unwrap();
    for (right, wrong, place) in [
        ("title    =", "titel    =", "\"title\" is missing"),
        (
            "kind = \"token-bucket\"",
            "kind = \"token-buket\"",
            "service.limiter",
        ),
        ("ttl = \"15m\"", "tll = \"15m\"", "service.cache"),
        ("pool       = 64", "pools      = 64", "dependency.llm.pools"),
        (
            "deploy = \"7f3a\"",
            "deplou = \"7f3a\"",
            "timeline[0].deplou",
        ),
        (
            "causes   = [\"key-field-added\"]",
            "causes   = [\"key-feild-added\"]",
            "expect.causes[0]",
        ),
        ("schema   = 1", "schema   = 2", "schema: 2 is not 1"),
    ] {
        assert!(text.contains(right), "{right}");
        let why = holds(&schema, &json(&text.replacen(right, wrong, 1)), "file").unwrap_err();
        assert!(why.contains(place), "{wrong}: {why}");
    }
}

/// Parts that no shipped incident need have: the program takes them, so the schema must.
const SELDOM: &str = r#"
schema = 1
title = "everything"
[trace]
arrivals = { kind = "poisson", rate = "20/s" }
duration = "30s"
classes = { urgent = 1, later = 1 }
addresses = { count = 3, exits = { office = "10%" }, forged_by = ["acme"] }
input_tokens = { kind = "lognormal", p50 = 600, p99 = 4000 }
output_tokens = { kind = "lognormal", p50 = 100, p99 = 400 }
items = { "/home" = { bytes = 400, blanks = 20 } }
[trace.clients]
planner = { share = 1, version = "2", names = { temperature = "temp" }, omits = ["top_p"], extra = { v = 1 }, defects = { wrapped = "5%", truncated = "1%", trailing_comma = "1%", single_quotes = "1%" } }
[service]
autoscaler = { kind = "target-utilisation", target = "60%", min = 1, max = 3, interval = "5s", lag = "1s", cool_down = "10s", tolerance = "5%", start_up = "2s", warm = 1 }
cpu = { quota = "30ms", period = "100ms", slice = "5ms", cores = 4, threads = 8, processes = 2, gil = true }
work = { waf = { kind = "pattern", way = "backtracking", pattern = "a+b", stage = "filter", on = "request", where = 'class == "urgent"', lock = "rules", unit = "12ns", limit = "5s" }, relay = { kind = "stream", way = "reread", stage = "answer", on = "answer", fragment = "1KB" } }
compute = "2ms"
check_answers = "10%"
runtime_metrics = true
dashboard = { kind = "ring-max", over = "1m", buckets = 6 }
key = { fields = ["tenant", "prompt", "model", "revision"], meaning = ["tenant", "model", "body"] }
cache = { kind = "lru", scope = "shared", capacity = 100, bytes = "1MB", ttl = "10s", jitter = "20%", lookup = "1ms", sweep = 2, stale = "5s", lease = "2s", early = 1, shards = 4, detail = true }
memory = { limit = "1GB", down = "5s" }
single_flight = { scope = "shared", limit = 1000, ttl = "30s", lease = "10s", renew = "3s", fenced = true, atomic = true, results = "2s", lookup = "1ms", poll = "50ms", on_cancel = "hand-over", failures = "1s", cleanup = "always" }
queue = { kind = "priority-aging", classes = { urgent = 10, later = 0 }, workers = 4, limit = 50, max_wait = "2s", best_effort = ["later"], codel = { target = "100ms", interval = "1s" }, dead_letter = { after = "10m", attempts = 5 } }
address = { proxies = 1, trusted_hops = "all" }
quota = { per = "user", rate = "5/s", burst = 9, rates = { someone = "1/s" } }
limiter = { scope = "shared", levels = [
    { name = "mine", key = ["user"], kind = "gcra", rate = "5/s", burst = 5 },
    { key = ["tenant", "route"], kind = "sliding-window", rate = "20/s", burst = 10, max_keys = 1000 },
    { kind = "token-bucket", rate = "60/s", refill = "exact" },
] }
parse = { kind = "schema-json", time = "50us", on_failure = "default", unknown = "ignore", repair = "once", max_bytes = "64KiB", max_depth = 8, version_field = "v", schema_version = 2, versions = { 1 = { renamed = { temp = "temperature" }, defaults = { temperature = 1.0 } } }, fields = { prompt = "text", temperature = { type = "number", default = 0.2, coerce = true }, mode = { type = "text", required = false, one_of = ["a"] } } }
trending = { kind = "space-saving", k = 5, counters = 50, newcomer = "zero", of = ["prompt"], scope = "local", every = "2s", routes = ["/top"] }
fan_out = { parallel = 2, need = "1 of 2" }
merge = { kind = "k-way", normalise = "z-score", cap = 4, pool = 30 }
call = [
    { dependency = "llm", breaker = { kind = "failure-ratio" }, on_failure = "default" },
    { name = "again", dependency = "db", breaker = "failure-ratio" },
]
[dependency.llm]
kind = "llm-engine"
engines = 2
blocks = 500
prefix_key = ["model", "adapter", "revision", "tokenizer", "tools", "parameters", "tenant"]
tokenizer = 3
pool = 8
[dependency.db]
kind = "service"
results = { count = 20, knows = "50%", scale = 30, spread = "40%", step = 0.5 }
latency = "20ms"
pool = 50
leak = "0.1%"
connect = "5ms"
keep_alive = "10s"
max_idle = 5
revision = 2
errors = { throttled = "1%" }
retry_after = "1s"
[[timeline]]
at = "5s"
for = "10s"
fault = { kind = "pause", replica = 1, lasts = "20ms", every = "1s" }
[[timeline]]
at = "6s"
for = "5s"
fault = { kind = "cpu-quota", quota = "20ms", period = "50ms", slice = "1ms" }
[[timeline]]
at = "7s"
for = "5s"
fault = { kind = "cold-start", factor = 3, lasts = "2s" }
[[timeline]]
at = "8s"
for = "5s"
fault = { kind = "new-connection", target = "db", percentage = 50, latency = "20ms", jitter = "5ms" }
[[timeline]]
at = "9s"
for = "5s"
fault = { kind = "pool-leak", target = "db", percentage = 1 }
[[timeline]]
at = "10s"
for = "5s"
fault = { kind = "timeout", target = "db", percentage = 5, after = "1s" }
[[timeline]]
at = "11s"
for = "5s"
fault = { kind = "connection-reset", target = "db", percentage = 5, after = "5ms" }
[[guard]]
when = "latency max > 3s for 30s"
[[guard]]
when = 'queue.wait{class="urgent"} max >= 1s for 1m'
then = "alert"
every = "5s"
window = { kind = "sliding-max", most = 1000 }
"#;

/// Answers of several parts, with all that may be said of them.
const PARTS: &str = r#"
schema = 1
title = "answers of several parts"
[trace]
arrivals = { kind = "poisson", rate = "20/s" }
duration = "30s"
[service]
report = { kind = "honest", status = "207", retry_failed = true }
call = [
    { dependency = "store" },
    { dependency = "index" },
    { dependency = "model", on_failure = "default" },
]
[dependency.store]
latency = "5ms"
items = { tokens = 20, routes = ["/bulk"], time = "1ms", fields = { due = "46%" }, refuses = ["due"], quota = 1000, error_rate = "1%" }
[dependency.index]
latency = "5ms"
shards = { count = 4, hits = 3, need = 2, error_rate = "2%" }
[dependency.model]
latency = { kind = "tokens", per_output = "1ms" }
stream = { proxy_timeout = "200ms", proxy_limit = 400, on_cut = "complete" }
[[timeline]]
at = "33%"
fault = { kind = "item-error", target = "store", field = "due", percentage = "50%" }
[[timeline]]
at = "40%"
fault = { kind = "shard-loss", target = "index", shard = 2 }
[[timeline]]
at = "50%"
fault = { kind = "cut-stream", target = "model", after = "100ms" }
"#;

/// A part that stands in the place of another one of those.
const STORED: &str = r#"
schema = 1
title = "limits in a store"
[trace]
arrivals = { kind = "poisson", rate = "20/s" }
duration = "30s"
[service]
limiter = { store = "redis", clock = "caller", clocks_apart = "1s", marks = "forward", atomic = true, slack = "2m", levels = [
    { name = "mine", key = ["user"], rate = "5/s", burst = 5 },
    { rate = "60/s" },
], fallback = { after = "20ms", pause = "1s", rate = "5/s", burst = 5, shed = ["later"], mode = "limit" } }
compute = "5ms"
[dependency.redis]
latency = "1ms"
"#;

/// Replays a text: the exit code, and what is said on standard error.
fn replay(text: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("everything.toml");
    std::fs::write(&file, text).unwrap();
    let out = Command::cargo_bin("gameday")
        .unwrap()
        .args(["replay", "--no-report"])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    (out.status.code(), said)
}

/// Replays a text, which must be taken, and holds it against the schema, and the schema against misspellings of it.
fn taken_and_held(text: &str, misspelt: &[(&str, &str)]) {
    let (code, said) = replay(text);
    assert_eq!(code, Some(0), "{said}");
    let schema = schema();
    holds(&schema, &json(text), "file").unwrap_or_else(|why| panic!("{why}"));
    for (right, wrong) in misspelt {
        let other = text.replacen(right, wrong, 1);
        assert!(
            other != text && holds(&schema, &json(&other), "file").is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn what_the_program_takes_is_right_by_the_schema() {
    let misspelt = [
        ("engines = 2", "enginse = 2"),
        ("kind = \"llm-engine\"", "kind = \"llm-engin\""),
        ("parallel = 2", "paralel = 2"),
        ("start_up = ", "startup = "),
        ("tolerance = ", "tolerence = "),
        ("quota = ", "qouta = "),
        ("keep_alive = ", "keepalive = "),
        ("down = \"5s\"", "donw = \"5s\""),
        ("breaker = \"failure-ratio\"", "breaker = \"failure-rate\""),
        ("max_wait", "max_wiat"),
        ("target = ", "taget = "),
        ("attempts = 5", "atempts = 5"),
        ("then = \"alert\"", "then = \"alarm\""),
        ("most = 1000", "mots = 1000"),
        ("kind = \"ring-max\"", "kind = \"ring-mux\""),
        ("sweep = 2", "swepe = 2"),
        ("failures = \"1s\"", "failure = \"1s\""),
        ("kind = \"gcra\"", "kind = \"gcar\""),
        ("trusted_hops = \"all\"", "trusted_hops = \"al\""),
        ("forged_by", "forgd_by"),
        ("burst = 9, rates", "burst = 9, rate_of"),
        ("max_keys", "max_kyes"),
        ("scope = \"shared\", levels", "scop = \"shared\", levels"),
        ("single_quotes", "single_qoutes"),
        ("on_failure = \"default\"", "on_failure = \"defualt\""),
        ("type = \"number\"", "type = \"nubmer\""),
        ("defaults = {", "default = {"),
        ("z-score", "z-scoer"),
        ("scale = 30", "scael = 30"),
        ("of = [\"prompt\"]", "of = 3"),
        ("newcomer = \"zero\"", "newcomer = \"nought\""),
        ("kind = \"sliding-max\"", "kind = \"sliding-mux\""),
    ];
    taken_and_held(SELDOM, &misspelt);
    let misspelt = [
        ("store =", "stroe ="),
        ("marks = \"forward\"", "marks = \"forwards\""),
        ("pause =", "puase ="),
        ("rate = \"60/s\"", "rat = \"60/s\""),
        ("mode = \"limit\"", "mode = \"limits\""),
    ];
    taken_and_held(STORED, &misspelt);
    let misspelt = [
        ("status = \"207\"", "status = \"208\""),
        ("retry_failed", "retry_faild"),
        ("refuses =", "refusse ="),
        ("need = 2", "nede = 2"),
        ("on_cut = \"complete\"", "on_cut = \"whole\""),
        ("kind = \"shard-loss\"", "kind = \"shard-lost\""),
        ("after = \"100ms\"", "afther = \"100ms\""),
    ];
    taken_and_held(PARTS, &misspelt);
}

/// What ships, each variant laid over its file, is right by the schema as somebody else's validator reads it.
#[test]
fn every_variant_that_ships_is_right_by_a_validator_of_others() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let wrong = |file: &Value| {
        let mut errors = validator.iter_errors(file);
        errors
            .next()
            .map(|e| format!("{}: {e:.300}", e.instance_path()))
    };
    let mut seen = 0;
    for entry in std::fs::read_dir("incidents").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let whole = json(&std::fs::read_to_string(&path).unwrap());
        assert_eq!(wrong(&whole), None, "{}", path.display());
        let mut own = whole.clone();
        let variants = own.as_object_mut().unwrap().remove("variant");
        for (name, over) in variants
            .as_ref()
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let mut file = own.clone();
            if over.get("expect").is_some() {
                file.as_object_mut().unwrap().remove("expect");
            }
            overlay(&mut file, over);
            assert_eq!(wrong(&file), None, "{} --variant {name}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
    for text in [SELDOM, PARTS, STORED] {
        assert_eq!(wrong(&json(text)), None);
    }
    for (right, bad) in WRONG {
        let text = SELDOM.replacen(right, bad, 1);
        assert_ne!(text, SELDOM, "{right}");
        assert!(wrong(&json(&text)).is_some(), "{bad}");
        let (code, said) = replay(&text);
        assert_eq!(code, Some(2), "{bad}: {said}");
    }
}

/// Values that the program refuses, in place of those of [`SELDOM`].
const WRONG: &[(&str, &str)] = &[
    ("schema = 1\n", ""),
    ("title = \"everything\"\n", ""),
    ("duration = \"30s\"", "duration = 30"),
    ("duration = \"30s\"", "duration = \"30 parsecs\""),
    ("rate = \"20/s\"", "rate = 20"),
    ("rate = \"20/s\"", "rate = \"20\""),
    ("percentage = 50", "percentage = 150"),
    ("percentage = 50", "percentage = \"half\""),
    ("wrapped = \"5%\"", "wrapped = \"5\""),
    ("shards = 4", "shards = -4"),
    ("shards = 4", "shards = \"four\""),
    ("pool = 50", "pool = 0.5"),
    ("at = \"5s\"\n", ""),
    ("at = \"5s\"", "at = \"soon\""),
    ("at = \"5s\"", "at = 5"),
    ("target = \"db\", percentage = 50", "percentage = 50"),
    (
        "kind = \"pause\", replica = 1",
        "kind = \"pause\", target = \"db\"",
    ),
    (
        "fault = { kind = \"pool-leak\", target = \"db\", percentage = 1 }",
        "fault = \"pool-leak\"",
    ),
    (
        "latency = \"20ms\"\npool",
        "latency = \"as captured\"\npool",
    ),
    (
        "compute = \"2ms\"",
        "compute = { kind = \"lognormal\", p50 = \"2ms\" }",
    ),
];

/// Tables merge, everything else is replaced.
fn overlay(file: &mut Value, over: &Value) {
    match (file, over) {
        (Value::Object(file), Value::Object(over)) if !matches!((file.get("kind"), over.get("kind")), (Some(a), Some(b)) if a != b) => {
            for (name, value) in over {
                overlay(file.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (file, over) => *file = over.clone(),
    }
}
