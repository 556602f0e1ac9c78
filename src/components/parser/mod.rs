//! Parsers of requests' payloads: can it be read? Sources: Q7, Q17, Q22.

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
    }
}

/// Reads payloads. Stateless: the same payload always gives the same answer, so answers are memoised.
pub trait Parser {
    /// Checks a payload: its bytes and, where they are a JSON object, its fields.
    ///
    /// # Errors
    /// Why it cannot be read, and the field that it is about (empty for the whole).
    fn parse(&self, raw: &str, fields: &[(String, Value)]) -> Result<(), (ParseError, String)>;
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn Parser>>> {
    vec![Kind {
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
    }]
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
    fn parse(&self, raw: &str, fields: &[(String, Value)]) -> Result<(), (ParseError, String)> {
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
            None => Ok(()),
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
