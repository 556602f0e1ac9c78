//! The check of compatibility against what readers do: random schemas, random payloads.

use super::{
    Fields, Json, Migration, Parser, Refused, Renamed, Repair, Rule, SchemaJson, SchemaJsonOptions,
    Type, Unknown, compat, schema::Defaults,
};
use crate::config::Choice;
use proptest::prelude::*;
use serde_json::{Value, json};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const OLD: [&str; 3] = ["old", "older", "d"];

fn values() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!("x"),
        json!("y"),
        json!("0.5"),
        json!("7"),
        json!("true"),
        json!(""),
        json!(7),
        json!(-1),
        json!(2_000_000_000_000_i64),
        json!(0.5),
        json!(2.0),
        json!(-1e300),
        json!(true),
        json!(false),
        json!([1]),
        json!({ "a": 1 }),
        json!(null),
    ])
}

fn rules() -> impl Strategy<Value = Rule> {
    let types = Type::WORDS.iter().map(|(_, t)| *t).collect::<Vec<_>>();
    let texts = prop::sample::subsequence(vec!["x", "y", "7"], 0..3);
    let types = prop::sample::select(types);
    let dice = (any::<bool>(), any::<bool>(), prop::option::of(values()));
    (types, texts, dice).prop_map(|(of, texts, (required, coerce, default))| {
        let mut rule = Rule::of(of);
        if matches!(of, Type::Text | Type::Any) {
            rule.one_of = texts.iter().map(|t| t.to_string()).collect();
        }
        (rule.required, rule.coerce) = (required, coerce);
        rule.default = default
            .filter(|value| rule.fits(value) == Ok(None))
            .map(Json);
        rule
    })
}

fn schemas() -> impl Strategy<Value = SchemaJson> {
    let fields = prop::collection::vec(prop::option::weighted(0.7, rules()), NAMES.len());
    let renamed = || {
        let pairs = (
            prop::sample::select(&OLD[..]),
            prop::sample::select(&NAMES[..3]),
        );
        prop::collection::vec(pairs, 0..3)
    };
    let default = prop::option::of((prop::sample::select(&NAMES[..]), values()));
    let migrations = prop::collection::vec(prop::option::of((renamed(), default)), 3);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (fields, renamed(), flags, 0u32..4, 0u32..4, migrations).prop_map(
        |(fields, renamed, (strict, tagged, old_wins), version, unversioned, migrations)| {
            let mut o = SchemaJsonOptions::plain();
            let named = NAMES.iter().zip(fields);
            o.fields.0 = named
                .filter_map(|(name, rule)| Some((name.to_string(), rule?)))
                .collect();
            let fields = o.fields.clone();
            let sound = |pairs: Vec<(&str, &str)>| {
                let right = |(old, new): &(&str, &str)| {
                    fields.get(old).is_none() && fields.get(new).is_some()
                };
                let pairs = pairs.into_iter().filter(right);
                Renamed(pairs.map(|(old, new)| (old.into(), new.into())).collect())
            };
            o.renamed = sound(renamed);
            if strict {
                o.unknown = Unknown::Refuse;
            }
            (o.schema_version, o.unversioned, o.old_name_wins) = (version, unversioned, old_wins);
            if tagged {
                o.version_field = Some("v".into());
                for (number, migration) in migrations.into_iter().enumerate() {
                    let Some((renamed, default)) = migration.filter(|_| number < version as usize)
                    else {
                        continue;
                    };
                    let right = |(name, value): &(&str, Value)| {
                        o.fields
                            .get(name)
                            .is_some_and(|rule| rule.fits(value) == Ok(None))
                    };
                    let default = default.filter(right);
                    let migration = Migration {
                        renamed: sound(renamed),
                        defaults: Defaults(
                            default
                                .map(|(n, v)| (n.to_string(), v))
                                .into_iter()
                                .collect(),
                        ),
                    };
                    o.versions.0.push((number as i64, migration));
                }
            }
            o.repair = Repair::None;
            SchemaJson::of(o)
        },
    )
}

/// A payload that a writer of this schema may write.
fn written(writer: &SchemaJson, dice: &[(bool, Vec<Value>)], shift: usize) -> Fields {
    let mut fields = vec![];
    for ((name, rule), (there, values)) in writer.options.fields.0.iter().zip(dice) {
        let right = |value: &&Value| rule.fits(value) == Ok(None);
        if rule.must_be_there() || *there {
            let value = values.iter().find(right).cloned();
            // None of the dice fits: what always does.
            let texts = rule.one_of.first().map(|text| json!(text));
            let of_type = match rule.r#type {
                Type::Text | Type::Any => json!("x"),
                Type::Integer => json!(3),
                Type::Number => json!(0.25),
                Type::Bool => json!(true),
                Type::List => json!([]),
                Type::Object => json!({}),
            };
            fields.push((name.clone(), value.or(texts).unwrap_or(of_type)));
        }
    }
    if let Some(field) = &writer.options.version_field {
        fields.push((field.clone(), writer.options.schema_version.into()));
    }
    if !fields.is_empty() {
        let shift = shift % fields.len();
        fields.rotate_left(shift);
    }
    fields
}

fn read(reader: &SchemaJson, fields: &[(String, Value)]) -> Result<super::Reading, Refused> {
    let raw = Value::Object(fields.iter().cloned().collect()).to_string();
    reader.parse(&raw, fields)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever a reader refuses, the check has told of; and of each break that it tells there is a payload that the writer
    /// may write and the reader refuses.
    #[test]
    fn the_check_tells_all_breaks_and_no_others(
        writer in schemas(),
        reader in schemas(),
        dice in prop::collection::vec((any::<bool>(), prop::collection::vec(values(), 6)), NAMES.len()),
        shift in 0usize..8,
    ) {
        let outcome = compat::check(&writer, &reader);
        let fields = written(&writer, &dice, shift);
        if let Err((why, field)) = read(&reader, &fields) {
            let told = outcome.breaks.iter().any(|b| b.why == why && b.field == field);
            prop_assert!(told, "{fields:?} is refused for {why:?} of {field}: {:?}", outcome.breaks);
        }
        for found in outcome.breaks {
            let Value::Object(witness) = found.witness.clone() else { unreachable!() };
            let witness: Fields = witness.into_iter().collect();
            prop_assert!(read(&reader, &witness).is_err(), "{found:?} is read");
            let mut strict = writer.options.clone();
            strict.unknown = Unknown::Refuse;
            let own = read(&SchemaJson::of(strict), &witness);
            prop_assert!(own.is_ok(), "{found:?} is not written: {own:?}");
        }
    }

    #[test]
    fn a_schema_is_compatible_with_itself_and_an_additive_change_both_ways(schema in schemas(), added in rules()) {
        let mut lenient = schema.options.clone();
        lenient.unknown = Unknown::Ignore;
        lenient.fields.0.iter_mut().for_each(|(_, rule)| rule.coerce = false);
        let mut wider = lenient.clone();
        let mut added = added;
        added.required = false;
        wider.fields.0.push(("added".into(), added));
        let (old, new) = (SchemaJson::of(lenient), SchemaJson::of(wider));
        for (writer, reader) in [(&old, &old), (&old, &new), (&new, &old)] {
            prop_assert_eq!(compat::check(writer, reader).breaks, vec![]);
        }
    }
}

#[test]
fn a_json_schema_is_read_or_what_is_not_understood_is_named() {
    let schema = |text: &str| compat::of_json_schema(&serde_json::from_str(text).unwrap());
    let strict = schema(
        r#"{ "type": "object", "additionalProperties": false, "required": ["a"],
             "properties": { "a": { "type": "string", "enum": ["x"] }, "b": { "type": "number", "default": 0.5 } } }"#,
    )
    .unwrap();
    assert_eq!(strict.options.unknown, Unknown::Refuse);
    let a = strict.options.fields.get("a").unwrap();
    assert!(a.must_be_there() && a.one_of == ["x"] && a.r#type == Type::Text);
    let b = strict.options.fields.get("b").unwrap();
    assert_eq!(
        (b.must_be_there(), &b.default),
        (false, &Some(Json(json!(0.5))))
    );
    for (text, why) in [
        ("[]", "properties"),
        (
            r#"{ "properties": { "a": { "type": ["string", "null"] } } }"#,
            "which is not one",
        ),
        (
            r#"{ "properties": { "a": { "anyOf": [] } } }"#,
            "\"anyOf\" of \"a\"",
        ),
        (
            r#"{ "properties": { "a": { "enum": [1] } } }"#,
            "an enum of other than texts",
        ),
        (r#"{ "properties": {}, "allOf": [] }"#, "\"allOf\" is more"),
    ] {
        let refused = schema(text).map(drop).unwrap_err();
        assert!(refused.contains(why), "{text}: {refused}");
    }
}
