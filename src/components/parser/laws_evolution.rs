//! What a sound parser keeps while schemas change, both ways: an old reader with a new writer, and a new reader with an old
//! writer. The laws are in the table of `laws.rs`.

use super::{
    How, ParseError, Parser,
    laws::{make, parse, read, text},
};
use serde_json::{Map, Value, json};

/// Old reader, new writer.
pub(super) fn what_a_newer_writer_adds_is_passed_over(
    p: &dyn Parser,
    object: &Map<String, Value>,
) -> Result<(), String> {
    let mut newer = object.clone();
    newer.insert("added_later".into(), json!({ "prompt": 1 }));
    let read = read(p, &text(&newer))?;
    match object
        .iter()
        .all(|(name, value)| read.get(name) == Some(value))
    {
        true => Ok(()),
        false => Err(format!("{newer:?} was read as {read:?}")),
    }
}

/// New reader, old writer.
pub(super) fn what_an_older_writer_lacks_has_a_default(
    p: &dyn Parser,
    object: &Map<String, Value>,
) -> Result<(), String> {
    let mut older = object.clone();
    older.remove("temperature");
    let mut read = read(p, &text(&older))?;
    // A parser that knows no defaults leaves the field absent.
    let temperature = read.remove("temperature").unwrap_or(json!(0.2));
    match read == older && temperature == json!(0.2) {
        true => Ok(()),
        false => Err(format!("{older:?} was read as {read:?} at {temperature}")),
    }
}

/// New reader, old writer.
pub(super) fn what_is_said_under_an_old_name_is_not_lost(
    p: &dyn Parser,
    object: &Map<String, Value>,
) -> Result<(), String> {
    let mut older = object.clone();
    let said = older.remove("temperature").unwrap_or_default();
    older.insert("temp".into(), said);
    // Without a temperature: by a parser without a schema, which leaves the names to its reader; by others it is refused.
    match read(p, &text(&older)) {
        Ok(read) if read == *object || read == older => Ok(()),
        Ok(read) => Err(format!("{older:?} was read as {read:?}")),
        Err(_) => Err(format!("{older:?} was refused")),
    }
}

/// A writer between the two, which sends both.
pub(super) fn the_name_of_today_wins(
    p: &dyn Parser,
    object: &Map<String, Value>,
) -> Result<(), String> {
    let mut both = object.clone();
    both.insert("temp".into(), json!(77.7));
    let read = read(p, &text(&both))?;
    match read.get("temperature") == object.get("temperature") {
        true => Ok(()),
        false => Err(format!("{both:?} was read as {read:?}")),
    }
}

const V1: &str = "fields = { prompt = \"text\", temp = { type = \"number\", required = false } }";
const V2: &str = "version_field = \"schema_version\", schema_version = 2, fields = { prompt = \"text\", temperature = { type = \"number\", default = 0.2 } }, \
    renamed = {}, versions = { 1 = { renamed = { temp = \"temperature\" }, defaults = { temperature = 1.0 } } }";

/// hortonworks/registry#335: clients that refuse replies with more fields than they know stop the server's upgrade.
#[test]
fn registry_335_an_old_reader_takes_a_new_writer_both_ways() {
    let (old, new) = (
        json!({ "prompt": "x", "temp": 0.9 }),
        json!({ "prompt": "x", "temperature": 0.9, "locale": "en", "schema_version": 2 }),
    );
    let reader = |options: &str| make("schema-json", options);
    // The old reader with the new writer: what is new is passed over, and told.
    let reading = parse(&*reader(&format!("renamed = {{}}, {V1}")), &new.to_string()).unwrap();
    assert_eq!(
        (reading.how, reading.unknown, reading.fields),
        (How::Adapted, 3, None)
    );
    // The flaw: the same reader, strict, refuses the reply, so that no server may send it.
    let strict = reader(&format!("unknown = \"refuse\", renamed = {{}}, {V1}"));
    let refused = parse(&*strict, &new.to_string());
    assert_eq!(
        refused,
        Err((ParseError::UnknownField, "temperature".into()))
    );
    assert!(parse(&*strict, &old.to_string()).is_ok());
    // The new reader with the old writer: the old name is read.
    let newer = reader(V2);
    let read_old = read(&*newer, &old.to_string()).unwrap();
    assert_eq!(
        Value::Object(read_old),
        json!({ "prompt": "x", "temperature": 0.9 })
    );
    // And each with its own.
    assert_eq!(parse(&*newer, &new.to_string()).unwrap().unknown, 1);
}

#[test]
fn an_absent_field_is_what_its_version_meant_by_it() {
    let newer = make("schema-json", V2);
    for (sent, temperature) in [
        (json!({ "prompt": "x" }), 1.0),
        (json!({ "prompt": "x", "schema_version": 1 }), 1.0),
        (json!({ "prompt": "x", "schema_version": 2 }), 0.2),
        // Untagged, and yet of today: nothing is lost to the mapping of version 1.
        (json!({ "prompt": "x", "temperature": 0.7 }), 0.7),
        (
            json!({ "prompt": "x", "temp": 0.9, "temperature": 0.7 }),
            0.7,
        ),
        // A version of tomorrow is read as far as it is known.
        (
            json!({ "prompt": "x", "temperature": 0.7, "schema_version": 3 }),
            0.7,
        ),
    ] {
        let read = read(&*newer, &sent.to_string()).unwrap();
        assert_eq!(read["temperature"], json!(temperature), "{sent}");
        assert!(!read.contains_key("temp"), "{sent}");
    }
    // In version 2 the old name is no name any more.
    let stray = json!({ "prompt": "x", "temp": 0.9, "schema_version": 2 });
    assert_eq!(
        read(&*newer, &stray.to_string()).unwrap()["temperature"],
        json!(0.2)
    );
    let strict = make("schema-json", &format!("unknown = \"refuse\", {V2}"));
    for (sent, refused) in [
        (
            json!({ "prompt": "x", "schema_version": 3 }),
            (ParseError::UnknownValue, "schema_version".to_string()),
        ),
        (
            json!({ "prompt": "x", "schema_version": "2" }),
            (ParseError::WrongType, "schema_version".into()),
        ),
        (stray, (ParseError::UnknownField, "temp".into())),
    ] {
        assert_eq!(parse(&*strict, &sent.to_string()), Err(refused), "{sent}");
    }
}

#[test]
fn types_widen_and_are_coerced_only_where_that_is_said() {
    let schema = |of: &str| {
        make(
            "schema-json",
            &format!("renamed = {{}}, fields = {{ x = {of} }}"),
        )
    };
    let one = |of: &str, sent: Value| {
        let raw = json!({ "x": sent }).to_string();
        read(&*schema(of), &raw).map(|read| read["x"].clone()).ok()
    };
    assert_eq!(one("\"number\"", json!(1)), Some(json!(1)));
    assert_eq!(one("\"integer\"", json!(1.5)), None);
    assert_eq!(one("\"number\"", json!("0.7")), None);
    let coerced = |of: &str| format!("{{ type = \"{of}\", coerce = true }}");
    for (of, sent, read) in [
        ("number", json!("0.7"), Some(json!(0.7))),
        ("number", json!("0.7 or so"), None),
        ("number", json!("\"0.7\""), None),
        ("number", json!([0.7]), None),
        ("integer", json!(3.0), Some(json!(3))),
        ("integer", json!("3"), Some(json!(3))),
        ("integer", json!(3.5), None),
        ("integer", json!(1e300), None),
        ("text", json!(3), Some(json!("3"))),
        ("text", json!(null), None),
        ("bool", json!("true"), Some(json!(true))),
        ("bool", json!("yes"), None),
    ] {
        assert_eq!(one(&coerced(of), sent.clone()), read, "{sent} as {of}");
    }
    assert_eq!(
        one("{ type = \"text\", one_of = [\"a\"] }", json!("b")),
        None
    );
}
