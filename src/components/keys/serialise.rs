//! Writing a payload's fields: normalisation of values, and the serializer's manner.

use serde_json::Value;
use std::{borrow::Cow, fmt::Write};
use unicode_normalization::UnicodeNormalization;

crate::choice! {
    /// A step of normalisation, applied to every text value.
    pub enum Normaliser {
        /// White space at both ends goes.
        Trim = "trim",
        /// Unicode normal form C.
        Nfc = "nfc",
        /// Lower case.
        Lowercase = "lowercase",
        /// Runs of white space become one space.
        Collapse = "collapse",
        /// Fields whose name begins with `_` (cache busters) go.
        DropPrivate = "drop-private",
    }
}

crate::choice! {
    /// How a serializer writes numbers with a fraction.
    pub enum Floats {
        /// The shortest text that reads back as the same number: `0.7`.
        Shortest = "shortest",
        /// Six digits: `0.700000`.
        Fixed = "fixed",
        /// With an exponent: `7e-1`.
        Exponent = "exponent",
    }
}

/// A serializer's manner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Keys in order, instead of as sent.
    pub sorted: bool,
    /// A space after `:` and `,`.
    pub spaced: bool,
    /// How fractions are written.
    pub floats: Floats,
}

impl Style {
    /// RFC 8785: sorted, no white space, shortest numbers.
    pub const CANONICAL: Style = Style {
        sorted: true,
        spaced: false,
        floats: Floats::Shortest,
    };
}

/// Writes fields as a JSON object.
pub fn write<'a>(
    fields: impl Iterator<Item = (&'a str, &'a Value)>,
    style: Style,
    normalise: &[Normaliser],
) -> String {
    let mut fields: Vec<_> = fields
        .filter(|(name, _)| {
            !(normalise.contains(&Normaliser::DropPrivate) && name.starts_with('_'))
        })
        .collect();
    if style.sorted {
        fields.sort_by_key(|(name, _)| *name);
    }
    let mut out = String::with_capacity(128);
    object(&mut out, fields.into_iter(), style, normalise);
    out
}

fn object<'a>(
    out: &mut String,
    fields: impl Iterator<Item = (&'a str, &'a Value)>,
    style: Style,
    normalise: &[Normaliser],
) {
    out.push('{');
    for (i, (name, value)) in fields.enumerate() {
        if i > 0 {
            out.push_str(if style.spaced { ", " } else { "," });
        }
        text(out, name);
        out.push_str(if style.spaced { ": " } else { ":" });
        self::value(out, value, style, normalise);
    }
    out.push('}');
}

fn value(out: &mut String, value: &Value, style: Style, normalise: &[Normaliser]) {
    match value {
        Value::String(s) => text(out, &normalised(s, normalise)),
        Value::Number(n) => number(out, n, style.floats),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(if style.spaced { ", " } else { "," });
                }
                self::value(out, item, style, normalise);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().map(|(k, v)| (k.as_str(), v)).collect();
            if style.sorted {
                fields.sort_by_key(|(name, _)| *name);
            }
            object(out, fields.into_iter(), style, normalise);
        }
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Null => out.push_str("null"),
    }
}

fn text(out: &mut String, s: &str) {
    if s.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\') {
        out.push('"');
        out.push_str(s);
        out.push('"');
        return;
    }
    // A string serializes whatever it holds.
    out.push_str(&serde_json::to_string(s).unwrap_or_default());
}

fn number(out: &mut String, n: &serde_json::Number, floats: Floats) {
    let Some(x) = n.as_f64().filter(|_| n.is_f64()) else {
        let _ = write!(out, "{n}");
        return;
    };
    let _ = match floats {
        // As ECMAScript does, a whole number has no ".0".
        Floats::Shortest if x.fract() == 0.0 && x.abs() < 9e15 => write!(out, "{}", x as i64),
        Floats::Shortest => write!(out, "{x}"),
        Floats::Fixed => write!(out, "{x:.6}"),
        Floats::Exponent => write!(out, "{x:e}"),
    };
}

/// Most texts are as they should be after most steps, so each step asks first.
fn normalised<'a>(s: &'a str, steps: &[Normaliser]) -> Cow<'a, str> {
    let mut s = Cow::Borrowed(s);
    for step in steps {
        let next = match step {
            Normaliser::Trim if s.trim().len() < s.len() => s.trim().to_string(),
            Normaliser::Nfc if !s.is_ascii() => s.nfc().collect(),
            Normaliser::Lowercase if s.is_ascii() => {
                if s.bytes().any(|b| b.is_ascii_uppercase()) {
                    s.to_mut().make_ascii_lowercase();
                }
                continue;
            }
            Normaliser::Lowercase => s.to_lowercase(),
            Normaliser::Collapse if !is_collapsed(&s) => {
                s.split_whitespace().collect::<Vec<_>>().join(" ")
            }
            _ => continue,
        };
        s = Cow::Owned(next);
    }
    s
}

/// Whether white space is single spaces between words.
fn is_collapsed(s: &str) -> bool {
    let mut after = true; // a space may not come first
    let inside = s.chars().all(|c| {
        let space = c.is_whitespace();
        let bad = space && (after || c != ' ');
        after = space;
        !bad
    });
    inside && (!after || s.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(json: &str, style: Style, normalise: &[Normaliser]) -> String {
        let map: serde_json::Map<String, Value> = serde_json::from_str(json).unwrap();
        write(map.iter().map(|(k, v)| (k.as_str(), v)), style, normalise)
    }

    #[test]
    fn canonical_json_is_one_text_for_equal_content() {
        let a = written(
            r#"{"b": 1.0, "a": {"y": [1, 2.50], "x": "é"}}"#,
            Style::CANONICAL,
            &[],
        );
        let b = written(
            r#"{"a":{"x":"\u00e9","y":[1,2.5]},"b":1}"#,
            Style::CANONICAL,
            &[],
        );
        assert_eq!(a, b);
        assert_eq!(a, r#"{"a":{"x":"é","y":[1,2.5]},"b":1}"#);
    }

    #[test]
    fn each_manner_of_a_serializer_shows() {
        let json = r#"{"t": 0.7, "a": 1}"#;
        let style = Style {
            sorted: false,
            spaced: true,
            floats: Floats::Fixed,
        };
        assert_eq!(written(json, style, &[]), r#"{"t": 0.700000, "a": 1}"#);
        assert_eq!(
            written(
                json,
                Style {
                    floats: Floats::Exponent,
                    ..style
                },
                &[]
            ),
            r#"{"t": 7e-1, "a": 1}"#
        );
    }

    #[test]
    fn normalisation_makes_one_of_many_writings() {
        use Normaliser::*;
        let steps = [Trim, Nfc, Lowercase, Collapse, DropPrivate];
        let a = written(
            "{\"p\": \"  Caf\\u0065\\u0301  au lait \", \"_ts\": 5}",
            Style::CANONICAL,
            &steps,
        );
        let b = written("{\"p\": \"caf\\u00e9 au LAIT\"}", Style::CANONICAL, &steps);
        assert_eq!(a, b);
    }

    proptest! {
        #[test]
        fn a_step_that_asks_first_gives_what_it_would_have_given(text in "[ aA\u{1}\"\\\\\t\u{e9}\u{301}\u{130}\u{2003}]{0,8}") {
            use Normaliser::*;
            let one = |step| normalised(&text, &[step]).into_owned();
            prop_assert_eq!(one(Trim), text.trim());
            prop_assert_eq!(one(Nfc), text.nfc().collect::<String>());
            prop_assert_eq!(one(Lowercase), text.to_lowercase());
            prop_assert_eq!(one(Collapse), text.split_whitespace().collect::<Vec<_>>().join(" "));
            let mut out = String::new();
            super::text(&mut out, &text);
            prop_assert_eq!(out, serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn canonical_json_reads_back_as_the_same_values(text in "\\PC{0,12}", n in any::<i32>(), x in -1e6f64..1e6) {
            let value = serde_json::json!({ "z": text, "n": n, "x": x });
            let map = value.as_object().unwrap();
            let text = write(map.iter().map(|(k, v)| (k.as_str(), v)), Style::CANONICAL, &[]);
            let back: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(back["z"].as_str(), value["z"].as_str());
            prop_assert_eq!(back["n"].as_i64(), value["n"].as_i64());
            prop_assert_eq!(back["x"].as_f64(), value["x"].as_f64());
        }
    }
}
