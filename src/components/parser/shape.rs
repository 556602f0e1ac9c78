//! The shape of a payload: names and types, never values. What may be recorded and shown where payloads may not.

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

/// Where in the bytes a payload stops being readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: the bytes are an object.
    Nowhere = 0,
    /// At the first byte.
    Start = 1,
    /// Within.
    Middle = 2,
    /// At the last byte.
    End = 3,
}

/// Nesting that is told.
const DEPTH: usize = 8;
/// Fields of an object, and shapes of a list's members, that are told.
const FIELDS: usize = 64;

/// The shape as text, such as `{prompt: text, items: [{kind: text}]}`. Of bytes that are no object, what they begin with
/// and where they stop being readable: `fence, unreadable at the start`.
///
/// A name that looks like data (an address, a number, a long one) is `?`.
pub fn text(raw: &str, fields: &[(String, Value)]) -> String {
    let mut out = String::new();
    if !fields.is_empty() || place(raw, fields) == Place::Nowhere && prefix(raw) == "object" {
        object(fields.iter().map(|(n, v)| (n.as_str(), v)), DEPTH, &mut out);
        return out;
    }
    out.push_str(prefix(raw));
    out.push_str(match place(raw, fields) {
        Place::Nowhere => "",
        Place::Start => ", unreadable at the start",
        Place::Middle => ", unreadable in the middle",
        Place::End => ", unreadable at the end",
    });
    out
}

/// A digest of the shape.
pub fn digest(raw: &str, fields: &[(String, Value)]) -> u64 {
    xxh3_64(text(raw, fields).as_bytes())
}

/// Where the bytes stop being readable.
pub fn place(raw: &str, fields: &[(String, Value)]) -> Place {
    if !fields.is_empty() {
        return Place::Nowhere;
    }
    let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(raw) else {
        return Place::Nowhere;
    };
    if prefix(raw) != "object" && prefix(raw) != "list" && prefix(raw) != "scalar" {
        return Place::Start;
    }
    if error.is_eof() {
        return Place::End;
    }
    let before: usize = raw
        .lines()
        .take(error.line().saturating_sub(1))
        .map(|l| l.len() + 1)
        .sum();
    let offset = before + error.column();
    let begin = raw.len() - raw.trim_start().len();
    match offset {
        _ if offset <= begin + 1 => Place::Start,
        _ if offset >= raw.trim_end().len() => Place::End,
        _ => Place::Middle,
    }
}

/// What the bytes begin with.
fn prefix(raw: &str) -> &'static str {
    let raw = raw.trim_start();
    match raw.as_bytes().first() {
        None => "nothing",
        Some(b'{') => "object",
        Some(b'[') => "list",
        Some(b'"' | b'-' | b'0'..=b'9') => "scalar",
        _ if ["true", "false", "null"].contains(&raw.trim_end()) => "scalar",
        _ if raw.contains("```") => "fence",
        _ => "prose",
    }
}

fn object<'a>(fields: impl Iterator<Item = (&'a str, &'a Value)>, depth: usize, out: &mut String) {
    out.push('{');
    for (i, (name, value)) in fields.enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        if i == FIELDS {
            out.push_str("...");
            break;
        }
        out.push_str(if is_name(name) { name } else { "?" });
        out.push_str(": ");
        shape(value, depth.saturating_sub(1), out);
    }
    out.push('}');
}

fn shape(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(_) => out.push_str("bool"),
        Value::Number(n) if n.is_f64() => out.push_str("number"),
        Value::Number(_) => out.push_str("integer"),
        Value::String(_) => out.push_str("text"),
        Value::Array(_) | Value::Object(_) if depth == 0 => out.push_str("..."),
        Value::Object(map) => object(map.iter().map(|(n, v)| (n.as_str(), v)), depth, out),
        Value::Array(list) => {
            let each = list.iter().map(|value| {
                let mut own = String::new();
                shape(value, depth - 1, &mut own);
                own
            });
            let mut kinds: Vec<String> = each.collect();
            kinds.sort();
            kinds.dedup();
            kinds.truncate(FIELDS);
            out.push('[');
            out.push_str(&kinds.join(" | "));
            out.push(']');
        }
    }
}

/// A field's name or path, or `?` where it looks like data: what is recorded of an error.
pub fn name(path: &str) -> &str {
    let mut parts = path.split('.').map(|part| part.trim_end_matches("[]"));
    if path.is_empty() || parts.all(is_name) {
        path
    } else {
        "?"
    }
}

/// Whether a name is one that people give to fields, and none that carries data.
fn is_name(name: &str) -> bool {
    let right = |b: u8| b.is_ascii_alphanumeric() || b"_-$.".contains(&b);
    !name.is_empty()
        && name.len() <= 40
        && name.bytes().all(right)
        && name.bytes().filter(u8::is_ascii_digit).count() <= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(raw: &str) -> String {
        let fields: Vec<_> = match serde_json::from_str(raw) {
            Ok(Value::Object(map)) => map.into_iter().collect(),
            _ => vec![],
        };
        text(raw, &fields)
    }

    #[test]
    fn a_shape_has_names_and_types() {
        for (raw, shape) in [
            (
                r#"{"p":"secret","n":1,"x":0.5,"b":true,"z":null}"#,
                "{p: text, n: integer, x: number, b: bool, z: null}",
            ),
            (
                r#"{"l":[1,"a",2,{"k":[]}]}"#,
                "{l: [integer | text | {k: []}]}",
            ),
            (
                r#"{"alice@example.com":1,"4111111111111111":2}"#,
                "{?: integer, ?: integer}",
            ),
            ("{}", "{}"),
            ("", "nothing, unreadable at the start"),
            ("[1]", "list"),
            ("secret", "prose, unreadable at the start"),
            ("Here:\n```json\n{}\n```", "fence, unreadable at the start"),
            (r#"{"p":"sec"#, "object, unreadable at the end"),
            (
                r#"{"p" "secret", "q":1}"#,
                "object, unreadable in the middle",
            ),
        ] {
            assert_eq!(of(raw), shape, "{raw}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_value_is_ever_in_a_shape(value in "[A-Z]{6,12}", n in 10_000_000u64..) {
            let raw = format!("{{\"a\":\"{value}\",\"b\":[{n},{{\"c\":\"{value}\",\"{n}\":1}}],\"{value}@x\":0}}");
            for cut in 0..=raw.len() {
                let shape = of(&raw[..cut]);
                proptest::prop_assert!(!shape.contains(&value), "{shape}");
                proptest::prop_assert!(!shape.contains(&n.to_string()), "{shape}");
            }
        }
    }
}
