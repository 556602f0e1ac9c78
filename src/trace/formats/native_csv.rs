//! Our own format as comma-separated values: a header with the names of columns, then a row a request.
//!
//! Only `arrived` must be there. Columns of a user's own start with `x_` and are not read. Lines that start with `#` are
//! comments; three of them mean something: `# gameday trace 1` opens a file that our writer made, `# origin <time>` is the
//! real time of `arrived = 0`, and `# rows N` closes such a file, so that a lost end is noticed even where an archive cannot show it.

use super::{
    Format, Opened, ReadOptions, Rows,
    draft::{COLUMNS, Column, Draft, column, may_mean_arrived},
    field_of, first_line,
    record::Record,
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
    name: "native-csv",
    summary: "our own columns, comma-separated, with a header; only `arrived` must be there",
    fills: Field::ALL,
    clock: true,
    sniff,
    open,
};

fn sniff(head: &str) -> Result<(), String> {
    let line = first_line(head);
    if line.starts_with('{') {
        return Err("the first line is JSON".into());
    }
    let mut names = line.split(',').map(|n| n.trim().trim_matches('"'));
    if names.clone().any(|n| n == "arrived") {
        return Ok(());
    }
    if line.is_empty() {
        return Err("there is no header".into());
    }
    let near = names.find(|name| may_mean_arrived(name));
    let near = near.map_or(String::new(), |n| {
        format!(
            " (if {} is it, call it so; it is {})",
            shown(n),
            stamp::WHAT
        )
    });
    Err(format!(
        "the header {} has no column \"arrived\"{near}",
        shown(line)
    ))
}

/// What comments said.
#[derive(Default)]
struct Marks {
    ours: bool,
    origin: Option<u64>,
    rows: Option<u64>,
}

impl Marks {
    fn comment(&mut self, lines: &Lines) -> Result<(), Fault> {
        let text = lines.text()[1..].trim();
        if text == "gameday trace 1" {
            self.ours = true;
        } else if let Some(origin) = text.strip_prefix("origin ") {
            let whole = 0..lines.text().len();
            self.origin = Some(stamp::stamp(origin.trim()).ok_or_else(|| {
                Fault::File(
                    lines
                        .refuse(whole, "no time of origin")
                        .help("write # origin 2023-11-16T18:17:03Z"),
                )
            })?);
        } else if let Some(rows) = text.strip_prefix("rows ")
            && let Some(rows) = stamp::digits(rows.trim())
        {
            self.rows = Some(rows);
        }
        Ok(())
    }
}

struct Csv {
    lines: Lines,
    record: Record,
    columns: Vec<Column>,
    names: Vec<String>,
    draft: Draft,
    marks: Marks,
}

fn open(mut lines: Lines, options: &ReadOptions, tags: SharedTags) -> Result<Opened, Refusal> {
    let mut record = Record::default();
    let mut marks = Marks::default();
    let found = record
        .read(&mut lines, |l| marks.comment(l))
        .map_err(Fault::into_refusal)?;
    if !found {
        return Err(lines
            .refuse_file("has no header")
            .help("the first line names the columns, such as arrived,tenant,prompt"));
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for i in 0..record.width() {
        let cell = record.cell(&lines, i);
        let name = cell.trim();
        let Some(column) = column(name) else {
            return Err(lines
                .refuse(record.range(i), format!("unknown column \"{name}\""))
                .help(format!(
                    "{}; a column of your own starts with x_",
                    suggestion(name, COLUMNS.iter().map(|c| c.0))
                )));
        };
        if names.iter().any(|n| n == name) {
            return Err(lines
                .refuse(
                    record.range(i),
                    format!("the column \"{name}\" stands there twice"),
                )
                .help("leave one out"));
        }
        names.push(name.into());
        columns.push(column);
    }
    if !columns.contains(&Column::Arrived) {
        return Err(lines
            .refuse(
                0..lines.text().len(),
                "the header has no column \"arrived\"",
            )
            .help(format!("arrived is {}", stamp::WHAT)));
    }
    let captured = captured(&columns);
    let mut draft = Draft::new(tags, options);
    if marks.origin.is_some() {
        draft.set_origin();
    }
    let origin = marks.origin;
    let rows = Csv {
        lines,
        record,
        columns,
        names,
        draft,
        marks,
    };
    Ok(Opened {
        rows: Box::new(rows),
        captured,
        origin,
    })
}

/// The fields that these columns fill, in the order of the record. A whole body holds the parameters too.
pub fn captured(columns: &[Column]) -> Vec<Field> {
    let mut captured: Vec<Field> = columns.iter().filter_map(|c| field_of(*c)).collect();
    if columns.contains(&Column::Body) {
        captured.push(Field::Params);
    }
    captured.sort_unstable();
    captured.dedup();
    captured
}

impl Csv {
    fn end(&self) -> Result<Option<Request>, Fault> {
        let read = self.draft.rows();
        match self.marks.rows {
            Some(rows) if rows != read => Err(Fault::File(
                self.lines
                    .refuse_file(format!("says that it has {rows} rows, but {read} were there: rows are lost or were added"))
                    .help("copy the file again, or correct its last line \"# rows\""),
            )),
            None if self.marks.ours => Err(Fault::File(
                self.lines
                    .refuse_file(format!("ends after {read} rows without its last line \"# rows\": it was cut short"))
                    .help("copy the file again"),
            )),
            _ if read == 0 => Err(Fault::File(self.lines.refuse_file("has a header and no rows"))),
            _ => Ok(None),
        }
    }

    fn row(&mut self) -> Result<Request, Fault> {
        if self.record.width() != self.columns.len() {
            return Err(self.record.wrong_width(&self.lines, self.columns.len()));
        }
        self.draft.clear();
        let mut time = 0..0;
        for (i, &column) in self.columns.iter().enumerate() {
            if column == Column::Arrived {
                time = self.record.range(i);
            } else if !self.draft.wants(column) {
                continue;
            }
            let cell = self.record.cell(&self.lines, i);
            if let Err((found, right)) = self.draft.set(column, &cell) {
                let message = format!("{}: {found}", self.names[i]);
                return Err(Fault::Row(
                    self.lines.refuse(self.record.range(i), message).help(right),
                ));
            }
        }
        self.draft
            .finish()
            .map_err(|(found, right)| Fault::Row(self.lines.refuse(time, found).help(right)))
    }
}

impl Rows for Csv {
    fn next_row(&mut self) -> Result<Option<Request>, Fault> {
        let Csv {
            lines,
            record,
            marks,
            ..
        } = self;
        let row = match record.read(lines, |l| marks.comment(l)) {
            Ok(false) => return self.end(),
            Ok(true) => self.row(),
            Err(fault) => Err(fault),
        };
        if row.is_err() {
            self.draft.skip();
        }
        row.map(Some)
    }

    fn absolute(&self) -> bool {
        self.draft.absolute()
    }

    fn line(&self) -> u64 {
        self.lines.line()
    }
}
