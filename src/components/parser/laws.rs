//! What every sound parser keeps. Walks the table of kinds, and holds each flaw to the law that it breaks.

use super::{FLAWS, How, ParseError, Parser, Reading, Refused, kinds, laws_evolution, repair};
use crate::config::{Node, Source, pick};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

pub(super) type Law = fn(&dyn Parser, &Map<String, Value>) -> Result<(), String>;

const LAWS: &[(&str, Law)] = &[
    (
        "what_is_valid_is_read_as_it_is",
        what_is_valid_is_read_as_it_is,
    ),
    (
        "what_is_cut_short_is_never_read",
        what_is_cut_short_is_never_read,
    ),
    ("a_repair_makes_nothing_up", a_repair_makes_nothing_up),
    (
        "a_repair_gives_what_was_meant",
        a_repair_gives_what_was_meant,
    ),
    ("what_is_no_object_is_refused", what_is_no_object_is_refused),
    (
        "what_a_newer_writer_adds_is_passed_over",
        laws_evolution::what_a_newer_writer_adds_is_passed_over,
    ),
    (
        "what_an_older_writer_lacks_has_a_default",
        laws_evolution::what_an_older_writer_lacks_has_a_default,
    ),
    (
        "what_is_said_under_an_old_name_is_not_lost",
        laws_evolution::what_is_said_under_an_old_name_is_not_lost,
    ),
    (
        "the_name_of_today_wins",
        laws_evolution::the_name_of_today_wins,
    ),
];

/// Names of fields that may be there, some of them hard to read.
const OTHERS: &[&str] = &["a", "b", "it's", "\"", "{", "x, y", "}\","];

/// What a schema is made of here, unless the options say otherwise.
fn base() -> [(&'static str, String); 2] {
    let any = |name: &&str| {
        let name = serde_json::to_string(name).unwrap();
        format!(", {name} = {{ required = false }}")
    };
    let others: String = OTHERS.iter().map(any).collect();
    [
        (
            "fields",
            format!(
                "{{ prompt = \"text\", temperature = {{ type = \"number\", default = 0.2 }}{others} }}"
            ),
        ),
        ("renamed", "{ temp = \"temperature\" }".into()),
    ]
}

pub(super) fn make(kind: &str, options: &str) -> Box<dyn Parser> {
    let kind = kinds().into_iter().find(|k| k.name == kind).unwrap();
    let known = (kind.fields)();
    let mut all = vec![format!("kind = \"{}\"", kind.name), options.to_string()];
    for (name, value) in base() {
        if known.iter().any(|f| f.name == name) && !options.contains(&format!("{name} = ")) {
            all.push(format!("{name} = {value}"));
        }
    }
    if known.iter().any(|f| f.name == "required") {
        all.push("required = [\"prompt\"], texts = [\"prompt\"]".into());
    }
    all.retain(|option| !option.is_empty());
    let text = format!("p = {{ {} }}", all.join(", "));
    let file = Node::parse(&Source::new("law.toml", text)).unwrap();
    pick(&kinds(), "parser", file.get("p").unwrap()).unwrap()
}

pub(super) fn parse(parser: &dyn Parser, raw: &str) -> Result<Reading, Refused> {
    let fields: Vec<_> = match serde_json::from_str(raw) {
        Ok(Value::Object(map)) => map.into_iter().collect(),
        _ => vec![],
    };
    parser.parse(raw, &fields)
}

pub(super) fn text(object: &Map<String, Value>) -> String {
    Value::Object(object.clone()).to_string()
}

/// The fields that are read in the end, where the payload is answered as one that could be read.
pub(super) fn read(p: &dyn Parser, raw: &str) -> Result<Map<String, Value>, String> {
    let reading = parse(p, raw).map_err(|why| format!("{raw}: {why:?}"))?;
    match (reading.fields, serde_json::from_str(raw)) {
        (Some(fields), _) => Ok(fields.into_iter().collect()),
        (None, Ok(Value::Object(map))) => Ok(map),
        (None, _) => Err(format!("{raw} was read as it is")),
    }
}

fn what_is_valid_is_read_as_it_is(
    p: &dyn Parser,
    object: &Map<String, Value>,
) -> Result<(), String> {
    let raw = text(object);
    match parse(p, &raw) {
        Ok(Reading {
            fields: None,
            fault: None,
            ..
        }) => Ok(()),
        other => Err(format!("{raw}: {other:?}")),
    }
}

fn what_is_cut_short_is_never_read(
    p: &dyn Parser,
    object: &Map<String, Value>,
) -> Result<(), String> {
    let raw = text(object);
    let around = wrapped(&raw);
    let whole = around.len() - "}\n```\n".len();
    for (text, most) in [(&raw, raw.len()), (&around, whole)] {
        for (end, _) in text.char_indices().take_while(|(end, _)| *end <= most) {
            if let Ok(Reading { fields, .. }) = parse(p, &text[..end])
                && fields.as_ref().is_none_or(|fields| !fields.is_empty())
            {
                return Err(format!("{} was read as {fields:?}", &text[..end]));
            }
        }
    }
    Ok(())
}

fn wrapped(raw: &str) -> String {
    format!("Sure:\n```json\n{raw}\n```\n")
}

fn a_repair_makes_nothing_up(p: &dyn Parser, object: &Map<String, Value>) -> Result<(), String> {
    let mut object = object.clone();
    object.remove("prompt");
    for raw in [text(&object), wrapped(&text(&object))] {
        if let Ok(Reading {
            fields: Some(f), ..
        }) = parse(p, &raw)
            && f.iter().any(|(name, _)| name == "prompt")
        {
            return Err(format!("{raw}: a prompt was made up: {f:?}"));
        }
    }
    Ok(())
}

/// An object in the ways in which models damage it, none of which loses anything.
fn damaged(object: &Map<String, Value>) -> [String; 4] {
    let raw = text(object);
    let comma = format!("{},}}", &raw[..raw.len() - 1]);
    let single = single_quotes(&raw);
    [wrapped(&raw), wrapped(&comma), comma, single]
}

/// As Python prints it.
fn single_quotes(raw: &str) -> String {
    let (mut out, mut escaped) = (String::new(), false);
    for c in raw.chars() {
        match c {
            '"' if escaped => {
                out.pop();
                out.push('"');
            }
            '"' => out.push('\''),
            '\'' => out.push_str("\\'"),
            c => out.push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    out
}

fn a_repair_gives_what_was_meant(
    p: &dyn Parser,
    object: &Map<String, Value>,
) -> Result<(), String> {
    for damaged in damaged(object) {
        if let Ok(Reading {
            fields: Some(f),
            fault: None,
            ..
        }) = parse(p, &damaged)
            && f.clone().into_iter().collect::<Map<_, _>>() != *object
        {
            return Err(format!("{damaged} was read as {f:?}"));
        }
    }
    Ok(())
}

fn what_is_no_object_is_refused(p: &dyn Parser, _: &Map<String, Value>) -> Result<(), String> {
    for raw in [
        "prompt=x",
        "",
        "[1]",
        "null",
        "I cannot help with that.",
        "{\"prompt\":1}{\"prompt\":2}",
        "Either {'prompt': 'a'} or {'prompt': 'b'}",
    ] {
        if let Ok(read) = parse(p, raw) {
            return Err(format!("{raw:?} was answered: {read:?}"));
        }
    }
    Ok(())
}

pub(super) fn objects() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[ -~é]{0,8}".prop_map(Value::from),
        Just(Value::Null),
    ];
    let value = leaf.prop_recursive(2, 8, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(Value::from)
    });
    let others = prop::collection::vec((prop::sample::select(OTHERS), value), 0..4);
    ("([ -~é\n]|\\\\|\", ){0,16}", 0u8..20, others).prop_map(|(prompt, temperature, others)| {
        let others = others.into_iter().map(|(name, v)| (name.to_string(), v));
        let mut map: Map<_, _> = others.collect();
        map.insert("prompt".into(), prompt.into());
        map.insert("temperature".into(), f64::from(temperature).into());
        map
    })
}

/// Set-ups, each with the laws that it keeps.
type Setups = Vec<(&'static str, Box<dyn Parser>, &'static str)>;

thread_local! {
    static SOUND: Setups = kinds().iter().map(|k| (k.name, make(k.name, ""), "")).collect();
    static FLAWED: Setups = FLAWS.iter().map(|f| (f.name, make(f.kind, f.options), f.breaks)).collect();
}

fn all_but_the_broken(setups: &Setups, object: &Map<String, Value>) -> Result<(), TestCaseError> {
    for (name, parser, breaks) in setups {
        for (law, holds) in LAWS.iter().filter(|(law, _)| law != breaks) {
            let kept = holds(&**parser, object);
            prop_assert!(kept.is_ok(), "{name} breaks {law}: {kept:?}");
        }
    }
    Ok(())
}

proptest! {
    // Each case walks all kinds or flaws, all laws, and every place at which an object can be cut.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_kind_keeps_every_law(object in objects()) {
        SOUND.with(|setups| all_but_the_broken(setups, &object))?;
    }

    #[test]
    fn a_flaw_keeps_all_other_laws(object in objects()) {
        FLAWED.with(|setups| all_but_the_broken(setups, &object))?;
    }

    /// mangiucugna/json_repair#44, on any values, escaped quotes and commas in texts among them.
    #[test]
    fn json_repair_44_repair_of_valid_json_is_the_identity(object in objects()) {
        let raw = text(&object);
        prop_assert_eq!(repair(&raw), Some(raw.clone()));
        // And so it is of the valid part of what is wrapped.
        let again = repair(&wrapped(&raw));
        prop_assert_eq!(again.map(|json| serde_json::from_str::<Value>(&json).ok()), Some(Some(Value::Object(object))));
    }

    /// That the laws of a repair are about something: each kind of damage is mended.
    #[test]
    fn every_damage_is_mended(object in objects()) {
        let parser = make("schema-json", "");
        for raw in damaged(&object) {
            match parse(&*parser, &raw) {
                Ok(reading) => prop_assert_eq!(reading.how, How::Repaired),
                // An escaped text may be valid by chance, such as an object without any text in it.
                Err(why) => prop_assert!(false, "{raw}: {why:?}"),
            }
        }
    }

    #[test]
    fn repair_ends_on_any_bytes(raw in "\\PC{0,40}", loose in "[{}\\[\\]\"'“”,:\\\\ a1TNone\n]{0,24}") {
        for raw in [raw, loose] {
            if let Some(once) = repair(&raw) {
                prop_assert_eq!(repair(&raw), Some(once));
            }
            for kind in ["", "partial = true", "repair_fills = true", "quotes = \"cut\""] {
                let _ = parse(&*make("schema-json", kind), &raw);
            }
        }
    }
}

#[test]
fn each_flaw_breaks_its_law() {
    let object = json!({ "a": 1, "prompt": "two \"words\", and more", "temperature": 0.9 });
    let object = object.as_object().unwrap();
    for flaw in FLAWS {
        let (_, law) = LAWS.iter().find(|(law, _)| *law == flaw.breaks).unwrap();
        let name = flaw.name;
        assert!(
            law(&*make(flaw.kind, flaw.options), object).is_err(),
            "{name} is no flaw"
        );
        assert!(
            law(&*make(flaw.kind, ""), object).is_ok(),
            "{name}: the sound one"
        );
    }
}

#[test]
fn repair_mends_punctuation_and_closes_nothing() {
    for (raw, mended) in [
        ("```json\n{\"a\":1}\n```", Some(r#"{"a":1}"#)),
        (r#"{'a': 'it\'s "so"'}"#, Some(r#"{"a": "it's \"so\""}"#)),
        (r#"{"a":[1,2,],}"#, Some(r#"{"a":[1,2]}"#)),
        (r#"{"a":"x, }","b":1,}"#, Some(r#"{"a":"x, }","b":1}"#)),
        ("{“a”: “so”}", Some(r#"{"a": "so"}"#)),
        ("{\"a\":\"one\ntwo\"}", Some(r#"{"a":"one\ntwo"}"#)),
        (
            "{'a': True, 'b': [None, False], 'c': 'True'}",
            Some(r#"{"a": true, "b": [null, false], "c": "True"}"#),
        ),
        ("Said \"yes\" [1]:\n```\n{\"a\":1,}```", Some(r#"{"a":1}"#)),
        ("Said \"yes\": {\"a\":1}", None),
        (r#"{"a":1"#, None),
        (r#"[{"a":1}"#, None),
        (r#"{"a":1} or {"a":2}"#, None),
        ("no", None),
    ] {
        assert_eq!(repair(raw).as_deref(), mended, "{raw}");
    }
}

#[test]
fn what_is_too_large_or_too_deep_is_refused_unread() {
    let too_large = |options: &str, raw: &str| {
        let read = parse(&*make("schema-json", options), raw);
        assert_eq!(
            read.map_err(|(why, _)| why),
            Err(ParseError::TooLarge),
            "{options}"
        );
    };
    let deep = |n: usize| {
        format!(
            "{{\"prompt\":\"x\",\"a\":{}{}}}",
            "[".repeat(n),
            "]".repeat(n)
        )
    };
    too_large(
        "max_bytes = 20",
        &format!("{{\"prompt\":\"{}\"}}", "x".repeat(20)),
    );
    too_large("max_depth = 3", &deep(3));
    too_large("max_depth = 3", &wrapped(&deep(3)));
    assert!(parse(&*make("schema-json", "max_depth = 4"), &deep(3)).is_ok());
    assert!(parse(&*make("schema-json", "max_depth = 127"), &deep(126)).is_ok());
    // As hostile as they come: no stack is used up, and no time but that of a few passes.
    for options in ["", "partial = true"] {
        too_large(options, &deep(200_000));
        too_large(options, &wrapped(&deep(200_000)));
        too_large(options, &"{\"a\":".repeat(150_000));
        for hostile in ["{\"a\":[,", "{", "\"'", ", ", "\\", "Tr"] {
            let raw = format!("{{{}", hostile.repeat(900_000 / hostile.len()));
            assert!(parse(&*make("schema-json", options), &raw).is_err());
        }
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    for (options, why) in [
        (
            "max_bytes = 0",
            "a parser that looks at no byte reads nothing",
        ),
        ("max_depth = 0", "a nesting of 0 is none"),
        ("max_depth = 4_000_000", "max_depth is 1 to 127"),
        (
            "renamed = { temp = \"temprature\" }",
            "did you mean \"temperature\"?",
        ),
        (
            "renamed = { prompt = \"temperature\" }",
            "an old name, and a field of its own",
        ),
        (
            "versions = { 0 = {} }",
            "version_field = \"schema_version\"",
        ),
        (
            "version_field = \"v\", versions = { one = {} }",
            "\"one\" is no version",
        ),
        (
            "version_field = \"v\", versions = { 1 = {} }",
            "version 1 is not an earlier one",
        ),
        (
            "version_field = \"v\", versions = { 0 = { defaults = { temperature = \"hot\" } } }",
            "is no default of a field \"temperature\"",
        ),
        (
            "fields = { x = { type = \"number\", default = \"hot\" } }",
            "the default \"hot\" is none",
        ),
        (
            "fields = { x = { type = \"number\", one_of = [\"1\"] } }",
            "only a text can be one of some texts",
        ),
        ("fields = { x = \"txt\" }", "unknown word \"txt\""),
    ] {
        let text = format!("p = {{ kind = \"schema-json\", {options}, XX }}");
        let (_, fields) = &base()[0];
        let rest = match options.contains("fields = ") {
            true => "repair = \"once\"".into(),
            false => format!("fields = {fields}"),
        };
        let file = Node::parse(&Source::new("law.toml", text.replace("XX", &rest))).unwrap();
        let refused = pick(&kinds(), "parser", file.get("p").unwrap())
            .map(drop)
            .unwrap_err();
        assert!(refused.to_string().contains(why), "{options}: {refused}");
    }
}
