//! The formats of trace files: one file each, one line each in [`FORMATS`]; [`mapped`] is any other, by a map.
//!
//! A format says what its first bytes look like (files are recognised by content, never by name), which fields it can
//! fill, and how to read it row by row. What it cannot know it leaves at 0, so that nobody invents it.

pub mod access;
mod azure;
mod clock;
pub mod draft;
pub mod hide;
mod keys;
pub mod mapped;
mod mooncake;
mod native_csv;
mod native_jsonl;
pub mod object;
pub mod record;
mod values;

use super::{
    input::Input,
    lines::{Fault, Lines},
    request::{Field, Request, SharedTags},
};
use crate::config::{Refusal, suggestion};
use std::rc::Rc;

/// A format of trace files.
pub struct Format {
    /// As in `format = "..."`.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Fields that it can fill.
    pub fills: &'static [Field],
    /// Whether its rows have times. Without, a rate says how fast they come, and they come evenly.
    pub clock: bool,
    /// Whether the start of a file looks like it; otherwise why not.
    pub sniff: fn(&str) -> Result<(), String>,
    /// Starts reading.
    pub open: Open,
}

/// Starts reading lines as rows.
pub type Open = fn(Lines, &ReadOptions, SharedTags) -> Result<Opened, Refusal>;

/// All formats.
pub const FORMATS: &[Format] = &[
    native_csv::FORMAT,
    native_jsonl::FORMAT,
    mooncake::FORMAT,
    azure::FORMAT,
    access::FORMAT,
    // Any list of words is one, so it comes last.
    keys::FORMAT,
];

/// How to read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Times may go back by this much, ns; the rows are put in order.
    pub reorder: u64,
    /// Only times are wanted.
    pub times_only: bool,
    /// Whether bodies are wanted; without them a request has an empty one.
    pub bodies: bool,
    /// Which of a file's names is which column; the file is then read by it, whatever it looks like.
    pub map: Option<Rc<mapped::Mapping>>,
    /// Columns whose values are replaced by keyed digests.
    pub hide: Option<Rc<hide::Hide>>,
    /// Whether refusals show no part of a row: some of its columns are hidden, now or when it is read in full.
    pub secret: bool,
    /// How access logs are read.
    pub access: access::AccessOptions,
    /// Rows of one time are spread over this many ns by the seed; `None` is as the format says.
    pub spread: Option<u64>,
    /// Seed of that spread.
    pub seed: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            reorder: 0,
            times_only: false,
            bodies: true,
            map: None,
            hide: None,
            secret: false,
            access: access::AccessOptions::default(),
            spread: None,
            seed: 0,
        }
    }
}

/// A file that is being read.
pub struct Opened {
    /// Its rows.
    pub rows: Box<dyn Rows>,
    /// Fields that it has.
    pub captured: Vec<Field>,
    /// Real time of `arrived = 0`, ns since 1970, where its header says so.
    pub origin: Option<u64>,
}

/// Rows of a file. `arrived` is as the file counts it: ns since 1970 where `absolute`, else from its start.
pub trait Rows {
    /// The next row.
    ///
    /// # Errors
    /// A bad row (the next call reads the one behind it), or a file that cannot be read on.
    fn next_row(&mut self) -> Result<Option<Request>, Fault>;
    /// Whether times are real ones. Known from the first row on.
    fn absolute(&self) -> bool;
    /// Lines read so far.
    fn line(&self) -> u64;
    /// How coarse its times are, ns: rows of one time lie anywhere within it. 0 is exact.
    fn step(&self) -> u64 {
        0
    }
}

/// The format of a name.
///
/// # Errors
/// An unknown name.
pub fn named(name: &str) -> Result<&'static Format, String> {
    FORMATS
        .iter()
        .chain([&mapped::FORMAT])
        .find(|f| f.name == name)
        .ok_or_else(|| suggestion(name, FORMATS.iter().map(|f| f.name)))
}

/// The format that an input looks like.
///
/// # Errors
/// None fits: says of each known format why not, unless no part of the input may be shown (`secret`).
pub fn recognise(input: &Input, secret: bool) -> Result<&'static Format, Refusal> {
    let head = &input.head;
    // A character may be cut at the end of the head.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) if head.len() - e.valid_up_to() < 4 && head.len() >= super::input::HEAD => {
            std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or("")
        }
        Err(e) => {
            // Bad bytes in a later line are that line's fault.
            let good = std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or("");
            if !good.contains('\n') {
                return Err(Refusal::file(&input.name, "is binary, not a text")
                    .help("a trace is UTF-8 text, plain or packed with gzip or Zstandard"));
            }
            good
        }
    };
    if text.contains('\0') {
        return Err(Refusal::file(&input.name, "is binary, not a text")
            .help("a trace is UTF-8 text, plain or packed with gzip or Zstandard"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reasons = Vec::new();
    for format in FORMATS {
        match (format.sniff)(text) {
            Ok(()) => return Ok(format),
            Err(why) => reasons.push(format!("{}: {why}", format.name)),
        }
    }
    if secret {
        // The reasons quote its first line.
        let names: Vec<&str> = FORMATS.iter().map(|f| f.name).collect();
        return Err(Refusal::file(&input.name, "fits no known format").help(format!(
            "known are {}; a mapping reads any other; why it fits none is not told where columns are hashed",
            names.join(", ")
        )));
    }
    Err(Refusal::file(&input.name, "fits no known format").help(reasons.join("; ")))
}

/// The first line of a text that is neither blank nor a comment.
fn first_line(text: &str) -> &str {
    text.lines()
        .find(|l| !l.trim().is_empty() && !l.starts_with('#'))
        .unwrap_or("")
}

/// A line for a message, shortened.
fn shown(line: &str) -> String {
    let short: String = line.chars().take(40).collect();
    let dots = if short.len() < line.len() { "..." } else { "" };
    format!("\"{}{dots}\"", super::lines::plain(&short))
}

/// The field that a column fills.
fn field_of(column: draft::Column) -> Option<Field> {
    use draft::Column as C;
    Some(match column {
        C::Arrived => Field::Arrived,
        C::Tenant => Field::Tenant,
        C::User => Field::User,
        C::Route => Field::Route,
        C::Region => Field::Region,
        C::Class => Field::Class,
        C::Client => Field::Client,
        C::Model => Field::Model,
        C::Address => Field::Address,
        C::Prompt | C::Body => Field::Prompt,
        C::Params => Field::Params,
        C::Blocks => Field::Blocks,
        C::InputTokens => Field::InputTokens,
        C::OutputTokens => Field::OutputTokens,
        C::Bytes => Field::Bytes,
        C::Idempotency => Field::Idempotency,
        C::Deadline => Field::Deadline,
        C::Disconnect => Field::Disconnect,
        C::ServiceTime => Field::ServiceTime,
        C::Status => Field::Status,
        C::Own => return None,
    })
}
