//! Compatibility of schemas: whether every payload that writers of one schema may write is read by readers of another.
//!
//! Short answer: *backward* is new readers with old payloads, *forward* old readers with new payloads, *full* both. A writer
//! sends its fields under today's names, in the types of its schema; those that are not required, or have a default, it may
//! leave out. For each field there are a few values that stand for all that its reader could mind; each break comes with a
//! payload that the reader refuses. Sizes and depths are not compared.
//!
//! Cost: O(fields of the writer × values that stand for its type), each a look-up in the reader.
//!
//! Source: Avro's schema resolution and the modes of schema registries; Q17: "no compatibility tests between service versions".

use super::{ParseError, SchemaJson, Type, Unknown, schema::Rule};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

crate::choice! {
    /// Which way schemas have to be compatible.
    pub enum Mode {
        /// New readers read what old writers wrote.
        Backward = "backward",
        /// Old readers read what new writers write.
        Forward = "forward",
        /// Both.
        Full = "full",
    }
}

/// A payload that a writer may write and a reader refuses.
#[derive(Clone, Debug, PartialEq)]
pub struct Break {
    /// The reader's reason.
    pub why: ParseError,
    /// The field, by the name of whoever has it: the reader's where it is missing, else the writer's.
    pub field: String,
    /// The payload.
    pub witness: Value,
}

/// What a reader makes of a writer's payloads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What it refuses, once for each field and reason.
    pub breaks: Vec<Break>,
    /// Fields of the writer that it passes over.
    pub passed_over: Vec<String>,
    /// Its own fields for which no field of the writer stands.
    pub left_to_default: Vec<String>,
}

/// What readers of `reader` make of all that writers of `writer` may write.
pub fn check(writer: &SchemaJson, reader: &SchemaJson) -> Outcome {
    let mut seen = BTreeSet::new();
    let mut outcome = Outcome::default();
    for version in versions(writer, reader) {
        let case = Case {
            writer,
            reader,
            version,
        };
        for found in case.breaks() {
            if seen.insert((found.why, found.field.clone())) {
                outcome.breaks.push(found);
            }
        }
        for (name, _) in &writer.options.fields.0 {
            if case.place(name).is_none() && !outcome.passed_over.contains(name) {
                outcome.passed_over.push(name.clone());
            }
        }
        for (place, (name, _)) in reader.options.fields.0.iter().enumerate() {
            let mut sent = writer.options.fields.0.iter();
            let said = sent.any(|(n, _)| case.place(n).is_some_and(|(p, _)| p == place));
            if !said && !outcome.left_to_default.contains(name) {
                outcome.left_to_default.push(name.clone());
            }
        }
    }
    if reader.options.unknown == Unknown::Refuse {
        outcome.passed_over.clear();
    }
    outcome
}

/// The versions that a reader can see in a writer's payloads: values of its version field, or that it is absent.
fn versions(writer: &SchemaJson, reader: &SchemaJson) -> Vec<Option<Value>> {
    let (w, r) = (&writer.options, &reader.options);
    let Some(field) = &r.version_field else {
        return vec![None];
    };
    if w.version_field.as_ref() == Some(field) {
        return vec![Some(w.schema_version.into())];
    }
    let Some(rule) = w.fields.get(field) else {
        return vec![None];
    };
    // An ordinary field to the writer: any value of its type.
    let today = i64::from(r.schema_version);
    let known = r.versions.0.iter().map(|(number, _)| *number);
    let numbers = known.chain([today, today + 1]).map(Value::from);
    let numbers = numbers.filter(|value| rule.fits(value) == Ok(None));
    let others = samples(rule, None)
        .into_iter()
        .filter(|v| v.as_i64().is_none());
    let absent = (!rule.must_be_there()).then_some(None);
    absent
        .into_iter()
        .chain(numbers.chain(others).map(Some))
        .collect()
}

/// Values that stand for all of a field's, as far as a reader with the rule `of` could tell them apart.
fn samples(field: &Rule, of: Option<&Rule>) -> Vec<Value> {
    if !field.one_of.is_empty() {
        return field.one_of.iter().map(|t| t.as_str().into()).collect();
    }
    // A text that is none of those that the reader knows.
    let known = of.iter().flat_map(|rule| &rule.one_of);
    let longest = known.max_by_key(|text| text.len());
    let text = format!("{}~", longest.map_or("text", String::as_str));
    let all = [
        json!(text),
        json!(718_281_828),
        json!(0.5),
        json!(true),
        json!(false),
        json!([]),
        json!({}),
        json!(null),
    ];
    all.into_iter()
        .filter(|value| field.r#type.holds(value))
        .collect()
}

struct Case<'a> {
    writer: &'a SchemaJson,
    reader: &'a SchemaJson,
    version: Option<Value>,
}

impl Case<'_> {
    /// The reader's place of a field of the writer, and whether the writer uses the reader's name of today.
    fn place(&self, name: &str) -> Option<(usize, bool)> {
        let older = self.reader.migration_of(self.version.as_ref());
        self.reader.place(name, older)
    }

    /// The writer's rule of a field, if the reader reads it in some payload, and not always another one in its place.
    fn used(&self, name: &str, place: usize, today: bool) -> bool {
        let old_wins = self.reader.options.old_name_wins;
        let mut others = self.writer.options.fields.0.iter();
        !others.any(|(other, rule)| {
            let rival = self.place(other).filter(|(p, _)| *p == place);
            other != name
                && rule.must_be_there()
                && rival.is_some_and(|(_, now)| now != today && now != old_wins)
        })
    }

    fn breaks(&self) -> Vec<Break> {
        let (w, r) = (&self.writer.options, &self.reader.options);
        let mut all = vec![];
        let mut put = |why, field: &str, witness| {
            let field = field.to_string();
            all.push(Break {
                why,
                field,
                witness,
            });
        };
        if let (Some(field), Some(version)) = (&r.version_field, &self.version) {
            match version.as_i64() {
                None => put(ParseError::WrongType, field, self.payload(None)),
                Some(v) if v > i64::from(r.schema_version) && r.unknown == Unknown::Refuse => {
                    put(ParseError::UnknownValue, field, self.payload(None));
                }
                Some(_) => {}
            }
        }
        for (name, rule) in &w.fields.0 {
            let Some((place, today)) = self.place(name) else {
                if r.unknown == Unknown::Refuse && r.version_field.as_ref() != Some(name) {
                    let first = samples(rule, None).swap_remove(0);
                    put(
                        ParseError::UnknownField,
                        name,
                        self.payload(Some((name, first))),
                    );
                }
                continue;
            };
            if !self.used(name, place, today) {
                continue;
            }
            let of = &r.fields.0[place].1;
            for value in samples(rule, Some(of)) {
                if let Err(why) = of.fits(&value) {
                    put(why, name, self.payload(Some((name, value))));
                }
            }
        }
        if let Some(field) = &w.version_field {
            let known = self.place(field);
            if known.is_none() && r.version_field.as_ref() != Some(field) {
                if r.unknown == Unknown::Refuse {
                    put(ParseError::UnknownField, field, self.payload(None));
                }
            } else if let Some((place, _)) = known
                && let Err(why) = r.fields.0[place].1.fits(&w.schema_version.into())
            {
                put(why, field, self.payload(None));
            }
        }
        let older = self.reader.migration_of(self.version.as_ref());
        for (place, (name, rule)) in r.fields.0.iter().enumerate() {
            let older = older.is_some_and(|older| older.defaults.contains_key(&place));
            let mut sent = w.fields.0.iter();
            let said = sent.any(|(n, rule)| {
                rule.must_be_there() && self.place(n).is_some_and(|(p, _)| p == place)
            });
            let tag = w
                .version_field
                .as_deref()
                .and_then(|field| self.place(field));
            if rule.must_be_there() && !older && !said && tag.is_none_or(|(p, _)| p != place) {
                put(ParseError::MissingField, name, self.payload(None));
            }
        }
        all
    }

    /// The smallest payload of the writer, with a field besides; values that the reader takes as far as there are any.
    fn payload(&self, with: Option<(&str, Value)>) -> Value {
        let (w, r) = (&self.writer.options, &self.reader.options);
        let mut fields = Map::new();
        if let Some((name, value)) = with {
            fields.insert(name.into(), value);
        }
        for (name, rule) in w.fields.0.iter().filter(|(_, rule)| rule.must_be_there()) {
            let of = self.place(name).map(|(place, _)| &r.fields.0[place].1);
            let all = samples(rule, of);
            let taken = all
                .iter()
                .find(|value| of.is_none_or(|of| of.fits(value).is_ok()));
            if let Some(value) = taken.or(all.first())
                && !fields.contains_key(name)
            {
                fields.insert(name.clone(), value.clone());
            }
        }
        match (&self.version, &r.version_field, &w.version_field) {
            (Some(version), Some(field), _) => fields.insert(field.clone(), version.clone()),
            (_, _, Some(field)) => fields.insert(field.clone(), w.schema_version.into()),
            _ => None,
        };
        Value::Object(fields)
    }
}

/// What to do about a break, in words.
pub fn remedy(why: ParseError) -> &'static str {
    match why {
        ParseError::MissingField => {
            "give it a default, or name in `renamed` what stood for it before"
        }
        ParseError::WrongType => {
            "readers take the wider type first; `coerce` reads one that spells it"
        }
        ParseError::UnknownValue => "readers learn the new value before a writer sends it",
        ParseError::WrongFormat => "readers take both forms before a writer changes over",
        ParseError::UnknownField => {
            "readers pass over what they do not know (unknown = \"ignore\"), or learn it first"
        }
        _ => "",
    }
}

/// A JSON Schema of an object as a schema of this parser.
///
/// # Errors
/// What is in it that this check does not understand, in words.
pub fn of_json_schema(schema: &Value) -> Result<SchemaJson, String> {
    let properties = match schema.get("properties") {
        Some(Value::Object(properties)) => properties.clone(),
        _ => return Err("a JSON Schema of an object has \"properties\"".into()),
    };
    for part in ["anyOf", "oneOf", "allOf", "$ref", "patternProperties", "if"] {
        if schema.get(part).is_some() {
            return Err(format!("\"{part}\" is more than this check understands"));
        }
    }
    let required: Vec<&str> = match schema.get("required") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    let mut fields = vec![];
    for (name, property) in &properties {
        for part in ["anyOf", "oneOf", "allOf", "$ref", "not"] {
            if property.get(part).is_some() {
                let what = format!("\"{part}\" of \"{name}\" is more than this check understands");
                return Err(what);
            }
        }
        let r#type = match property.get("type") {
            None => Type::Any,
            Some(Value::String(word)) => match word.as_str() {
                "string" => Type::Text,
                "integer" => Type::Integer,
                "number" => Type::Number,
                "boolean" => Type::Bool,
                "array" => Type::List,
                "object" => Type::Object,
                other => return Err(format!("\"{name}\" has type \"{other}\"")),
            },
            Some(other) => return Err(format!("\"{name}\" has type {other}, which is not one")),
        };
        let mut rule = Rule::of(r#type);
        rule.required = required.contains(&name.as_str());
        // An annotation in JSON Schema: what is required is required all the same.
        rule.default = property
            .get("default")
            .filter(|_| !rule.required)
            .map(|value| super::Json(value.clone()));
        if let Some(Value::Array(words)) = property.get("enum") {
            let texts = words.iter().map(|word| word.as_str().map(String::from));
            let texts: Option<Vec<_>> = texts.collect();
            rule.one_of =
                texts.ok_or_else(|| format!("\"{name}\" is an enum of other than texts"))?;
        }
        fields.push((name.clone(), rule));
    }
    let mut options = super::SchemaJsonOptions::plain();
    options.fields.0 = fields;
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        options.unknown = Unknown::Refuse;
    }
    Ok(SchemaJson::of(options))
}
