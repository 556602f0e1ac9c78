//! Reading JSON with the bytes counted, shared by the kinds that do it.

use super::{Exhausted, Meter};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

/// Parses a text, and counts the bytes that were read: all of them, or those up to the first that is no JSON. A parse is
/// linear, so it is counted once it is done.
pub(super) fn parse(
    text: &str,
    meter: &mut Meter,
    part: usize,
) -> Result<Result<Value, serde_json::Error>, Exhausted> {
    let parsed = serde_json::from_str(text);
    let read = match &parsed {
        Ok(_) => text.len(),
        Err(e) => {
            let lines = text.split_inclusive('\n').take(e.line().saturating_sub(1));
            let before: usize = lines.map(str::len).sum();
            (before + e.column()).min(text.len())
        }
    };
    meter.spend(part, read as u64)?;
    Ok(parsed)
}

/// What a text lists: the items of an array, or of the arrays in the fields of an object; of any other text its words.
pub(super) fn items(text: &str, meter: &mut Meter, part: usize) -> Result<Vec<String>, Exhausted> {
    let write = |items: Vec<Value>| items.into_iter().map(|item| item.to_string());
    match parse(text, meter, part)? {
        Ok(Value::Array(items)) => return Ok(write(items).collect()),
        Ok(Value::Object(fields)) if fields.values().any(Value::is_array) => {
            let lists = fields.into_iter().filter_map(|(_, value)| match value {
                Value::Array(items) => Some(items),
                _ => None,
            });
            return Ok(lists.flat_map(write).collect());
        }
        _ => {}
    }
    meter.spend(part, text.len() as u64)?;
    Ok(text.split_whitespace().map(String::from).collect())
}

/// How many items a text lists.
pub(super) fn count_items(text: &str) -> u64 {
    items(text, &mut Meter::new(1, u64::MAX), 0).map_or(0, |items| items.len() as u64)
}

/// A digest of bytes.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}
