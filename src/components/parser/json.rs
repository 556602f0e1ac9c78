//! A JSON object with required fields: no schema of what else may be there, and no repair.

use super::{ParseError, Parser, Reading, Refused, category};
use serde_json::Value;

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
    fn parse(&self, raw: &str, fields: &[(String, Value)]) -> Result<Reading, Refused> {
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
        let deep = format!("{{\"prompt\":{}{}}}", "[".repeat(500), "]".repeat(500));
        assert_eq!(parse(&deep), Err(("too_large", String::new())));
    }
}
