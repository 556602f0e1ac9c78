//! One record of comma-separated values, split with its places kept (RFC 4180): a cell in quotes may hold commas,
//! line ends and doubled quotes. Our own splitter, since a record must stay bounded and every cell must know its column.

use super::super::lines::{Fault, Lines};
use std::{borrow::Cow, ops::Range};

/// The cells of the record that a [`Lines`] holds.
#[derive(Debug, Default)]
pub struct Record {
    cells: Vec<Cell>,
}

#[derive(Debug)]
struct Cell {
    /// The value, without the quotes around it.
    range: Range<usize>,
    /// Whether doubled quotes are to be undone.
    doubled: bool,
}

impl Record {
    /// Reads the next record that is neither blank nor a comment (`#`); `false` at the end. A comment is handed to `comment`.
    ///
    /// # Errors
    /// A quote that never closes, or is followed by something else than a comma.
    pub fn read(
        &mut self,
        lines: &mut Lines,
        mut comment: impl FnMut(&Lines) -> Result<(), Fault>,
    ) -> Result<bool, Fault> {
        loop {
            if !lines.advance()? {
                return Ok(false);
            }
            match lines.text().as_bytes().first() {
                None => {}
                Some(b'#') => comment(lines)?,
                Some(_) => break,
            }
        }
        self.split(lines)?;
        Ok(true)
    }

    fn split(&mut self, lines: &mut Lines) -> Result<(), Fault> {
        self.cells.clear();
        let mut at = 0;
        loop {
            let bytes = lines.text().as_bytes();
            if bytes.get(at) == Some(&b'"') {
                let (end, doubled) = self.quoted(lines, at)?;
                self.cells.push(Cell {
                    range: at + 1..end,
                    doubled,
                });
                match lines.text().as_bytes().get(end + 1) {
                    None => return Ok(()),
                    Some(b',') => at = end + 2,
                    Some(_) => {
                        return Err(Fault::Row(
                            lines
                                .refuse(end + 1..end + 2, "text after a closing quote")
                                .help("write a comma here, or double the quotes inside the cell"),
                        ));
                    }
                }
            } else {
                let end = memchr::memchr(b',', &bytes[at..]).map(|i| at + i);
                let stop = end.unwrap_or(bytes.len());
                self.cells.push(Cell {
                    range: at..stop,
                    doubled: false,
                });
                match end {
                    Some(comma) => at = comma + 1,
                    None => return Ok(()),
                }
            }
        }
    }

    /// The place of the quote that closes the one at `open`, and whether doubled ones lie between.
    fn quoted(&mut self, lines: &mut Lines, open: usize) -> Result<(usize, bool), Fault> {
        let mut at = open + 1;
        let mut doubled = false;
        loop {
            let bytes = lines.text().as_bytes();
            match memchr::memchr(b'"', &bytes[at..]).map(|i| at + i) {
                Some(quote) if bytes.get(quote + 1) == Some(&b'"') => {
                    doubled = true;
                    at = quote + 2;
                }
                Some(quote) => return Ok((quote, doubled)),
                None => {
                    at = bytes.len();
                    if !lines.append()? {
                        return Err(Fault::Row(
                            lines
                                .refuse(open..open + 1, "this quote is never closed")
                                .help("close it, or double it if it belongs to the text"),
                        ));
                    }
                }
            }
        }
    }

    /// How many cells it has.
    pub fn width(&self) -> usize {
        self.cells.len()
    }

    /// The value of a cell.
    pub fn cell<'a>(&self, lines: &'a Lines, i: usize) -> Cow<'a, str> {
        let Some(cell) = self.cells.get(i) else {
            return Cow::Borrowed("");
        };
        let text = lines.text().get(cell.range.clone()).unwrap_or("");
        if cell.doubled {
            Cow::Owned(text.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(text)
        }
    }

    /// Where a cell stands in what the lines hold.
    pub fn range(&self, i: usize) -> Range<usize> {
        self.cells.get(i).map_or(0..0, |c| c.range.clone())
    }

    /// A refusal of a record whose number of cells is not that of the header.
    pub fn wrong_width(&self, lines: &Lines, header: usize) -> Fault {
        let n = self.cells.len();
        let range = self.range(n.saturating_sub(1).min(header));
        Fault::Row(
            lines
                .refuse(range, format!("{n} cells where the header has {header}"))
                .help("quote a cell that holds a comma"),
        )
    }
}

/// Writes a cell, in quotes where it needs them.
pub fn write_cell(text: &str, out: &mut String) {
    if text.contains([',', '"', '\n', '\r']) || text.starts_with('#') {
        out.push('"');
        for part in text.split_inclusive('"') {
            out.push_str(part);
            if part.ends_with('"') {
                out.push('"');
            }
        }
        out.push('"');
    } else {
        out.push_str(text);
    }
}
