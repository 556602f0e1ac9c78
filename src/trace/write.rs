//! Writes requests in our own formats, CSV or JSON lines, plain or packed, as the output's name says.
//!
//! Written under a temporary name and renamed at the end: never half a file. The count of rows closes it, so that a reader
//! notices a lost end. Op numbers are not written: a written file is a source of its own.

use super::{
    formats::{
        draft::{COLUMNS, Column},
        record::write_cell,
    },
    request::{Facts, Field, Request, Tags},
    stamp,
};
use crate::config::Refusal;
use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// Zstandard's usual level.
const ZST_LEVEL: i32 = 3;

/// A trace file being written.
pub struct Writer {
    out: Option<Out>,
    path: PathBuf,
    temporary: PathBuf,
    json: bool,
    columns: Vec<(&'static str, Column)>,
    rows: u64,
    line: String,
}

enum Out {
    Plain(BufWriter<File>),
    Gz(flate2::write::GzEncoder<BufWriter<File>>),
    Zst(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

impl Out {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Out::Plain(w) => w,
            Out::Gz(w) => w,
            Out::Zst(w) => w,
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Out::Plain(mut w) => w.flush(),
            Out::Gz(w) => w.finish()?.flush(),
            Out::Zst(w) => w.finish()?.flush(),
        }
    }
}

/// What a name asks for: JSON lines or CSV, and the packing.
fn kind(path: &Path) -> Option<(bool, &'static str)> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let (stem, packing) = match name.rsplit_once('.')? {
        (stem, "gz") => (stem, "gz"),
        (stem, "zst") => (stem, "zst"),
        _ => (name.as_str(), ""),
    };
    match stem.rsplit_once('.')?.1 {
        "csv" => Some((false, packing)),
        "jsonl" | "ndjson" => Some((true, packing)),
        _ => None,
    }
}

impl Writer {
    /// Begins a file with the fields that `facts` names.
    ///
    /// # Errors
    /// A name that says no format, a file that is there already (without `force`), or a folder that cannot be written.
    pub fn create(path: &Path, facts: &Facts, force: bool) -> Result<Writer, Refusal> {
        let shown = path.display();
        let Some((json, packing)) = kind(path) else {
            return Err(Refusal::file(shown, "the name says no format")
                .help("end it with .csv or .jsonl, and .gz or .zst if it is to be packed"));
        };
        if path.is_dir() {
            return Err(Refusal::file(shown, "is a directory").help("name a file in it"));
        }
        if path.exists() && !force {
            return Err(Refusal::file(shown, "is there already").help("--force writes over it"));
        }
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("trace");
        let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let file = File::create(&temporary).map_err(|e| failed(path, &e))?;
        let file = BufWriter::with_capacity(128 * 1024, file);
        let out = match packing {
            "gz" => Out::Gz(
                flate2::GzBuilder::new()
                    .mtime(0)
                    .write(file, flate2::Compression::default()),
            ),
            "zst" => {
                let mut encoder = zstd::stream::write::Encoder::new(file, ZST_LEVEL)
                    .map_err(|e| failed(path, &e))?;
                // Without it a flipped bit reads back as good.
                encoder
                    .include_checksum(true)
                    .map_err(|e| failed(path, &e))?;
                Out::Zst(encoder)
            }
            _ => Out::Plain(file),
        };
        let mut writer = Writer {
            out: Some(out),
            path: path.into(),
            temporary,
            json,
            columns: columns(facts),
            rows: 0,
            line: String::new(),
        };
        writer.head(facts.origin)?;
        Ok(writer)
    }

    fn head(&mut self, origin: Option<i64>) -> Result<(), Refusal> {
        let origin = origin
            .and_then(|ns| u64::try_from(ns).ok())
            .map(stamp::show_stamp);
        self.line.clear();
        if self.json {
            self.line.push_str("{\"gameday\":\"trace\",\"version\":1");
            if let Some(origin) = origin {
                self.line.push_str(&format!(",\"origin\":\"{origin}\""));
            }
            self.line.push_str("}\n");
        } else {
            self.line.push_str("# gameday trace 1\n");
            if let Some(origin) = origin {
                self.line.push_str(&format!("# origin {origin}\n"));
            }
            let names: Vec<&str> = self.columns.iter().map(|c| c.0).collect();
            self.line.push_str(&names.join(","));
            self.line.push('\n');
        }
        self.put()
    }

    fn put(&mut self) -> Result<(), Refusal> {
        let Some(out) = &mut self.out else {
            return Ok(());
        };
        out.writer()
            .write_all(self.line.as_bytes())
            .map_err(|e| failed(&self.path, &e))
    }

    /// Adds a request.
    ///
    /// # Errors
    /// A full disk.
    pub fn write(&mut self, request: &Request, tags: &Tags) -> Result<(), Refusal> {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        let mut value = String::new();
        for (i, (name, column)) in self.columns.iter().enumerate() {
            value.clear();
            let number = show(*column, request, tags, &mut value);
            if self.json {
                if value.is_empty() {
                    continue;
                }
                line.push_str(if i == 0 { "{\"" } else { ",\"" });
                line.push_str(name);
                line.push_str("\":");
                if number {
                    line.push_str(&value);
                } else {
                    line.push_str(&serde_json::Value::from(value.as_str()).to_string());
                }
            } else {
                if i > 0 {
                    line.push(',');
                }
                write_cell(&value, &mut line);
            }
        }
        line.push_str(if self.json { "}\n" } else { "\n" });
        self.line = line;
        self.rows += 1;
        self.put()
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Closes the file and gives it its name. Returns the number of rows.
    ///
    /// # Errors
    /// A full disk, or a name that cannot be given.
    pub fn finish(mut self) -> Result<u64, Refusal> {
        self.line = if self.json {
            format!("{{\"rows\":{}}}\n", self.rows)
        } else {
            format!("# rows {}\n", self.rows)
        };
        self.put()?;
        if let Some(out) = self.out.take() {
            out.finish().map_err(|e| failed(&self.path, &e))?;
        }
        std::fs::rename(&self.temporary, &self.path).map_err(|e| failed(&self.path, &e))?;
        Ok(self.rows)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Gone already where `finish` gave it its name; otherwise half a file that nobody wants.
        let _ = std::fs::remove_file(&self.temporary);
    }
}

fn failed(path: &Path, e: &io::Error) -> Refusal {
    Refusal::file(
        path.display(),
        format!("cannot be written: {}", super::input::reason(e)),
    )
}

/// The columns of a trace with these fields: a body where prompts or parameters are known, since it holds them to the byte.
fn columns(facts: &Facts) -> Vec<(&'static str, Column)> {
    let has = |field: Field| {
        facts.captured.contains(&field) || facts.filled.iter().any(|(f, _)| *f == field)
    };
    COLUMNS
        .iter()
        .filter(|(name, column)| match column {
            Column::Arrived => true,
            Column::Prompt | Column::Params => false,
            Column::Body => has(Field::Prompt) || has(Field::Params),
            _ => Field::ALL.iter().any(|f| f.name() == *name && has(*f)),
        })
        .copied()
        .collect()
}

/// Writes a value, nothing if it is not recorded. True if it is a number.
fn show(column: Column, r: &Request, tags: &Tags, out: &mut String) -> bool {
    use std::fmt::Write;
    let mut number = |n: u64| {
        if n != 0 {
            let _ = write!(out, "{n}");
        }
        true
    };
    match column {
        Column::InputTokens => return number(u64::from(r.input_tokens)),
        Column::OutputTokens => return number(u64::from(r.output_tokens)),
        Column::Bytes => return number(r.bytes),
        Column::Status => return number(u64::from(r.status)),
        Column::Arrived => {
            stamp::show_decimal(r.arrived, out);
            return true;
        }
        Column::Deadline | Column::Disconnect | Column::ServiceTime => {
            let ns = match column {
                Column::Deadline => r.deadline,
                Column::Disconnect => r.disconnect,
                _ => r.service_time,
            };
            if ns != 0 {
                stamp::show_decimal(ns, out);
            }
            return true;
        }
        Column::Tenant => out.push_str(tags.tenant.name(r.tenant)),
        Column::User => out.push_str(tags.user.name(r.user)),
        Column::Route => out.push_str(tags.route.name(r.route)),
        Column::Region => out.push_str(tags.region.name(r.region)),
        Column::Class => out.push_str(tags.class.name(r.class)),
        Column::Client => out.push_str(tags.client.name(r.client)),
        Column::Model => out.push_str(tags.model.name(r.model)),
        Column::Address => out.push_str(tags.address.name(r.address)),
        Column::Body => out.push_str(&r.payload.raw),
        Column::Blocks => {
            for (i, id) in r.payload.blocks.iter().enumerate() {
                let _ = write!(out, "{}{id}", if i > 0 { " " } else { "" });
            }
        }
        Column::Idempotency if r.idempotency != 0 => {
            let _ = write!(out, "digest:{:016x}", r.idempotency);
        }
        Column::Idempotency | Column::Prompt | Column::Params | Column::Own => {}
    }
    false
}
