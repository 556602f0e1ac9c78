//! Parsers of requests' payloads: can it be read? Sources: Q7, Q17, Q22.
//!
//! # Short answer
//! Read strictly against a typed schema. Where that fails on the bytes, one deterministic repair (strip what stands around
//! the object, single quotes, trailing commas), then the same strict check again, and a refusal when it fails twice. A
//! repair mends punctuation and never makes up a value: what is cut short is refused. Old names of fields are mapped, so
//! that a rename is an additive change.
//!
//! # Complexity
//! One pass over the bytes for each of strict reading, repair and second reading: O(bytes) time and memory.
//!
//! # Follow-ups of the seed
//! - How is drift seen after an upgrade of the model? `parse.repair_rate` rises while `error_rate` does not:
//!   `gameday replay incident-07 --variant sound`.
//! - How are schemas versioned without breaking clients? Additive fields and `renamed`: `gameday replay incident-17`.
//!
//! # Anti-patterns
//! Each is a flaw in [`FLAWS`]: `partial-accepted`, `repair-fills-defaults`, `errors-as-200`. A strict parser without a
//! repair (`repair = "none"`) is sound and refuses more than it has to: the deploy of incident-07.
//!
//! # Smallest set-up
//! ```toml
//! parse = { kind = "schema-json", fields = { prompt = "text", temperature = { type = "number", required = false } } }
//! ```
//!
//! # Source
//! RFC 8259; mangiucugna/json_repair#44 (a repair that cut valid strings short).

mod repair;
mod schema_json;

#[cfg(test)]
mod laws;

pub use repair::repair;
pub use schema_json::{Renamed, Repair, Rule, Rules, SchemaJsonOptions, Type, Unknown};

use crate::config::{At, Kind, Options, Table};
use serde_json::Value;

crate::choice! {
    /// Why a payload could not be read.
    pub enum ParseError {
        /// A required field is absent.
        MissingField = "missing_field",
        /// A field has another type.
        WrongType = "wrong_type",
        /// A field has a value that is not known.
        UnknownValue = "unknown_value",
        /// The payload ends early.
        Truncated = "truncated",
        /// Something stands around it.
        Wrapped = "wrapped",
        /// It is not the format at all.
        Syntax = "syntax",
        /// A field that the schema does not have, where it has to have all.
        UnknownField = "unknown_field",
    }
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The fields that were read instead of those of the bytes; `None`: the bytes were read as they are.
    pub repaired: Option<Vec<(String, Value)>>,
}

/// Reads payloads. Stateless: the same payload always gives the same answer, so answers are memoised.
pub trait Parser {
    /// Checks a payload: its bytes and, where they are a JSON object, its fields.
    ///
    /// # Errors
    /// Why it cannot be read, and the field that it is about (empty for the whole).
    fn parse(&self, raw: &str, fields: &[(String, Value)])
    -> Result<Reading, (ParseError, String)>;
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[
    super::Flaw {
        name: "partial-accepted",
        kind: "schema-json",
        options: "partial = true",
        breaks: "what_is_cut_short_is_never_read",
        source: "Q7: accepting partially parsed objects silently",
    },
    super::Flaw {
        name: "repair-fills-defaults",
        kind: "schema-json",
        options: "repair_fills = true",
        breaks: "a_repair_makes_nothing_up",
        source: "Q7: mixing parser repair and business defaults in one step",
    },
    super::Flaw {
        name: "errors-as-200",
        kind: "schema-json",
        options: "answer_malformed = true",
        breaks: "what_is_no_object_is_refused",
        source: "Q7: returning malformed data with HTTP 200 status",
    },
];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn Parser>>> {
    vec![
        Kind {
            name: "json",
            summary: "a JSON object with required fields",
            fields: JsonOptions::fields,
            build: |at: &At, table: &Table, taken: &[&str]| {
                Ok(Box::new(JsonOptions::read_table(
                    at,
                    table,
                    &[taken, &["version", "time"]].concat(),
                )?) as Box<dyn Parser>)
            },
        },
        Kind {
            name: "schema-json",
            summary: "a JSON object against a typed schema, with one repair and old names of fields",
            fields: schema_json::SchemaJsonOptions::fields,
            build: schema_json::build,
        },
    ]
}

crate::options! {
    /// JSON parser.
    #[derive(Clone, Debug, PartialEq)]
    pub struct JsonOptions {
        /// Fields that must be there.
        required: Vec<String> = vec![], "none";
        /// Fields that must be texts where they are there.
        texts: Vec<String> = vec![], "none";
        /// Fields that must be numbers where they are there.
        numbers: Vec<String> = vec![], "none";
    }
}

impl Parser for JsonOptions {
    fn parse(
        &self,
        raw: &str,
        fields: &[(String, Value)],
    ) -> Result<Reading, (ParseError, String)> {
        if fields.is_empty() {
            return Err((category(raw), String::new()));
        }
        let find = |name: &String| {
            fields
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, value)| value)
        };
        for name in &self.required {
            if find(name).is_none() {
                return Err((ParseError::MissingField, name.clone()));
            }
        }
        let typed = |names: &[String], right: fn(&Value) -> bool| {
            names
                .iter()
                .find(|name| find(name).is_some_and(|v| !right(v)))
                .cloned()
        };
        match typed(&self.texts, Value::is_string).or(typed(&self.numbers, Value::is_number)) {
            Some(name) => Err((ParseError::WrongType, name)),
            None => Ok(Reading::default()),
        }
    }
}

/// What is wrong with bytes that are no JSON object.
fn category(raw: &str) -> ParseError {
    match serde_json::from_str::<serde::de::IgnoredAny>(raw) {
        Ok(_) => ParseError::WrongType, // JSON, but no object
        Err(e) if e.is_eof() => ParseError::Truncated,
        Err(_) if raw.contains('{') && !raw.trim_start().starts_with('{') => ParseError::Wrapped,
        Err(_) => ParseError::Syntax,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_broken_payload_gets_its_category() {
        let parser = JsonOptions {
            required: vec!["prompt".into()],
            texts: vec!["prompt".into()],
            numbers: vec!["t".into()],
        };
        let parse = |raw: &str| {
            let fields: Vec<_> = match serde_json::from_str(raw) {
                Ok(Value::Object(map)) => map.into_iter().collect(),
                _ => vec![],
            };
            parser
                .parse(raw, &fields)
                .map(drop)
                .map_err(|(category, path)| (category.word(), path))
        };
        assert_eq!(parse(r#"{"prompt":"x","t":1}"#), Ok(()));
        for (raw, category, path) in [
            (r#"{"t":1}"#, "missing_field", "prompt"),
            (r#"{"prompt":1}"#, "wrong_type", "prompt"),
            (r#"{"prompt":"x","t":"1"}"#, "wrong_type", "t"),
            (r#"{"prompt":"x"#, "truncated", ""),
            ("```json\n{\"prompt\":\"x\"}\n```", "wrapped", ""),
            ("prompt=x", "syntax", ""),
            ("[1]", "wrong_type", ""),
        ] {
            assert_eq!(parse(raw), Err((category, path.to_string())), "{raw}");
        }
    }
}
