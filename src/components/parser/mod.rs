//! Parsers of requests' payloads: can it be read? Sources: Q7, Q17, Q22.
//!
//! # Short answer
//! Q7: read strictly against a typed schema. Where that fails on the bytes, one deterministic repair (what stands around
//! the object is stripped, quotes are made double, trailing commas dropped), then the same strict check again, and a
//! refusal when it fails twice, or a safe default where the service says so (`on_failure = "default"`). A repair mends
//! punctuation and never makes up a value: what is cut short is refused. Whatever becomes of a payload has a category,
//! recorded in `parse_error` with the field that it is about: `repaired`, `adapted`, or why it was refused.
//!
//! Q17: changes are additive, and readers go first. A field that is new has a default, one that is renamed keeps its old
//! name in `renamed` (or under `versions`, by the payload's own number), one whose type widens is read as before, and what
//! a newer writer adds is passed over. What is unknown and what was missing is counted by version of the client
//! (`parse.unknown_fields`, `parse.missing_fields`), so that old names are removed when nobody sends them any more.
//!
//! # Complexity
//! O(bytes) time and memory for each of strict reading, repair and second reading, which is all there ever is; a look-up
//! in the schema for each field, O(log of its fields). Nothing above `max_bytes` or `max_depth` is looked at. Tested: a
//! repair of hostile bytes looks at each a bounded number of times.
//!
//! # Follow-ups of the seed
//! - How are schemas versioned without breaking clients? Additive fields, defaults, `renamed`:
//!   `gameday replay incident-17 --variant sound`.
//! - How is drift seen after an upgrade of the model? `parse.repair_rate` rises while `error_rate` does not:
//!   `gameday replay incident-07 --variant sound`.
//! - How are schemas migrated across pipelines that replay events? The newest reader must take every version that is
//!   stored: `gameday lab schema V1 V2 V3 --mode backward` checks the last against each of those before it.
//! - Which mode for mobile clients that lag behind? Full: `gameday lab schema OLD NEW`. Old requests reach new servers
//!   (backward), new replies reach old clients (forward).
//!
//! # Anti-patterns
//! Each is a flaw in [`FLAWS`]. Q7: `partial-accepted`, `repair-fills-defaults`, `errors-as-200`, `quotes-cut-short`.
//! Q17: `breaking-rename`, `unknown-rejected`, `missing-without-default`, `old-name-wins`. A parser without a repair
//! (`repair = "none"`) is sound and refuses more than it has to: the deploy of incident-07.
//!
//! # Smallest set-up
//! ```toml
//! parse = { kind = "schema-json", fields = { prompt = "text", temperature = { type = "number", default = 0.2 } }, renamed = { temp = "temperature" } }
//! ```
//!
//! # Source
//! RFC 8259; mangiucugna/json_repair#44 (a repair that cut valid strings short); hortonworks/registry#335 (old clients
//! refuse replies with extra fields); Avro's rules of schema resolution, for the directions.

pub mod compat;
mod dual;
mod json;
mod repair;
mod schema;
mod schema_json;
pub mod shape;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod laws_compat;
#[cfg(test)]
mod laws_evolution;

pub use dual::Dual;
pub use json::JsonOptions;
pub use repair::repair;
pub use schema::{
    Defaults, Json, Migration, Quotes, Renamed, Repair, Rule, Rules, SchemaJsonOptions, Type,
    Unknown, Versions,
};
pub use schema_json::SchemaJson;

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
        /// It is larger, or nested deeper, than the parser takes.
        TooLarge = "too_large",
        /// A field has a value of the right type, written in another form: a day with a time behind it.
        WrongFormat = "wrong_format",
    }
}

/// Fields of a payload, in order.
pub type Fields = Vec<(String, Value)>;
/// Why a payload is refused, and the field that it is about (empty for the whole).
pub type Refused = (ParseError, String);

/// How a payload came to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum How {
    /// As it was sent.
    #[default]
    AsSent,
    /// By a compatibility mapping: an old name, a default, another type, a field passed over.
    Adapted,
    /// After the repair of its bytes.
    Repaired,
    /// By the parser before this one, which stands behind it: see [`Dual`].
    Fallback,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The fields that were read instead of those of the bytes; `None`: the bytes were read as they are.
    pub fields: Option<Fields>,
    /// How.
    pub how: How,
    /// The first field that was adapted; empty when none was.
    pub about: String,
    /// Fields that the schema does not have.
    pub unknown: u16,
    /// Fields of the schema that were absent, and got their default.
    pub missing: u16,
    /// A flaw: what is wrong with it, although it is answered.
    pub fault: Option<Refused>,
}

/// Reads payloads. Stateless: the same payload always gives the same answer, so answers are memoised.
pub trait Parser {
    /// Checks a payload: its bytes and, where they are a JSON object, its fields.
    ///
    /// # Errors
    /// Why it cannot be read, and the field that it is about (empty for the whole).
    fn parse(&self, raw: &str, fields: &[(String, Value)]) -> Result<Reading, Refused>;

    /// Fields at the top that the schema does not have, of a payload that is refused: a field under a new name is one, a field
    /// that is gone is none.
    fn unknown(&self, fields: &[(String, Value)]) -> u16 {
        let _ = fields;
        0
    }

    /// Whether it knows which fields are unknown and missing, so that they are counted by client.
    fn counts_fields(&self) -> bool {
        false
    }
}

const fn flaw(
    name: &'static str,
    options: &'static str,
    breaks: &'static str,
    source: &'static str,
) -> super::Flaw {
    super::Flaw {
        name,
        kind: "schema-json",
        options,
        breaks,
        source,
    }
}

/// Set-ups that the field knows to be wrong.
pub const FLAWS: &[super::Flaw] = &[
    flaw(
        "partial-accepted",
        "partial = true",
        "what_is_cut_short_is_never_read",
        "Q7: accepting partially parsed objects silently",
    ),
    flaw(
        "repair-fills-defaults",
        "repair_fills = true",
        "a_repair_makes_nothing_up",
        "Q7: mixing parser repair and business defaults in one step",
    ),
    flaw(
        "errors-as-200",
        "answer_malformed = true",
        "what_is_no_object_is_refused",
        "Q7: returning malformed data with HTTP 200 status",
    ),
    flaw(
        "quotes-cut-short",
        "quotes = \"cut\"",
        "a_repair_gives_what_was_meant",
        "mangiucugna/json_repair#44: escaped quotes and commas cut a string short",
    ),
    flaw(
        "breaking-rename",
        "renamed = {}",
        "what_is_said_under_an_old_name_is_not_lost",
        "Q17: breaking rename instead of additive migration",
    ),
    flaw(
        "unknown-rejected",
        "unknown = \"refuse\"",
        "what_a_newer_writer_adds_is_passed_over",
        "Q17: strict parser in hot path without fallback mapping; hortonworks/registry#335",
    ),
    flaw(
        "missing-without-default",
        "fields = { prompt = \"text\", temperature = \"number\" }",
        "what_an_older_writer_lacks_has_a_default",
        "Q17: default values for new fields",
    ),
    flaw(
        "old-name-wins",
        "old_name_wins = true",
        "the_name_of_today_wins",
        "Q17: the sample code, where an untagged payload loses its temperature to the mapping of version 1",
    ),
];

/// The implementations.
pub fn kinds() -> Vec<Kind<Box<dyn Parser>>> {
    vec![
        Kind {
            name: "json",
            summary: "a JSON object with required fields",
            fields: JsonOptions::fields,
            build: |at: &At, table: &Table, taken: &[&str]| {
                let taken = [taken, OF_THE_STAGE].concat();
                let options = JsonOptions::read_table(at, table, &taken)?;
                Ok(Box::new(options) as Box<dyn Parser>)
            },
        },
        Kind {
            name: "schema-json",
            summary: "a JSON object against a typed schema, with one repair, defaults, old names and versions",
            fields: SchemaJsonOptions::fields,
            build: |at: &At, table: &Table, taken: &[&str]| {
                let taken = [taken, OF_THE_STAGE].concat();
                Ok(Box::new(SchemaJson::read(at, table, &taken)?) as Box<dyn Parser>)
            },
        },
    ]
}

/// Options of the stage, which stand in the same table.
pub const OF_THE_STAGE: &[&str] = &["version", "time", "on_failure", "fallback", "shapes"];

/// Nesting that no reader of JSON here takes: that of serde_json.
pub const MAX_DEPTH: usize = 127;

/// What is wrong with bytes that are no JSON object.
fn category(raw: &str) -> ParseError {
    match serde_json::from_str::<serde::de::IgnoredAny>(raw) {
        _ if nesting(raw) > MAX_DEPTH => ParseError::TooLarge,
        Ok(_) => ParseError::WrongType, // JSON, but no object
        Err(e) if e.is_eof() => ParseError::Truncated,
        Err(_) if raw.contains('{') && !raw.trim_start().starts_with('{') => ParseError::Wrapped,
        Err(_) => ParseError::Syntax,
    }
}

/// The deepest nesting of brackets outside of texts.
fn nesting(raw: &str) -> usize {
    let (mut depth, mut most, mut text, mut escaped) = (0usize, 0, false, false);
    for byte in raw.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            b'{' | b'[' if !text => {
                depth += 1;
                most = most.max(depth);
            }
            b'}' | b']' if !text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    most
}
