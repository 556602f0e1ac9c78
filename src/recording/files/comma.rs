//! CSV with a header line.

use super::super::{Dictionaries, Row, Table};
use super::filling::{Filled, Filling};
use super::layout::{Cell, Scratch, file_name, recorded, written};
use super::packed::open;
use super::wrong::{found, shorten, unholdable, unwritable};
use crate::config::Refusal;
use std::{fs::File, io::BufWriter, path::Path};

/// Writes a table as CSV.
pub(super) fn save<R: Row>(
    table: &Table<R>,
    names: &Dictionaries,
    path: &Path,
) -> Result<(), Refusal> {
    let file = File::create(path).map_err(|e| unwritable(path, e))?;
    let mut out = ::csv::Writer::from_writer(BufWriter::new(file));
    let columns = recorded(table);
    let header = columns.iter().map(|(_, spec)| file_name(spec));
    out.write_record(header).map_err(|e| unwritable(path, e))?;
    let mut scratch = Scratch::new();
    for row in 0..table.len() {
        for (column, spec) in &columns {
            let cell = written(spec.meaning, table.value(*column, row), names, &mut scratch)
                .map_err(|why| unholdable::<R>(row, *column, &why))?;
            let field = match cell {
                Cell::Nothing => out.write_field(""),
                Cell::Text(text) => out.write_field(text),
                Cell::Whole(n) => out.write_field(n.to_string()),
                Cell::Real(x) => out.write_field(x.to_string()),
                Cell::Flag(flag) => out.write_field(if flag { "true" } else { "false" }),
            };
            field.map_err(|e| unwritable(path, e))?;
        }
        out.write_record(None::<&[u8]>)
            .map_err(|e| unwritable(path, e))?;
    }
    out.flush().map_err(|e| unwritable(path, e))
}

/// Reads a table from CSV.
pub(super) fn load<R: Row>(path: &Path, names: &mut Dictionaries) -> Result<Filled<R>, Refusal> {
    let mut input = ::csv::Reader::from_reader(open(path)?);
    let broken = |e: ::csv::Error| {
        let line = e.position().map_or(1, ::csv::Position::line);
        let message = match e.kind() {
            ::csv::ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => {
                format!("this line has {len} fields, the header has {expected_len}")
            }
            ::csv::ErrorKind::Utf8 { .. } => "this is not UTF-8".into(),
            _ => e.to_string(),
        };
        Refusal::line(path.display(), line, 1, "", 1, message)
    };
    let header = input.headers().map_err(broken)?.clone();
    let header: Vec<&str> = header.iter().collect();
    let mut filling = Filling::new::<R>(&header, |place, message| {
        let column = 1 + header[..place]
            .iter()
            .map(|h| h.chars().count() + 1)
            .sum::<usize>();
        let excerpt = header[place..].join(",");
        Refusal::line(
            path.display(),
            1,
            column as u64,
            excerpt,
            header[place].chars().count(),
            message,
        )
    })?;
    let mut record = ::csv::StringRecord::new();
    let mut rows = 0;
    while input.read_record(&mut record).map_err(broken)? {
        for (place, field) in record.iter().enumerate() {
            filling
                .put(place, rows, Cell::Text(field), names)
                .map_err(|help| {
                    let before = record.iter().take(place);
                    let column = 1 + before.map(|f| f.chars().count() + 1).sum::<usize>();
                    let line = record.position().map_or(0, ::csv::Position::line);
                    let message = format!("{}: {}", header[place], found(&Cell::Text(field)));
                    let shown = shorten(field);
                    let width = shown.chars().count();
                    Refusal::line(path.display(), line, column as u64, shown, width, message)
                        .help(help)
                })?;
        }
        rows += 1;
    }
    Ok(filling.finish(rows))
}
