#![no_main]
//! Whatever a model writes: the repair of valid JSON is the identity, what it mends it mends once and for all, and a parser
//! reads or refuses, with each of its set-ups.

use gameday::{
    components::parser::{kinds, repair},
    config::{Node, Source, pick},
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const SETUPS: [&str; 3] = [
    "",
    ", unknown = \"refuse\", repair = \"none\"",
    ", partial = true, repair_fills = true, quotes = \"cut\", max_bytes = 4096, max_depth = 4",
];

fuzz_target!(|raw: &str| {
    let json = serde_json::from_str::<Value>(raw).ok();
    let mended = repair(raw);
    if json.is_some() {
        assert_eq!(mended.as_deref(), Some(raw));
    }
    if let Some(once) = &mended
        && serde_json::from_str::<Value>(once).is_ok()
    {
        assert_eq!(repair(once).as_ref(), Some(once));
        // What is valid stays what it is when something stands around it.
        if let Some(value @ Value::Object(_)) = &json {
            let again = repair(&format!("Sure:\n```json\n{raw}\n```"));
            let again = again.and_then(|text| serde_json::from_str::<Value>(&text).ok());
            assert_eq!(again.as_ref(), Some(value));
        }
    }
    let fields: Vec<(String, Value)> = match json {
        Some(Value::Object(map)) => map.into_iter().collect(),
        _ => vec![],
    };
    for setup in SETUPS {
        let text = format!(
            "p = {{ kind = \"schema-json\", fields = {{ a = \"text\", b = {{ type = \"number\", default = 1, coerce = true }} }}, renamed = {{ c = \"b\" }}{setup} }}"
        );
        let file = Node::parse(&Source::new("fuzz", text)).expect("a set-up is right");
        let node = file.get("p").expect("it is there");
        let parser = pick(&kinds(), "parser", node).expect("a set-up is right");
        let _ = parser.parse(raw, &fields);
    }
});
