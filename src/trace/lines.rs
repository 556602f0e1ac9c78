//! Lines of a stream, each with its number: at most [`LONGEST`] bytes of one are ever held.
//!
//! A byte-order mark at the start and a carriage return at the end of a line are dropped. A row that is wrong is a
//! [`Fault::Row`], which `lenient` may skip; what makes the rest unreadable is a [`Fault::File`].

use super::input::Input;
use crate::config::{Refusal, show_bytes};
use std::{ops::Range, sync::Arc};

/// No line is longer: a longer one is no trace.
pub const LONGEST: usize = 16 * 1024 * 1024;

/// What is wrong with an input, and how far it reaches.
#[derive(Clone, Debug)]
pub enum Fault {
    /// One row; the next can be read.
    Row(Refusal),
    /// All that follows.
    File(Refusal),
}

impl Fault {
    /// The refusal, however far it reaches.
    pub fn into_refusal(self) -> Refusal {
        match self {
            Fault::Row(refusal) | Fault::File(refusal) => refusal,
        }
    }
}

/// A line (or a few of them, where a quoted cell goes over line ends) and where it stands.
#[derive(Debug)]
pub struct Lines {
    input: Input,
    line: u64,
    held: String,
    /// Room for a line that is to be appended.
    more: Vec<u8>,
    first_held: u64,
    /// Whether refusals say nothing of what stands in a line.
    secret: bool,
}

impl Lines {
    /// The lines of an input.
    pub fn new(input: Input) -> Lines {
        Lines {
            input,
            line: 0,
            held: String::new(),
            more: vec![],
            first_held: 1,
            secret: false,
        }
    }

    /// From here on, refusals show no part of a line: some of it must not be kept in clear.
    pub fn keep_secret(&mut self) {
        self.secret = true;
    }

    /// The name for refusals.
    pub fn name(&self) -> &Arc<str> {
        &self.input.name
    }

    /// The start of the stream, for recognising the format.
    pub fn head(&self) -> &[u8] {
        &self.input.head
    }

    /// Reads the next line in place of what was held; `false` at the end.
    ///
    /// # Errors
    /// A line that is too long or not UTF-8, or a broken stream.
    pub fn advance(&mut self) -> Result<bool, Fault> {
        self.first_held = self.line + 1;
        let mut bytes = std::mem::take(&mut self.held).into_bytes();
        bytes.clear();
        let read = self.line_into(&mut bytes, LONGEST);
        // Checked once, here; an error leaves nothing held.
        self.held = self.checked(bytes)?;
        read
    }

    /// Reads one more line behind what is held, with the line end between them.
    ///
    /// # Errors
    /// As for [`Lines::advance`].
    pub fn append(&mut self) -> Result<bool, Fault> {
        let mut bytes = std::mem::take(&mut self.more);
        bytes.clear();
        let room = LONGEST.saturating_sub(self.held.len());
        let read = self.line_into(&mut bytes, room)?;
        if read {
            let line = self.checked(bytes)?;
            self.held.push('\n');
            self.held.push_str(&line);
            self.more = line.into_bytes();
        }
        Ok(read)
    }

    /// Reads one line of at most `room` bytes, without its end.
    fn line_into(&mut self, bytes: &mut Vec<u8>, room: usize) -> Result<bool, Fault> {
        let mut any = false;
        loop {
            let ready = self.input.fill().map_err(Fault::File)?;
            if ready.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', ready);
            let part = &ready[..end.unwrap_or(ready.len())];
            if bytes.len() + part.len() > room {
                return Err(self.too_long(bytes));
            }
            bytes.extend_from_slice(part);
            let taken = end.map_or(ready.len(), |i| i + 1);
            self.input.consume(taken);
            if end.is_some() {
                break;
            }
        }
        if any {
            self.line += 1;
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
            if self.line == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
                bytes.drain(..3);
            }
        }
        Ok(any)
    }

    fn too_long(&self, bytes: &[u8]) -> Fault {
        let held = self.held.as_bytes();
        let (line, start) = match held {
            [] => (self.line + 1, bytes),
            held => (self.first_held, held),
        };
        let start = String::from_utf8_lossy(&start[..start.len().min(60)]);
        let start = start.lines().next().unwrap_or("");
        let message = format!("a line of more than {}", show_bytes(LONGEST as u64));
        Fault::File(
            Refusal::line(self.name(), line, 1, plain(start), 1, message)
                .help("a trace has one request a line"),
        )
    }

    /// The line just read as text.
    fn checked(&self, bytes: Vec<u8>) -> Result<String, Fault> {
        String::from_utf8(bytes).map_err(|e| {
            let good = e.utf8_error().valid_up_to();
            let bytes = e.as_bytes();
            let column = String::from_utf8_lossy(&bytes[..good]).chars().count() as u64 + 1;
            let rest = &bytes[good..(good + 40).min(bytes.len())];
            let excerpt = plain(&String::from_utf8_lossy(rest));
            let message = format!("the byte 0x{:02x} is not UTF-8 text", bytes[good]);
            Fault::Row(
                Refusal::line(self.name(), self.line, column, excerpt, 1, message)
                    .help("a trace is text in UTF-8"),
            )
        })
    }

    /// What is held.
    pub fn text(&self) -> &str {
        &self.held
    }

    /// A refusal of a part of what is held.
    pub fn refuse(&self, range: Range<usize>, message: impl Into<String>) -> Refusal {
        let text = self.text();
        let start = range.start.min(text.len());
        let before = text.get(..start).unwrap_or("");
        let line = self.first_held + before.matches('\n').count() as u64;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() as u64 + 1;
        let wrong = text.get(range).unwrap_or("");
        let width = wrong.lines().next().unwrap_or("").chars().count();
        let excerpt: String = text
            .get(start..)
            .unwrap_or("")
            .chars()
            .take_while(|c| *c != '\n')
            .take(60)
            .collect();
        let shown = match self.secret {
            true => "(not shown: columns of it are hashed)".into(),
            false => plain(&excerpt),
        };
        let width = width.clamp(1, shown.chars().count().max(1));
        Refusal::line(self.name(), line, column, shown, width, message)
    }

    /// A refusal of the whole file.
    pub fn refuse_file(&self, message: impl Into<String>) -> Refusal {
        Refusal::file(self.name(), message)
    }

    /// How many lines were read.
    pub fn line(&self) -> u64 {
        self.line
    }
}

/// Text for a terminal: control characters shown as a dot.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '·' } else { c })
        .collect()
}
