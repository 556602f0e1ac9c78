//! Rows as other tools show them: names and words in clear, what is "none" or "not known" left out.

use crate::recording::{Dictionaries, Meaning, Row, Table};
use serde_json::{Map, Value, json};

/// The recorded columns of a row that say something, under the names that they have in files; without those of `skip`.
pub fn told<R: Row>(
    table: &Table<R>,
    row: usize,
    names: &Dictionaries,
    skip: &[usize],
) -> Map<String, Value> {
    let mut said = Map::new();
    for column in table.recorded().filter(|c| !skip.contains(c)) {
        let spec = &R::COLUMNS[column];
        let word = table.value(column, row);
        let value = match spec.meaning {
            _ if word == 0 => continue,
            Meaning::Instant | Meaning::Span => {
                said.insert(format!("{}_ns", spec.name), json!(word));
                continue;
            }
            Meaning::Count | Meaning::Ordinal => json!(word),
            Meaning::Name(dictionary) => json!(name(names, dictionary, word)),
            Meaning::Word(words) => json!(words.get(word as usize).copied().unwrap_or_default()),
            Meaning::Flag => json!(true),
            Meaning::Digest => json!(format!("{word:016x}")),
            Meaning::Real => json!(f64::from_bits(word)),
        };
        said.insert(spec.name.to_owned(), value);
    }
    said
}

/// A name of a dictionary, or its number where the dictionary does not have it.
pub fn name(names: &Dictionaries, dictionary: &str, number: u64) -> String {
    let known = names.get(dictionary);
    let known = known.map_or("", |known| known.name(number as u32));
    match known {
        "" if number > 0 => format!("#{number}"),
        known => known.to_owned(),
    }
}
