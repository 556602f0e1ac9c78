//! Which rows an accumulator lets in: `{tenant="acme", service_version=2}`.
//!
//! Rows carry numbers, people write names, and a name may show up only in the middle of a run. A selector therefore
//! asks for its name's number again whenever it meets a number higher than all those that it has asked about:
//! dictionaries only grow, so a name that was not there then cannot have a lower one.

use super::measure::Measure;
use super::{Stage, counts::counter};
use crate::{
    config::suggestion,
    recording::{
        AttemptRow, ColumnSpec, Dictionaries, GaugeRow, Meaning, Recording, RequestRow, Row,
    },
};
use std::{cell::RefCell, rc::Rc};

/// Numbers of names, and names of numbers, wherever the run keeps its dictionaries.
pub trait Lookup {
    /// The number of a name, if it has one yet.
    fn number(&self, dictionary: &str, name: &str) -> Option<u32>;
    /// The name of a number; empty when there is none.
    fn name(&self, dictionary: &str, number: u32) -> String;
}

impl Lookup for Dictionaries {
    fn number(&self, dictionary: &str, name: &str) -> Option<u32> {
        self.get(dictionary)?.find(name)
    }
    fn name(&self, dictionary: &str, number: u32) -> String {
        let names = self.get(dictionary);
        names.map_or(String::new(), |names| names.name(number).into())
    }
}

impl Lookup for Recording {
    fn number(&self, dictionary: &str, name: &str) -> Option<u32> {
        self.names.number(dictionary, name)
    }
    fn name(&self, dictionary: &str, number: u32) -> String {
        Lookup::name(&self.names, dictionary, number)
    }
}

impl<L: Lookup> Lookup for RefCell<L> {
    fn number(&self, dictionary: &str, name: &str) -> Option<u32> {
        self.borrow().number(dictionary, name)
    }
    fn name(&self, dictionary: &str, number: u32) -> String {
        self.borrow().name(dictionary, number)
    }
}

impl<L: Lookup + ?Sized> Lookup for Rc<L> {
    fn number(&self, dictionary: &str, name: &str) -> Option<u32> {
        (**self).number(dictionary, name)
    }
    fn name(&self, dictionary: &str, number: u32) -> String {
        (**self).name(dictionary, number)
    }
}

impl<L: Lookup + ?Sized> Lookup for &L {
    fn number(&self, dictionary: &str, name: &str) -> Option<u32> {
        (**self).number(dictionary, name)
    }
    fn name(&self, dictionary: &str, number: u32) -> String {
        (**self).name(dictionary, number)
    }
}

/// The tables that indicators are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableOf {
    /// One row a try of a client.
    Requests,
    /// One row a call to a dependency.
    Attempts,
    /// One row a reading.
    Gauges,
}

impl TableOf {
    /// The columns of the table.
    pub fn columns(self) -> &'static [ColumnSpec] {
        match self {
            TableOf::Requests => RequestRow::COLUMNS,
            TableOf::Attempts => AttemptRow::COLUMNS,
            TableOf::Gauges => GaugeRow::COLUMNS,
        }
    }

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            TableOf::Requests => RequestRow::TABLE,
            TableOf::Attempts => AttemptRow::TABLE,
            TableOf::Gauges => GaugeRow::TABLE,
        }
    }

    /// The names of the columns that rows can be selected, or split, by.
    pub fn selectable(self) -> impl Iterator<Item = &'static str> {
        let columns = self.columns().iter();
        columns.filter(|c| selectable(c.meaning)).map(|c| c.name)
    }
}

/// Times, sizes and digests are too many to be somebody's name for a part of the traffic.
fn selectable(meaning: Meaning) -> bool {
    use Meaning::{Flag, Name, Ordinal, Word};
    matches!(meaning, Name(_) | Word(_) | Flag | Ordinal)
}

impl Measure {
    /// The table whose rows it is made of.
    pub fn table(&self) -> TableOf {
        let attempts = |counters: &[usize]| {
            counters
                .iter()
                .all(|c| (counter::RESULT..counter::PARSE_ERRORS).contains(c))
        };
        match *self {
            Measure::Quantile(Stage::CallTime, _)
            | Measure::Mean(Stage::CallTime)
            | Measure::Max(Stage::CallTime) => TableOf::Attempts,
            Measure::Ratio(_, c) | Measure::Count(c) | Measure::Rate(c) if attempts(c) => {
                TableOf::Attempts
            }
            Measure::Gauge(..) | Measure::GaugeShare(..) => TableOf::Gauges,
            _ => TableOf::Requests,
        }
    }
}

/// What the column has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The number of this name.
    Name(String),
    /// This number: an ordinal, a flag, or the number of a word.
    Number(u64),
    /// A version later than the first.
    New,
    /// The first version.
    Old,
}

/// One condition on a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The column's name.
    pub column: &'static str,
    /// `!=` instead of `=`.
    pub not: bool,
    /// What it is compared with.
    pub pick: Pick,
}

impl Selector {
    /// The column of this name, if rows of the table can be selected by it.
    ///
    /// # Errors
    /// Message and help for people.
    pub fn column(table: TableOf, name: &str) -> Result<&'static ColumnSpec, (String, String)> {
        let column = table.columns().iter().find(|c| c.name == name);
        match column {
            Some(column) if selectable(column.meaning) => Ok(column),
            _ => Err((
                format!("{} cannot be selected by \"{name}\"", table.name()),
                suggestion(name, table.selectable()),
            )),
        }
    }

    /// A condition on a column; `value` is as people write it, without quotes.
    ///
    /// # Errors
    /// Message and help for people, about the value.
    pub fn new(
        column: &'static ColumnSpec,
        not: bool,
        value: &str,
    ) -> Result<Selector, (String, String)> {
        let ordinal = || match value {
            "new" => Some(Pick::New),
            "old" => Some(Pick::Old),
            _ => value
                .strip_prefix('v')
                .unwrap_or(value)
                .parse()
                .ok()
                .map(Pick::Number),
        };
        let (pick, help) = match column.meaning {
            Meaning::Name(_) => (Some(Pick::Name(value.into())), String::new()),
            Meaning::Word(words) => {
                let place = words.iter().position(|w| *w == value && !w.is_empty());
                let known = words.iter().copied().filter(|w| !w.is_empty());
                (
                    place.map(|i| Pick::Number(i as u64)),
                    suggestion(value, known),
                )
            }
            Meaning::Flag => {
                let number = match value {
                    "true" | "1" => Some(1),
                    "false" | "0" => Some(0),
                    _ => None,
                };
                (number.map(Pick::Number), "write true or false".into())
            }
            _ => (
                ordinal(),
                "write a number from 1, or new (later than the first) or old".into(),
            ),
        };
        match pick {
            Some(pick) => Ok(Selector {
                column: column.name,
                not,
                pick,
            }),
            None => Err((format!("{} is never \"{value}\"", column.name), help)),
        }
    }

    /// The column's meaning, in whichever table has it.
    fn spec(&self) -> Option<&'static ColumnSpec> {
        let tables = [TableOf::Requests, TableOf::Attempts, TableOf::Gauges];
        let mut columns = tables.iter().flat_map(|t| t.columns());
        columns.find(|c| c.name == self.column)
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.column)?;
        f.write_str(if self.not { "!=" } else { "=" })?;
        let meaning = self.spec().map(|spec| spec.meaning);
        match (&self.pick, meaning) {
            (Pick::Name(name), _) => {
                let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
                write!(f, "\"{escaped}\"")
            }
            (Pick::New, _) => f.write_str("new"),
            (Pick::Old, _) => f.write_str("old"),
            (Pick::Number(n), Some(Meaning::Word(words))) => {
                write!(f, "\"{}\"", words.get(*n as usize).unwrap_or(&""))
            }
            (Pick::Number(n), Some(Meaning::Flag)) => write!(f, "{}", *n == 1),
            (Pick::Number(n), _) => write!(f, "{n}"),
        }
    }
}

/// Which requests somebody asks about: those that pass all of its selectors.
#[derive(Clone, Debug)]
pub struct Filter(Vec<Ready>);

impl Filter {
    /// Of these.
    pub fn new(select: &[Selector]) -> Filter {
        Filter(select.iter().map(Ready::new).collect())
    }

    /// Whether a request passes.
    pub fn lets_in(&mut self, row: &RequestRow, lookup: &dyn Lookup) -> bool {
        let mut all = self.0.iter_mut();
        all.all(|ready| ready.lets_in(row, TableOf::Requests, lookup))
    }
}

/// A selector made ready for rows.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    /// The column in requests, attempts and gauges.
    places: [Option<usize>; 3],
    not: bool,
    wants: Wants,
}

#[derive(Clone, Debug)]
enum Wants {
    Number(u64),
    AtLeast(u64),
    /// Not in its dictionary when numbers up to `asked` were there.
    Name {
        dictionary: &'static str,
        name: String,
        asked: Option<u64>,
    },
}

/// Where a column of this name is in requests, attempts and gauges.
pub(super) fn places(column: &str) -> [Option<usize>; 3] {
    [TableOf::Requests, TableOf::Attempts, TableOf::Gauges]
        .map(|table| table.columns().iter().position(|c| c.name == column))
}

impl Ready {
    pub fn new(selector: &Selector) -> Ready {
        let wants = match (&selector.pick, selector.spec().map(|s| s.meaning)) {
            (Pick::Name(name), Some(Meaning::Name(dictionary))) => Wants::Name {
                dictionary,
                name: name.clone(),
                asked: None,
            },
            (Pick::Number(n), _) => Wants::Number(*n),
            (Pick::New, _) => Wants::AtLeast(2),
            // A name of a column that holds none is equal to nothing.
            (Pick::Old, _) => Wants::Number(1),
            (Pick::Name(_), _) => Wants::Number(u64::MAX),
        };
        Ready {
            places: places(selector.column),
            not: selector.not,
            wants,
        }
    }

    #[inline]
    pub fn lets_in<R: Row>(&mut self, row: &R, table: TableOf, lookup: &dyn Lookup) -> bool {
        let Some(column) = self.places[table as usize] else {
            return false;
        };
        let number = row.word(column);
        let equal = match &mut self.wants {
            Wants::Number(wanted) => number == *wanted,
            Wants::AtLeast(least) => number >= *least,
            Wants::Name { asked, .. } if asked.is_some_and(|asked| number <= asked) => false,
            Wants::Name {
                dictionary,
                name,
                asked,
            } => match lookup.number(dictionary, name) {
                Some(found) => {
                    self.wants = Wants::Number(found.into());
                    number == u64::from(found)
                }
                None => {
                    *asked = Some(number);
                    false
                }
            },
        };
        equal != self.not
    }
}
