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
    held: Vec<u8>,
    first_held: u64,
}

impl Lines {
    /// The lines of an input.
    pub fn new(input: Input) -> Lines {
        Lines {
            input,
            line: 0,
            held: vec![],
            first_held: 1,
        }
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
        self.held.clear();
        self.first_held = self.line + 1;
        self.append()
    }

    /// Reads one more line behind what is held, with the line end between them.
    ///
    /// # Errors
    /// As for [`Lines::advance`].
    pub fn append(&mut self) -> Result<bool, Fault> {
        let from = self.held.len();
        if from > 0 {
            self.held.push(b'\n');
        }
        let mut any = false;
        loop {
            let ready = self.input.fill().map_err(Fault::File)?;
            if ready.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', ready);
            let part = &ready[..end.unwrap_or(ready.len())];
            let fits = self.held.len() + part.len() <= LONGEST;
            if fits {
                self.held.extend_from_slice(part);
            }
            let taken = end.map_or(ready.len(), |i| i + 1);
            self.input.consume(taken);
            if !fits {
                self.line += 1;
                let start = String::from_utf8_lossy(&self.held[..self.held.len().min(60)]);
                let message = format!("a line of more than {}", show_bytes(LONGEST as u64));
                return Err(Fault::File(
                    Refusal::line(self.name(), self.line, 1, plain(&start), 1, message)
                        .help("a trace has one request a line"),
                ));
            }
            if end.is_some() {
                break;
            }
        }
        if !any {
            self.held.truncate(from);
            return Ok(false);
        }
        self.line += 1;
        if self.held.last() == Some(&b'\r') {
            self.held.pop();
        }
        if self.line == 1 && self.held.starts_with(b"\xef\xbb\xbf") {
            self.held.drain(..3);
        }
        match std::str::from_utf8(&self.held[from..]) {
            Ok(_) => Ok(true),
            Err(e) => {
                let good = from + e.valid_up_to();
                let found = self.held[good];
                let lossy = String::from_utf8_lossy(&self.held[from..good]);
                let column = lossy.chars().count() as u64 + 1;
                let rest = self.held[good..].get(..40).unwrap_or(&self.held[good..]);
                let excerpt = plain(&String::from_utf8_lossy(rest));
                let message = format!("the byte 0x{found:02x} is not UTF-8 text");
                let refusal = Refusal::line(self.name(), self.line, column, excerpt, 1, message)
                    .help("a trace is text in UTF-8");
                self.held.truncate(from);
                Err(Fault::Row(refusal))
            }
        }
    }

    /// What is held.
    pub fn text(&self) -> &str {
        // Checked line by line as they came in.
        std::str::from_utf8(&self.held).unwrap_or("")
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
        let shown = plain(&excerpt);
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
