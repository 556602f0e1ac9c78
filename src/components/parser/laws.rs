//! What every sound parser keeps. Walks the table of kinds, and holds each flaw to the law that it breaks.

use super::{FLAWS, ParseError, Parser, Reading, kinds, repair};
use crate::config::{Node, Source, pick};
use proptest::prelude::*;
use serde_json::{Map, Value};

type Law = fn(&dyn Parser, &Map<String, Value>) -> Result<(), String>;

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
];

fn make(kind: &str, options: &str) -> Box<dyn Parser> {
    let kind = kinds().into_iter().find(|k| k.name == kind).unwrap();
    let needs = if (kind.fields)().iter().any(|f| f.name == "required") {
        "required = [\"prompt\"], texts = [\"prompt\"]"
    } else {
        "fields = { prompt = \"text\" }"
    };
    let comma = if options.is_empty() { "" } else { ", " };
    let text = format!(
        "p = {{ kind = \"{}\", {needs}{comma}{options} }}",
        kind.name
    );
    let file = Node::parse(&Source::new("law.toml", text)).unwrap();
    pick(&kinds(), "parser", file.get("p").unwrap()).unwrap()
}

fn parse(parser: &dyn Parser, raw: &str) -> Result<Reading, (ParseError, String)> {
    let fields: Vec<_> = match serde_json::from_str(raw) {
        Ok(Value::Object(map)) => map.into_iter().collect(),
        _ => vec![],
    };
    parser.parse(raw, &fields)
}

fn text(object: &Map<String, Value>) -> String {
    Value::Object(object.clone()).to_string()
}

fn what_is_valid_is_read_as_it_is(
    p: &dyn Parser,
    object: &Map<String, Value>,
) -> Result<(), String> {
    let raw = text(object);
    match parse(p, &raw) {
        Ok(Reading { repaired: None }) => Ok(()),
        other => Err(format!("{raw}: {other:?}")),
    }
}

fn what_is_cut_short_is_never_read(
    p: &dyn Parser,
    object: &Map<String, Value>,
) -> Result<(), String> {
    let raw = text(object);
    for (end, _) in raw.char_indices() {
        if let Ok(Reading { repaired }) = parse(p, &raw[..end])
            && repaired.as_ref().is_none_or(|fields| !fields.is_empty())
        {
            return Err(format!("{} was read as {repaired:?}", &raw[..end]));
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
        if let Ok(Reading { repaired: Some(f) }) = parse(p, &raw)
            && f.iter().any(|(name, _)| name == "prompt")
        {
            return Err(format!("{raw}: a prompt was made up: {f:?}"));
        }
    }
    Ok(())
}

fn a_repair_gives_what_was_meant(
    p: &dyn Parser,
    object: &Map<String, Value>,
) -> Result<(), String> {
    let raw = text(object);
    let comma = format!("{},}}", &raw[..raw.len() - 1]);
    for damaged in [wrapped(&raw), comma.clone(), wrapped(&comma)] {
        if let Ok(Reading { repaired: Some(f) }) = parse(p, &damaged)
            && f.into_iter().collect::<Map<_, _>>() != *object
        {
            return Err(format!("{damaged} was read as something else"));
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
        "{a:1}{b:2}",
    ] {
        if let Ok(read) = parse(p, raw) {
            return Err(format!("{raw:?} was answered: {read:?}"));
        }
    }
    Ok(())
}

fn objects() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[ -~é]{0,8}".prop_map(Value::from),
        Just(Value::Null),
    ];
    let value = leaf.prop_recursive(2, 8, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(Value::from)
    });
    let others = prop::collection::vec(("[a-o\"'{},]{1,4}", value), 0..4);
    ("[ -~é\n]{0,16}", others).prop_map(|(prompt, others)| {
        let mut map: Map<_, _> = others.into_iter().collect();
        map.insert("prompt".into(), prompt.into());
        map
    })
}

proptest! {
    #[test]
    fn every_kind_keeps_every_law(object in objects()) {
        for kind in kinds() {
            for (law, holds) in LAWS {
                let kept = holds(&*make(kind.name, ""), &object);
                prop_assert!(kept.is_ok(), "{} breaks {law}: {kept:?}", kind.name);
            }
        }
    }

    #[test]
    fn a_flaw_keeps_all_other_laws(object in objects()) {
        for flaw in FLAWS {
            for (law, holds) in LAWS.iter().filter(|(law, _)| *law != flaw.breaks) {
                let kept = holds(&*make(flaw.kind, flaw.options), &object);
                prop_assert!(kept.is_ok(), "{} breaks {law}: {kept:?}", flaw.name);
            }
        }
    }

    #[test]
    fn repair_leaves_valid_json_alone(object in objects()) {
        let raw = text(&object);
        prop_assert_eq!(repair(&raw), Some(raw));
    }

    #[test]
    fn repair_ends_on_any_bytes(raw in "\\PC{0,40}", loose in "[{}\\[\\]\"',:\\\\ a1]{0,24}") {
        for raw in [raw, loose] {
            if let Some(once) = repair(&raw) {
                prop_assert_eq!(repair(&raw), Some(once));
            }
        }
    }
}

#[test]
fn each_flaw_breaks_its_law() {
    let object: Map<String, Value> =
        serde_json::from_str(r#"{"a":1,"prompt":"two words"}"#).unwrap();
    for flaw in FLAWS {
        let (_, law) = LAWS.iter().find(|(law, _)| *law == flaw.breaks).unwrap();
        assert!(
            law(&*make(flaw.kind, flaw.options), &object).is_err(),
            "{} is no flaw",
            flaw.name
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
        (r#"{"a":1"#, None),
        (r#"[{"a":1}"#, None),
        (r#"{"a":1} or {"a":2}"#, None),
        ("no", None),
    ] {
        assert_eq!(repair(raw).as_deref(), mended, "{raw}");
    }
}

#[test]
fn old_names_are_read_and_a_breaking_rename_is_not() {
    let object = r#"{"prompt":"x","temp":1}"#;
    let schema = |more: &str| {
        let text = format!(
            "p = {{ kind = \"schema-json\", unknown = \"refuse\", fields = {{ prompt = \"text\", temperature = \"number\" }}{more} }}"
        );
        let file = Node::parse(&Source::new("law.toml", text)).unwrap();
        pick(&kinds(), "parser", file.get("p").unwrap()).unwrap()
    };
    assert_eq!(
        parse(&*schema(""), object),
        Err((ParseError::MissingField, "temperature".into()))
    );
    let mapped = schema(", renamed = { temp = \"temperature\" }");
    assert_eq!(parse(&*mapped, object), Ok(Reading::default()));
    assert_eq!(
        parse(&*mapped, r#"{"prompt":"x","temp":1,"z":1}"#),
        Err((ParseError::UnknownField, "z".into()))
    );
}
