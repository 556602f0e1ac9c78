//! A JSON object against a typed schema: strict first, one repair, the same strict check again.

use super::{
    Fields, How, MAX_DEPTH, ParseError, Parser, Reading, Refused, Repair, SchemaJsonOptions, Type,
    Unknown, category, nesting,
    repair::mend,
    schema::{Json, Migration, Quotes, Renamed},
};
use crate::config::{At, Options, Refusal, Table};
use serde_json::Value;
use std::collections::BTreeMap;

/// See the module.
#[derive(Clone, Debug)]
pub struct SchemaJson {
    /// As the file says.
    pub options: SchemaJsonOptions,
    /// Places of fields, by name.
    places: BTreeMap<String, usize>,
    /// Places of fields, by old names of any version.
    renamed: BTreeMap<String, usize>,
    /// By number.
    versions: BTreeMap<i64, Older>,
}

/// A migration, with places in the stead of names.
#[derive(Clone, Debug)]
pub(super) struct Older {
    renamed: BTreeMap<String, usize>,
    /// What absent fields meant.
    pub(super) defaults: BTreeMap<usize, Value>,
}

/// A value that a field of the schema got.
#[derive(Clone)]
struct Found<'a> {
    sent: usize,
    value: &'a Value,
    today: bool,
}

impl SchemaJson {
    /// Reads the options; those of `taken` are somebody else's.
    ///
    /// # Errors
    /// Options that are unknown or wrong, or contradict one another.
    pub fn read(at: &At, table: &Table, taken: &[&str]) -> Result<SchemaJson, Refusal> {
        let options = SchemaJsonOptions::read_table(at, table, taken)?;
        options.check(at, table)?;
        Ok(SchemaJson::of(options))
    }

    /// Of options that are right.
    pub(super) fn of(options: SchemaJsonOptions) -> SchemaJson {
        let names = options.fields.0.iter().enumerate();
        let places: BTreeMap<_, _> = names.map(|(i, (name, _))| (name.clone(), i)).collect();
        let now = |Renamed(names): &Renamed| {
            let pairs = names.iter();
            pairs
                .filter_map(|(old, new)| Some((old.clone(), *places.get(new)?)))
                .collect()
        };
        let older = |migration: &Migration| Older {
            renamed: now(&migration.renamed),
            defaults: {
                let values = migration.defaults.0.iter();
                values
                    .filter_map(|(name, value)| Some((*places.get(name)?, value.clone())))
                    .collect()
            },
        };
        let versions = options.versions.0.iter();
        SchemaJson {
            renamed: now(&options.renamed),
            versions: versions.map(|(v, m)| (*v, older(m))).collect(),
            options,
            places,
        }
    }

    /// The migration of a payload's version, as its field says it; `None` where it has none.
    pub(super) fn migration_of(&self, version: Option<&Value>) -> Option<&Older> {
        let o = &self.options;
        o.version_field.as_ref()?;
        let version = match version {
            None => i64::from(o.unversioned),
            Some(value) => value.as_i64()?,
        };
        self.versions.get(&version)
    }

    /// The migration of a payload's version.
    ///
    /// # Errors
    /// A version that is no number, or too new where nothing unknown is read.
    fn migration(&self, sent: &[(String, Value)]) -> Result<Option<&Older>, Refused> {
        let o = &self.options;
        let Some(field) = &o.version_field else {
            return Ok(None);
        };
        let named = sent.iter().find(|(name, _)| name == field);
        let version = named.map(|(_, value)| value);
        match version.map(Value::as_i64) {
            Some(None) => return Err((ParseError::WrongType, field.clone())),
            Some(Some(v)) if v > i64::from(o.schema_version) && o.unknown == Unknown::Refuse => {
                return Err((ParseError::UnknownValue, field.clone()));
            }
            _ => {}
        }
        Ok(self.migration_of(version))
    }

    /// The place of the field that a sent name stands for, and whether that is its name today.
    pub(super) fn place(&self, sent: &str, older: Option<&Older>) -> Option<(usize, bool)> {
        if let Some(&place) = self.places.get(sent) {
            return Some((place, true));
        }
        let place = older
            .and_then(|older| older.renamed.get(sent))
            .or_else(|| self.renamed.get(sent))?;
        Some((*place, false))
    }

    /// The strict check, with what the schema's history lets it read.
    fn map(&self, sent: &[(String, Value)]) -> Result<Reading, Refused> {
        let o = &self.options;
        let older = self.migration(sent)?;
        let mut found: Vec<Option<Found>> = vec![None; o.fields.0.len()];
        let (mut unknown, mut twice) = (vec![], None);
        for (i, (name, value)) in sent.iter().enumerate() {
            match self.place(name, older) {
                Some((place, today)) => {
                    let wins = match &found[place] {
                        None => true,
                        Some(had) => today != had.today && today != o.old_name_wins,
                    };
                    if let Some(had) = &found[place] {
                        twice = Some(if today { had.sent } else { i });
                    }
                    if wins {
                        found[place] = Some(Found {
                            sent: i,
                            value,
                            today,
                        });
                    }
                }
                None if o.version_field.as_ref() == Some(name) => {}
                None => unknown.push(i),
            }
        }
        let mut reading = Reading {
            unknown: u16::try_from(unknown.len()).unwrap_or(u16::MAX),
            ..Reading::default()
        };
        // What differs from the bytes: values by place in `sent`, those that nobody sent, and second names of a field.
        let (mut other, mut added) = (BTreeMap::new(), vec![]);
        let note = |reading: &mut Reading, name: &str| {
            reading.how = How::Adapted;
            if reading.about.is_empty() {
                reading.about = name.into();
            }
        };
        for (place, ((name, rule), found)) in o.fields.0.iter().zip(&found).enumerate() {
            let Some(found) = found else {
                let was = older.and_then(|older| older.defaults.get(&place));
                let today = rule.default.as_ref().map(|Json(value)| value);
                if let Some(value) = was.or(today) {
                    note(&mut reading, name);
                    reading.missing = reading.missing.saturating_add(1);
                    added.push((name.clone(), value.clone()));
                } else if rule.required {
                    return Err((ParseError::MissingField, name.clone()));
                }
                continue;
            };
            let coerced = rule.reads(&sent[found.sent].0, found.value)?;
            if coerced.is_some() || !found.today {
                note(&mut reading, &sent[found.sent].0);
                let value = coerced.unwrap_or_else(|| found.value.clone());
                other.insert(found.sent, (name.clone(), value));
            }
        }
        if let Some(&first) = unknown.first() {
            if o.unknown == Unknown::Refuse {
                return Err((ParseError::UnknownField, sent[first].0.clone()));
            }
            note(&mut reading, &sent[first].0);
        }
        if let Some(second) = twice {
            note(&mut reading, &sent[second].0);
        }
        if twice.is_some() || !(other.is_empty() && added.is_empty()) {
            // The name that was not read goes, so that nobody reads it after all.
            let kept = |i: usize, name: &str| match self.place(name, older) {
                Some((place, _)) => found[place].as_ref().is_some_and(|f| f.sent == i),
                None => true,
            };
            let mut fields: Fields = Vec::with_capacity(sent.len() + added.len());
            for (i, field) in sent.iter().enumerate() {
                if let Some(read) = other.remove(&i) {
                    fields.push(read);
                } else if kept(i, &field.0) {
                    fields.push(field.clone());
                }
            }
            fields.extend(added);
            reading.fields = Some(fields);
        }
        Ok(reading)
    }

    /// The check of fields that were read from bytes of a right size.
    fn check(&self, sent: &[(String, Value)]) -> Result<Reading, Refused> {
        if deeper(sent, self.options.max_depth as usize) {
            return Err((ParseError::TooLarge, String::new()));
        }
        self.map(sent)
    }

    /// Reads bytes that are no JSON object.
    fn second(&self, raw: &str) -> Result<Reading, Refused> {
        let o = &self.options;
        let why = || (category(raw), String::new());
        if o.repair == Repair::None || nesting(raw) > MAX_DEPTH {
            return Err(why());
        }
        let Some(mended) = mend(raw, o.quotes == Quotes::Cut, &mut 0) else {
            let closed = o.partial.then(|| close(raw)).flatten();
            return closed.map(repaired).ok_or_else(why);
        };
        let mut fields = object(&mended).ok_or_else(why)?;
        if o.repair_fills {
            for (name, rule) in &o.fields.0 {
                if rule.required && !fields.iter().any(|(sent, _)| sent == name) {
                    let empty = match rule.r#type {
                        Type::Number | Type::Integer => 0.into(),
                        Type::Bool => false.into(),
                        Type::List => Value::Array(vec![]),
                        Type::Object => Value::Object(Default::default()),
                        Type::Text | Type::Any => "".into(),
                    };
                    fields.push((name.clone(), empty));
                }
            }
        }
        let checked = self.check(&fields)?;
        Ok(Reading {
            fields: Some(checked.fields.unwrap_or(fields)),
            how: How::Repaired,
            ..checked
        })
    }
}

fn repaired(fields: Fields) -> Reading {
    Reading {
        fields: Some(fields),
        how: How::Repaired,
        ..Reading::default()
    }
}

impl Parser for SchemaJson {
    fn parse(&self, raw: &str, fields: &[(String, Value)]) -> Result<Reading, Refused> {
        let read = if raw.len() as u64 > self.options.max_bytes.0 {
            Err((ParseError::TooLarge, String::new()))
        } else if fields.is_empty() && object(raw).is_none() {
            // No fields: the bytes are an empty object, or none.
            self.second(raw)
        } else {
            self.check(fields)
        };
        match read {
            Err(fault) if self.options.answer_malformed => Ok(Reading {
                fields: Some(vec![]),
                fault: Some(fault),
                ..Reading::default()
            }),
            read => read,
        }
    }

    fn unknown(&self, fields: &[(String, Value)]) -> u16 {
        let version = self.options.version_field.as_ref();
        let named = fields.iter().find(|(name, _)| Some(name) == version);
        let older = self.migration_of(named.map(|(_, value)| value));
        let known = |name: &String| self.place(name, older).is_some() || Some(name) == version;
        let unknown = fields.iter().filter(|(name, _)| !known(name)).count();
        u16::try_from(unknown).unwrap_or(u16::MAX)
    }

    fn counts_fields(&self) -> bool {
        true
    }
}

fn object(raw: &str) -> Option<Fields> {
    match serde_json::from_str(raw) {
        Ok(Value::Object(map)) => Some(map.into_iter().collect()),
        _ => None,
    }
}

/// Whether an object of these fields is nested deeper than `most`.
fn deeper(fields: &[(String, Value)], most: usize) -> bool {
    let mut open: Vec<(&Value, usize)> = fields.iter().map(|(_, value)| (value, 2)).collect();
    while let Some((value, depth)) = open.pop() {
        match value {
            Value::Array(_) | Value::Object(_) if depth > most => return true,
            Value::Array(items) => open.extend(items.iter().map(|v| (v, depth + 1))),
            Value::Object(map) => open.extend(map.values().map(|v| (v, depth + 1))),
            _ => {}
        }
    }
    false
}

/// The flaw `partial`: what is open at the end is closed; where that is no object, all after the last comma goes first.
fn close(raw: &str) -> Option<Fields> {
    if category(raw) != ParseError::Truncated {
        return None;
    }
    let (mut open, mut text, mut escaped, mut comma) = (vec![], false, false, None);
    for (i, byte) in raw.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            _ if text => {}
            b'{' => open.push('}'),
            b'[' => open.push(']'),
            b'}' | b']' => drop(open.pop()),
            b',' if open.len() == 1 => comma = Some(i),
            _ => {}
        }
    }
    let closing: String = open.iter().rev().collect();
    let whole = format!("{raw}{}{closing}", if text { "\"" } else { "" });
    let found = object(&whole).or_else(|| object(&format!("{}}}", &raw[..comma?])));
    found.filter(|fields| !fields.is_empty())
}
