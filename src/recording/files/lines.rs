//! JSON with an object a line.

use super::super::{Dictionaries, Row, Table};
use super::filling::{Filled, Filling};
use super::layout::{Cell, Scratch, file_name, recorded, written};
use super::packed::open;
use super::wrong::{found, shorten, unholdable, unwritable};
use crate::config::Refusal;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::{
    borrow::Cow,
    fmt,
    fs::File,
    io::{BufRead, BufWriter, Write},
    path::Path,
};

/// Writes a table as JSON lines.
pub(super) fn save<R: Row>(
    table: &Table<R>,
    names: &Dictionaries,
    path: &Path,
) -> Result<(), Refusal> {
    let file = File::create(path).map_err(|e| unwritable(path, e))?;
    let mut out = BufWriter::new(file);
    let columns: Vec<_> = recorded(table)
        .into_iter()
        .map(|(column, spec)| (column, spec.meaning, format!("\"{}\":", file_name(spec))))
        .collect();
    let mut scratch = Scratch::new();
    let mut line = Vec::new();
    for row in 0..table.len() {
        line.clear();
        line.push(b'{');
        for (column, meaning, key) in &columns {
            let cell = written(*meaning, table.value(*column, row), names, &mut scratch)
                .map_err(|why| unholdable::<R>(row, *column, &why))?;
            if line.len() > 1 {
                line.push(b',');
            }
            line.extend_from_slice(key.as_bytes());
            let value = match cell {
                Cell::Nothing => serde_json::to_writer(&mut line, &()),
                Cell::Text(text) => serde_json::to_writer(&mut line, text),
                Cell::Whole(n) => serde_json::to_writer(&mut line, &n),
                Cell::Real(x) => serde_json::to_writer(&mut line, &x),
                Cell::Flag(flag) => serde_json::to_writer(&mut line, &flag),
            };
            value.map_err(|e| unwritable(path, e))?;
        }
        line.extend_from_slice(b"}\n");
        out.write_all(&line).map_err(|e| unwritable(path, e))?;
    }
    out.flush().map_err(|e| unwritable(path, e))
}

/// Reads a table from JSON lines. `declared` are columns that are recorded whether a line has them or not.
pub(super) fn load<R: Row>(
    path: &Path,
    names: &mut Dictionaries,
    declared: &[String],
) -> Result<Filled<R>, Refusal> {
    let mut input = open(path)?;
    let (mut keys, mut text) = (Keys::default(), String::new());
    for name in declared {
        keys.place::<R>(name)
            .map_err(|(message, help)| Refusal::file(path.display(), message).help(help))?;
    }
    let (mut rows, mut number) = (0, 0);
    loop {
        text.clear();
        number += 1;
        let read = input.read_line(&mut text);
        if read.map_err(|e| super::unreadable(path, format!("line {number}: {e}")))? == 0 {
            break;
        }
        let line = text.trim();
        if line.is_empty() {
            continue;
        }
        let mut parser = serde_json::Deserializer::from_str(line);
        let row = OneRow::<R> {
            keys: &mut keys,
            names,
            row: rows,
            wrong: None,
            table: std::marker::PhantomData,
        };
        let wrong = row
            .deserialize(&mut parser)
            .and_then(|wrong| parser.end().map(|()| wrong));
        match wrong {
            Ok(None) => rows += 1,
            Ok(Some(Wrong { key, message, help })) => {
                // The place of a key is all that is known of its value's.
                let at = line.find(&format!("\"{key}\"")).unwrap_or(0);
                let (column, excerpt) =
                    (line[..at].chars().count() as u64 + 1, shorten(&line[at..]));
                let width = key.chars().count() + 2;
                return Err(
                    Refusal::line(path.display(), number, column, excerpt, width, message)
                        .help(help),
                );
            }
            Err(e) => {
                let at = e.column().saturating_sub(1).min(line.len());
                let at = (0..=at)
                    .rev()
                    .find(|at| line.is_char_boundary(*at))
                    .unwrap_or(0);
                let (column, excerpt) =
                    (line[..at].chars().count() as u64 + 1, shorten(&line[at..]));
                let message = e.to_string();
                let message = message
                    .split(" at line ")
                    .next()
                    .unwrap_or_default()
                    .to_string();
                return Err(
                    Refusal::line(path.display(), number, column, excerpt, 1, message)
                        .help("each line is a JSON object with a value for each column"),
                );
            }
        }
    }
    Ok(keys.filling.finish(rows))
}

/// The keys seen so far, and where their values go.
struct Keys {
    places: indexmap::IndexMap<String, usize>,
    /// Where the next key is expected: lines mostly have the same keys in the same order.
    next: usize,
    filling: Filling,
}

impl Default for Keys {
    fn default() -> Self {
        Keys {
            places: indexmap::IndexMap::new(),
            next: 0,
            filling: Filling::empty(),
        }
    }
}

impl Keys {
    fn place<R: Row>(&mut self, key: &str) -> Result<usize, (String, String)> {
        let expected = self.places.get_index(self.next);
        if let Some((_, &place)) = expected.filter(|(known, _)| *known == key) {
            self.next += 1;
            return Ok(place);
        }
        if let Some((index, _, &place)) = self.places.get_full(key) {
            self.next = index + 1;
            return Ok(place);
        }
        let place = self.filling.add::<R>(key)?;
        self.places.insert(key.into(), place);
        self.next = self.places.len();
        Ok(place)
    }
}

struct Wrong {
    key: String,
    message: String,
    help: String,
}

/// Reads one object straight into the columns.
struct OneRow<'a, R> {
    keys: &'a mut Keys,
    names: &'a mut Dictionaries,
    row: usize,
    wrong: Option<Wrong>,
    table: std::marker::PhantomData<R>,
}

impl<'de, R: Row> DeserializeSeed<'de> for OneRow<'_, R> {
    type Value = Option<Wrong>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Wrong>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, R: Row> Visitor<'de> for OneRow<'_, R> {
    type Value = Option<Wrong>;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Option<Wrong>, A::Error> {
        self.keys.next = 0;
        while let Some(Text(key)) = map.next_key()? {
            if self.wrong.is_some() {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let place = match self.keys.place::<R>(&key) {
                Ok(place) => place,
                Err((message, help)) => {
                    let key = key.into_owned();
                    self.wrong = Some(Wrong { key, message, help });
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if self.keys.filling.targets[place].is_none() {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value: Owned = map.next_value()?;
            let put = match &value {
                Owned::Cell(cell) => self.keys.filling.put(place, self.row, *cell, self.names),
                Owned::Text(text) => {
                    let cell = Cell::Text(text);
                    self.keys.filling.put(place, self.row, cell, self.names)
                }
                Owned::Strange => Err("a single value".into()),
            };
            if let Err(help) = put {
                let found = match &value {
                    Owned::Cell(cell) => found(cell),
                    Owned::Text(text) => found(&Cell::Text(text)),
                    Owned::Strange => "found a list or an object".into(),
                };
                self.wrong = Some(Wrong {
                    message: format!("{key}: {found}"),
                    key: key.into_owned(),
                    help,
                });
            }
        }
        Ok(self.wrong)
    }
}

/// A text, borrowed where it has no escapes.
struct Text<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.into())))
            }
        }
        deserializer.deserialize_str(Texts)
    }
}

/// A value of JSON.
enum Owned<'de> {
    Cell(Cell<'static>),
    Text(Cow<'de, str>),
    Strange,
}

impl<'de> serde::Deserialize<'de> for Owned<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values;
        impl<'de> Visitor<'de> for Values {
            type Value = Owned<'de>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<Owned<'de>, E> {
                Ok(Owned::Cell(Cell::Nothing))
            }
            fn visit_bool<E>(self, flag: bool) -> Result<Owned<'de>, E> {
                Ok(Owned::Cell(Cell::Flag(flag)))
            }
            fn visit_i64<E>(self, n: i64) -> Result<Owned<'de>, E> {
                Ok(Owned::Cell(Cell::Whole(n)))
            }
            fn visit_u64<E>(self, n: u64) -> Result<Owned<'de>, E> {
                let whole = i64::try_from(n).map(Cell::Whole);
                Ok(Owned::Cell(whole.unwrap_or(Cell::Real(n as f64))))
            }
            fn visit_f64<E>(self, x: f64) -> Result<Owned<'de>, E> {
                Ok(Owned::Cell(Cell::Real(x)))
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Owned<'de>, E> {
                Ok(Owned::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Owned<'de>, E> {
                Ok(Owned::Text(Cow::Owned(text.into())))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Owned<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Owned::Strange)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<Owned<'de>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Owned::Strange)
            }
        }
        deserializer.deserialize_any(Values)
    }
}
