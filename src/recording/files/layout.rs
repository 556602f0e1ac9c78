//! How a column looks in a file: its name, what is written for a number, and what is read back as one.
//!
//! Written for people and for other tools: names and words in clear, digests in hexadecimal, times in whole ns with
//! `_ns` in the column's name. So a team can write the same from its own logs.

use super::super::{ColumnSpec, Dictionaries, Meaning, Row, Table};
use xxhash_rust::xxh3::xxh3_64;

/// A value as it stands in a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// Nothing, or `null`: reads as 0, "not known".
    Nothing,
    Text(&'a str),
    Whole(i64),
    Real(f64),
    Flag(bool),
}

/// The name of a column in files.
pub(super) fn file_name(spec: &ColumnSpec) -> String {
    match spec.meaning {
        Meaning::Instant | Meaning::Span => format!("{}_ns", spec.name),
        _ => spec.name.into(),
    }
}

/// What a column holds in files, in words.
pub(super) fn kind(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Instant => "ns from the start",
        Meaning::Span => "ns",
        Meaning::Count => "count",
        Meaning::Name(_) => "text",
        Meaning::Word(_) => "word",
        Meaning::Flag => "true or false",
        Meaning::Ordinal => "ordinal",
        Meaning::Digest => "16 hexadecimal digits",
        Meaning::Real => "number",
    }
}

/// Room for a value that is written as text but held as none.
pub(super) type Scratch = String;

/// The value of a number, as it is written.
///
/// # Errors
/// A number that no file can hold.
pub(super) fn written<'a>(
    meaning: Meaning,
    word: u64,
    names: &'a Dictionaries,
    scratch: &'a mut Scratch,
) -> Result<Cell<'a>, String> {
    Ok(match meaning {
        Meaning::Name(_) | Meaning::Word(_) | Meaning::Digest if word == 0 => Cell::Text(""),
        Meaning::Name(dictionary) => match known(dictionary, word, names) {
            Some(name) => Cell::Text(name),
            None => {
                *scratch = nameless(word);
                Cell::Text(scratch)
            }
        },
        Meaning::Word(words) => match words.get(word as usize) {
            Some(word) => Cell::Text(word),
            None => return Err(format!("{word} is none of its words")),
        },
        Meaning::Digest => {
            scratch.clear();
            for shift in (0..16).rev() {
                // Sixteen digits at a fifth of the cost of the formatter.
                scratch.push(char::from(
                    b"0123456789abcdef"[(word >> (4 * shift) & 15) as usize],
                ));
            }
            Cell::Text(scratch)
        }
        Meaning::Flag => Cell::Flag(word != 0),
        Meaning::Real => {
            let real = f64::from_bits(word);
            if !real.is_finite() {
                return Err(format!("{real} is no number"));
            }
            Cell::Real(real)
        }
        // Signed, since Spark and others have no unsigned numbers.
        Meaning::Instant | Meaning::Span | Meaning::Count | Meaning::Ordinal => {
            let number = i64::try_from(word);
            Cell::Whole(number.map_err(|_| format!("{word} does not fit 63 bits"))?)
        }
    })
}

fn known<'a>(dictionary: &str, word: u64, names: &'a Dictionaries) -> Option<&'a str> {
    let name = names.get(dictionary)?.name(u32::try_from(word).ok()?);
    (!name.is_empty()).then_some(name)
}

/// What is written for a number that has no name.
fn nameless(word: u64) -> String {
    format!("#{word}")
}

/// A number that stands for the value, whatever numbers its dictionary gave.
pub(super) fn fingerprint(meaning: Meaning, word: u64, names: &Dictionaries) -> u64 {
    match meaning {
        Meaning::Name(dictionary) if word != 0 => match known(dictionary, word, names) {
            Some(name) => xxh3_64(name.as_bytes()),
            None => xxh3_64(nameless(word).as_bytes()),
        },
        _ => word,
    }
}

/// A column of a table that a file has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    /// Its number in the table.
    pub column: usize,
    pub meaning: Meaning,
    /// Largest number that the row has room for.
    limit: u64,
    /// ns in one of what the file counts in.
    scale: u64,
}

/// The column that a file calls `name`. `Ok(None)`: none of ours, and left alone.
///
/// # Errors
/// A name that is one or two letters off a column's: likely ours, and misspelt. The column's name in files.
pub(super) fn target<R: Row>(name: &str) -> Result<Option<Target>, String> {
    let units = [
        ("_ns", 1),
        ("_us", 1_000),
        ("_ms", 1_000_000),
        ("_s", 1_000_000_000),
    ];
    let most = R::from_columns(|_| u64::MAX);
    for (column, spec) in R::COLUMNS.iter().enumerate() {
        let scale = match spec.meaning {
            Meaning::Instant | Meaning::Span => {
                let unit = name.strip_prefix(spec.name);
                let unit = units.iter().find(|(suffix, _)| unit == Some(suffix));
                unit.map(|(_, scale)| *scale)
            }
            _ => (name == spec.name).then_some(1),
        };
        if let Some(scale) = scale {
            return Ok(Some(Target {
                column,
                meaning: spec.meaning,
                limit: most.word(column),
                scale,
            }));
        }
    }
    // A time without its unit would be left alone, and nobody would know.
    let bare = |spec: &&ColumnSpec| {
        matches!(spec.meaning, Meaning::Instant | Meaning::Span) && spec.name == name
    };
    if let Some(spec) = R::COLUMNS.iter().find(bare) {
        return Err(file_name(spec));
    }
    let near = |known: &String| strsim::damerau_levenshtein(name, known) <= 2 && name.len() > 4;
    match R::COLUMNS.iter().map(file_name).find(near) {
        Some(near) => Err(near),
        None => Ok(None),
    }
}

impl Target {
    /// The number of a value in a file. New names get numbers.
    ///
    /// # Errors
    /// What would be right.
    pub fn read(&self, cell: Cell, names: &mut Dictionaries) -> Result<u64, String> {
        let number = match (self.meaning, cell) {
            (_, Cell::Nothing) => 0,
            (Meaning::Name(dictionary), Cell::Text(name)) => {
                u64::from(names.entry(dictionary).or_default().number(name))
            }
            // A tenant called 7 is a name all the same.
            (Meaning::Name(dictionary), Cell::Whole(n)) => {
                u64::from(names.entry(dictionary).or_default().number(&n.to_string()))
            }
            (Meaning::Word(words), Cell::Text(word)) => {
                let place = words.iter().position(|w| *w == word);
                place.ok_or_else(|| crate::config::suggestion(word, listed(words)))? as u64
            }
            (Meaning::Flag, Cell::Flag(flag)) => flag.into(),
            (Meaning::Flag, Cell::Whole(n @ 0..=1)) => n as u64,
            (Meaning::Flag, Cell::Text(text)) => match text {
                "true" | "1" => 1,
                "false" | "0" | "" => 0,
                _ => return Err(self.expected()),
            },
            (Meaning::Digest, Cell::Text("")) => 0,
            (Meaning::Digest, Cell::Text(text)) if text.len() <= 16 => {
                let digits = text.bytes().all(|b| b.is_ascii_hexdigit());
                let number = u64::from_str_radix(text, 16).ok().filter(|_| digits);
                number.ok_or_else(|| self.expected())?
            }
            (Meaning::Real, cell) => self.real(cell)?.to_bits(),
            (Meaning::Instant | Meaning::Span | Meaning::Count | Meaning::Ordinal, cell) => {
                self.whole(cell)?
            }
            _ => return Err(self.expected()),
        };
        if number > self.limit {
            return Err(format!("at most {} fits here", self.limit));
        }
        Ok(number)
    }

    fn real(&self, cell: Cell) -> Result<f64, String> {
        let real = match cell {
            Cell::Real(real) => Some(real),
            Cell::Whole(n) => Some(n as f64),
            Cell::Text(text) => text.parse().ok(),
            _ => None,
        };
        real.filter(|real| real.is_finite())
            .ok_or_else(|| self.expected())
    }

    fn whole(&self, cell: Cell) -> Result<u64, String> {
        let number = match cell {
            Cell::Text("") => Some(0),
            Cell::Text(text) => match text.parse::<i64>() {
                Ok(n) => self.scaled(n),
                Err(_) => text.parse().ok().and_then(|real| self.rounded(real)),
            },
            Cell::Whole(n) => self.scaled(n),
            Cell::Real(real) => self.rounded(real),
            _ => None,
        };
        number.ok_or_else(|| self.expected())
    }

    fn scaled(&self, n: i64) -> Option<u64> {
        let n = u64::try_from(n).ok()?.checked_mul(self.scale)?;
        (n <= i64::MAX as u64).then_some(n)
    }

    /// Of counts only whole ones (pandas writes 3.0 where a neighbour is missing); times are rounded to ns.
    fn rounded(&self, real: f64) -> Option<u64> {
        let n = real * self.scale as f64;
        let whole = n.fract() == 0.0 || matches!(self.meaning, Meaning::Instant | Meaning::Span);
        (whole && (0.0..9e18).contains(&n)).then(|| n.round() as u64)
    }

    /// What would be right.
    pub fn expected(&self) -> String {
        match self.meaning {
            Meaning::Instant | Meaning::Span => "a time that is not negative".into(),
            Meaning::Count | Meaning::Ordinal => "a whole number that is not negative".into(),
            Meaning::Name(_) => "a text".into(),
            Meaning::Word(words) => {
                format!("one of {}", listed(words).collect::<Vec<_>>().join(", "))
            }
            Meaning::Flag => "true or false".into(),
            Meaning::Digest => "up to 16 hexadecimal digits".into(),
            Meaning::Real => "a number".into(),
        }
    }
}

fn listed(words: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    words.iter().copied().filter(|word| !word.is_empty())
}

/// The recorded columns of a table with their numbers.
pub(super) fn recorded<R: Row>(table: &Table<R>) -> Vec<(usize, &'static ColumnSpec)> {
    table.recorded().map(|c| (c, &R::COLUMNS[c])).collect()
}
