//! Our own format as JSON lines: an object a request, with the names of the columns as keys.
//!
//! `params` and `body` may be objects, `blocks` a list. Our writer puts `{"gameday":"trace","version":1,"origin":...}` first
//! and `{"rows":123}` last, so that a lost end is noticed. Fields count as captured when one of the first rows has them.

use super::{
    Format, Opened, ReadOptions, Rows,
    draft::{COLUMNS, Column, Draft, column, may_mean_arrived},
    first_line, native_csv,
    object::{self, Kind, Member},
    shown,
};
use crate::{
    config::{Refusal, suggestion},
    trace::{
        lines::{Fault, Lines},
        request::{Field, Request, SharedTags},
        stamp,
    },
};

/// The format.
pub const FORMAT: Format = Format {
    name: "native-jsonl",
    summary: "our own columns as the keys of a JSON object a line; only `arrived` must be there",
    fills: Field::ALL,
    clock: true,
    sniff,
    open,
};

/// The keys of the first object.
pub(super) fn keys(line: &str) -> Result<Vec<String>, String> {
    if !line.trim_start().starts_with('{') {
        return Err("the first line is no JSON object".into());
    }
    let mut members = vec![];
    object::split(line, &mut members).map_err(|b| {
        format!(
            "the first line {} is no JSON object: {}",
            shown(line),
            b.wanted
        )
    })?;
    Ok(members
        .iter()
        .map(|m| line[m.key.clone()].to_string())
        .collect())
}

fn sniff(head: &str) -> Result<(), String> {
    let keys = keys(first_line(head))?;
    if keys.iter().any(|k| k == "arrived" || k == "gameday") {
        return Ok(());
    }
    let near = keys.iter().find(|k| may_mean_arrived(k));
    let near = near.map_or(String::new(), |n| {
        format!("; if {} is it, call it so; it is {}", shown(n), stamp::WHAT)
    });
    Err(format!(
        "the first object has no \"arrived\" (keys: {}{near})",
        keys.join(", ")
    ))
}

struct Jsonl {
    lines: Lines,
    members: Vec<Member>,
    draft: Draft,
    ours: bool,
    rows: Option<u64>,
}

fn open(lines: Lines, options: &ReadOptions, tags: SharedTags) -> Result<Opened, Refusal> {
    let head = String::from_utf8_lossy(lines.head()).into_owned();
    let mut members = vec![];
    let mut columns = vec![Column::Arrived];
    let mut origin = None;
    for line in head.lines() {
        if object::split(line, &mut members).is_err() {
            continue;
        }
        for m in &members {
            match column(&line[m.key.clone()]) {
                Some(c) if m.kind != Kind::Null && !columns.contains(&c) => columns.push(c),
                None if &line[m.key.clone()] == "origin" => {
                    origin = stamp::stamp(&line[m.value.clone()])
                }
                _ => {}
            }
        }
    }
    let mut draft = Draft::new(tags, options);
    if origin.is_some() {
        draft.set_origin();
    }
    let rows = Jsonl {
        lines,
        members,
        draft,
        ours: false,
        rows: None,
    };
    Ok(Opened {
        rows: Box::new(rows),
        captured: native_csv::captured(&columns),
        origin,
    })
}

impl Jsonl {
    fn end(&self) -> Result<Option<Request>, Fault> {
        let read = self.draft.rows();
        let file = |message: String| {
            Err(Fault::File(
                self.lines.refuse_file(message).help("copy the file again"),
            ))
        };
        match self.rows {
            Some(rows) if rows != read => file(format!(
                "says that it has {rows} rows, but {read} were there: rows are lost or were added"
            )),
            None if self.ours => file(format!(
                "ends after {read} rows without its last object {{\"rows\":N}}: it was cut short"
            )),
            _ if read == 0 => Err(Fault::File(self.lines.refuse_file("has no rows"))),
            _ => Ok(None),
        }
    }

    /// Reads a line that is no request but one of our marks.
    fn mark(&mut self) -> Result<bool, Fault> {
        let text = self.lines.text();
        let first = self.members.first().map(|m| &text[m.key.clone()]);
        match first {
            Some("gameday") => self.ours = true,
            Some("rows") if self.members.len() == 1 => {
                let value = self.members[0].value.clone();
                self.rows = Some(stamp::digits(&text[value.clone()]).ok_or_else(|| {
                    Fault::File(
                        self.lines
                            .refuse(value, "no count of rows")
                            .help("write {\"rows\":123}"),
                    )
                })?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn row(&mut self) -> Result<Request, Fault> {
        self.draft.clear();
        let mut time = 0..self.lines.text().len();
        let text = self.lines.text();
        for (i, m) in self.members.iter().enumerate() {
            let name = &text[m.key.clone()];
            let Some(column) = column(name) else {
                return Err(Fault::Row(
                    self.lines
                        .refuse(m.key.clone(), format!("unknown key \"{name}\""))
                        .help(format!(
                            "{}; a key of your own starts with x_",
                            suggestion(name, COLUMNS.iter().map(|c| c.0))
                        )),
                ));
            };
            if self.members[..i]
                .iter()
                .any(|other| text[other.key.clone()] == *name)
            {
                return Err(Fault::Row(
                    self.lines
                        .refuse(
                            m.key.clone(),
                            format!("the key \"{name}\" stands there twice"),
                        )
                        .help("leave one out"),
                ));
            }
            if column == Column::Arrived {
                time = m.value.clone();
            } else if !self.draft.wants(column) {
                continue;
            }
            let value = &text[m.value.clone()];
            let set = match (column, m.kind) {
                (_, Kind::Null) | (Column::Own, _) => Ok(()),
                (_, Kind::Text(escaped)) => match object::unescaped(value, escaped) {
                    Some(value) => self.draft.set(column, &value),
                    None => Err((format!("found {}", shown(value)), "a JSON text".into())),
                },
                (Column::Blocks, Kind::List) => self
                    .draft
                    .set(column, &value[1..value.len() - 1].replace([',', '\t'], " ")),
                (Column::Params | Column::Body, Kind::Object) => self.draft.set(column, value),
                (_, Kind::Number) => self.draft.set(column, value),
                (_, kind) => Err((
                    format!("found {}", kind.words()),
                    "a text or a number".into(),
                )),
            };
            if let Err((found, right)) = set {
                let message = format!("{name}: {found}");
                return Err(Fault::Row(
                    self.lines.refuse(m.value.clone(), message).help(right),
                ));
            }
        }
        self.draft
            .finish()
            .map_err(|(found, right)| Fault::Row(self.lines.refuse(time, found).help(right)))
    }
}

impl Rows for Jsonl {
    fn next_row(&mut self) -> Result<Option<Request>, Fault> {
        loop {
            let row = match self.lines.advance() {
                Ok(false) => return self.end(),
                Err(fault) => Err(fault),
                Ok(true) if self.lines.text().trim().is_empty() => continue,
                Ok(true) => match object::split(self.lines.text(), &mut self.members) {
                    Err(broken) => {
                        let at = broken.at..broken.at + 1;
                        Err(Fault::Row(
                            self.lines
                                .refuse(at, "this line is no JSON object")
                                .help(broken.wanted),
                        ))
                    }
                    Ok(()) if self.mark()? => continue,
                    Ok(()) => self.row(),
                },
            };
            if row.is_err() {
                self.draft.skip();
            }
            return row.map(Some);
        }
    }

    fn absolute(&self) -> bool {
        self.draft.absolute()
    }

    fn line(&self) -> u64 {
        self.lines.line()
    }
}
