//! Any CSV or JSONL, by a map of our columns to theirs: `arrived=ts:ms,tenant=account.id`.
//!
//! In CSV a name is one of the header's; in JSONL it is a key, or a path of keys with points between, through nested objects
//! (a key that has points itself is found as well). What is not mapped is not read. Behind a time, its unit: `:s`, `:ms`, `:us`,
//! `:ns`; without, `arrived` is a time such as 2023-11-16T18:17:03Z, or a number, whose unit is recognised once, at the
//! first row, by its size: a time since 1970 in s, ms, us or ns, and seconds from the start where it is smaller than all of these.

mod map;

pub use map::{Mapped, Mapping, Unit};

use super::{
    Format, Opened, ReadOptions, Rows,
    draft::{Column, Draft},
    native_csv,
    object::{self, Kind, Member},
    record::Record,
};
use crate::{
    config::{Refusal, suggestion},
    trace::{
        lines::{Fault, Lines},
        request::{Field, Request, SharedTags},
        stamp::Time,
    },
};
use map::is_time;
use std::{borrow::Cow, ops::Range};

/// The format.
pub const FORMAT: Format = Format {
    name: "mapped",
    summary: "any CSV with a header, or any JSONL: `map` says which of its names is which of our columns",
    fills: Field::ALL,
    clock: true,
    sniff: |_| Err("it is read where a map is given".into()),
    open,
};

fn open(lines: Lines, options: &ReadOptions, tags: SharedTags) -> Result<Opened, Refusal> {
    let Some(map) = options.map.clone() else {
        return Err(lines
            .refuse_file("is to be read by a map, and none is given")
            .help("--map arrived=ts:ms,tenant=account_id"));
    };
    let columns: Vec<Column> = map.columns.iter().map(|c| c.column).collect();
    let captured = native_csv::captured(&columns);
    let draft = Draft::new(tags, options);
    let values = Values {
        draft,
        map,
        unit: None,
    };
    let head = String::from_utf8_lossy(lines.head()).into_owned();
    let first = head.trim_start_matches('\u{feff}').trim_start();
    let rows: Box<dyn Rows> = match first.starts_with('{') {
        true => {
            check_paths(&lines, &head, &values.map)?;
            Box::new(Jsonl {
                lines,
                values,
                members: vec![],
            })
        }
        false => Box::new(Csv::open(lines, values)?),
    };
    Ok(Opened {
        rows,
        captured,
        origin: None,
    })
}

/// Sets mapped values, whatever they were read from.
struct Values {
    draft: Draft,
    map: std::rc::Rc<Mapping>,
    /// The unit of `arrived`, once it is recognised.
    unit: Option<Unit>,
}

impl Values {
    /// Sets one value.
    fn set(&mut self, i: usize, text: &str) -> Result<(), (String, String)> {
        let Some(mapped) = self.map.columns.get(i) else {
            return Ok(());
        };
        let named = |(found, right): (String, String)| (format!("{}: {found}", mapped.name), right);
        if !is_time(mapped.column) || (text.is_empty() && mapped.column != Column::Arrived) {
            return self.draft.set(mapped.column, text).map_err(named);
        }
        let text = text.trim();
        let numeric = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let arrived = mapped.column == Column::Arrived;
        let unit = match (mapped.unit, arrived, numeric) {
            (Some(unit), ..) => unit,
            (None, true, true) => *self.unit.get_or_insert_with(|| Unit::recognised(text)),
            _ => return self.draft.set(mapped.column, text).map_err(named),
        };
        let ns = unit.nanos(text).ok_or_else(|| {
            let shown: String = crate::trace::lines::plain(text).chars().take(40).collect();
            named((
                format!("found \"{shown}\""),
                "a number, 0 or more, of the unit that was given".into(),
            ))
        })?;
        match mapped.column {
            Column::Arrived => self.draft.set_time(Time::Offset(ns)),
            column => self.draft.set_span(column, ns),
        }
        Ok(())
    }

    /// Finishes the row; `time` is where its time stands.
    fn finish(&mut self, lines: &Lines, time: Range<usize>) -> Result<Request, Fault> {
        self.draft
            .finish()
            .map_err(|(found, right)| Fault::Row(lines.refuse(time, found).help(right)))
    }
}

struct Csv {
    lines: Lines,
    record: Record,
    /// Where each mapped column stands in a record.
    places: Vec<usize>,
    width: usize,
    values: Values,
}

impl Csv {
    fn open(mut lines: Lines, values: Values) -> Result<Csv, Refusal> {
        let mut record = Record::default();
        if !record
            .read(&mut lines, |_| Ok(()))
            .map_err(Fault::into_refusal)?
        {
            return Err(lines
                .refuse_file("has no header")
                .help("the first line names the columns"));
        }
        let names: Vec<String> = (0..record.width())
            .map(|i| record.cell(&lines, i).trim().to_string())
            .collect();
        let place = |mapped: &Mapped| {
            let found = names.iter().position(|name| *name == mapped.source);
            found.ok_or_else(|| {
                let what = format!(
                    "{} has no column \"{}\" for {}",
                    lines.name(),
                    mapped.source,
                    mapped.name
                );
                Refusal::at(&values.map.at, what)
                    .help(suggestion(&mapped.source, names.iter().map(String::as_str)))
            })
        };
        Ok(Csv {
            places: values
                .map
                .columns
                .iter()
                .map(place)
                .collect::<Result<_, _>>()?,
            width: names.len(),
            lines,
            record,
            values,
        })
    }

    fn read(&mut self) -> Result<Option<Request>, Fault> {
        if !self.record.read(&mut self.lines, |_| Ok(()))? {
            return match self.values.draft.rows() {
                0 => Err(Fault::File(
                    self.lines.refuse_file("has a header and no rows"),
                )),
                _ => Ok(None),
            };
        }
        if self.record.width() != self.width {
            return Err(self.record.wrong_width(&self.lines, self.width));
        }
        self.values.draft.clear();
        let mut time = 0..0;
        for (i, &place) in self.places.iter().enumerate() {
            let column = self.values.map.columns[i].column;
            if column == Column::Arrived {
                time = self.record.range(place);
            } else if !self.values.draft.wants(column) {
                continue;
            }
            let cell = self.record.cell(&self.lines, place);
            if let Err((found, right)) = self.values.set(i, &cell) {
                let range = self.record.range(place);
                return Err(Fault::Row(self.lines.refuse(range, found).help(right)));
            }
        }
        self.values.finish(&self.lines, time).map(Some)
    }
}

impl Rows for Csv {
    fn next_row(&mut self) -> Result<Option<Request>, Fault> {
        let row = self.read();
        if row.is_err() {
            self.values.draft.skip();
        }
        row
    }

    fn absolute(&self) -> bool {
        self.values.draft.absolute()
    }

    fn line(&self) -> u64 {
        self.lines.line()
    }
}

/// The value at a path of keys, in a text that is an object; ranges are of the whole text.
fn find(
    text: &str,
    within: Range<usize>,
    path: &str,
    members: &mut Vec<Member>,
) -> Result<Option<(Kind, Range<usize>)>, object::Broken> {
    let start = within.start;
    object::split(&text[within], members).map_err(|broken| object::Broken {
        at: broken.at + start,
        ..broken
    })?;
    let moved = |range: &Range<usize>| range.start + start..range.end + start;
    let mut deeper = vec![];
    for member in members.iter() {
        let key = &text[moved(&member.key)];
        if key == path {
            return Ok(Some((member.kind, moved(&member.value))));
        }
        let rest = path
            .strip_prefix(key)
            .and_then(|rest| rest.strip_prefix('.'));
        if let (Some(rest), Kind::Object) = (rest, member.kind) {
            deeper.push((moved(&member.value), rest));
        }
    }
    for (range, rest) in deeper {
        if let Some(found) = find(text, range, rest, members)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Refuses a path that no line of the head has: it is a typing error rather than a value that is never recorded.
fn check_paths(lines: &Lines, head: &str, map: &Mapping) -> Result<(), Refusal> {
    // The last line of the head may be cut.
    let whole = match head.len() < crate::trace::input::HEAD {
        true => head,
        false => head.rsplit_once('\n').map_or(head, |(whole, _)| whole),
    };
    let mut members = vec![];
    for mapped in &map.columns {
        let has = whole.trim_start_matches('\u{feff}').lines().any(|line| {
            matches!(
                find(line, 0..line.len(), &mapped.source, &mut members),
                Ok(Some(_))
            )
        });
        let first = whole
            .trim_start_matches('\u{feff}')
            .lines()
            .next()
            .unwrap_or("");
        if !has && object::split(first, &mut members).is_ok() {
            let keys: Vec<&str> = members.iter().map(|m| &first[m.key.clone()]).collect();
            let what = format!(
                "no row at the start of {} has \"{}\" for {}",
                lines.name(),
                mapped.source,
                mapped.name
            );
            return Err(Refusal::at(&map.at, what).help(suggestion(&mapped.source, keys)));
        }
    }
    Ok(())
}

struct Jsonl {
    lines: Lines,
    values: Values,
    members: Vec<Member>,
}

impl Jsonl {
    fn read(&mut self) -> Result<Option<Request>, Fault> {
        loop {
            if !self.lines.advance()? {
                return match self.values.draft.rows() {
                    0 => Err(Fault::File(self.lines.refuse_file("has no rows"))),
                    _ => Ok(None),
                };
            }
            if !self.lines.text().trim().is_empty() {
                break;
            }
        }
        self.values.draft.clear();
        let text = self.lines.text();
        let mut time = 0..text.len();
        let map = self.values.map.clone();
        for (i, mapped) in map.columns.iter().enumerate() {
            if !self.values.draft.wants(mapped.column) {
                continue;
            }
            let found =
                find(text, 0..text.len(), &mapped.source, &mut self.members).map_err(|broken| {
                    let at = broken.at.min(text.len());
                    Fault::Row(
                        self.lines
                            .refuse(at..text.len(), "this is no JSON object")
                            .help(broken.wanted),
                    )
                })?;
            let Some((kind, range)) = found else { continue };
            if mapped.column == Column::Arrived {
                time = range.clone();
            }
            let value = &text[range.clone()];
            let refuse = |found: String, right: String| {
                Fault::Row(self.lines.refuse(range.clone(), found).help(right))
            };
            let takes_json = matches!(
                mapped.column,
                Column::Prompt | Column::Params | Column::Body
            );
            let value: Cow<str> = match kind {
                Kind::Null => continue,
                Kind::Text(escaped) => object::unescaped(value, escaped).ok_or_else(|| {
                    refuse(
                        format!("{}: an escape that is none", mapped.name),
                        "as in JSON: \\n, \\u00e9".into(),
                    )
                })?,
                Kind::Number | Kind::Bool => Cow::Borrowed(value),
                Kind::List | Kind::Object if takes_json => Cow::Borrowed(value),
                Kind::List | Kind::Object => {
                    return Err(refuse(
                        format!("{}: {} where one value belongs", mapped.name, kind.words()),
                        "name a value in it by a path, such as account.id".into(),
                    ));
                }
            };
            self.values
                .set(i, &value)
                .map_err(|(found, right)| refuse(found, right))?;
        }
        self.values.finish(&self.lines, time).map(Some)
    }
}

impl Rows for Jsonl {
    fn next_row(&mut self) -> Result<Option<Request>, Fault> {
        let row = self.read();
        if row.is_err() {
            self.values.draft.skip();
        }
        row
    }

    fn absolute(&self) -> bool {
        self.values.draft.absolute()
    }

    fn line(&self) -> u64 {
        self.lines.line()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_through_objects_and_keys_with_points() {
        let text = r#"{"a":{"b":{"c":1}},"a.b":2,"x":{"y.z":3},"s":"{"}"#;
        let at = |path: &str| {
            find(text, 0..text.len(), path, &mut vec![])
                .unwrap()
                .map(|(_, range)| &text[range])
        };
        assert_eq!(at("a.b.c"), Some("1"));
        assert_eq!(at("a.b"), Some("2"));
        assert_eq!(at("x.y.z"), Some("3"));
        assert_eq!(at("s"), Some("{"));
        assert_eq!(at("s.t"), None);
        assert_eq!(at("nothing"), None);
    }
}
