//! Plain lists of keys, one a line, as cache traces come: no clock, no sizes, nothing but the order.
//!
//! The whole line is the key (a carriage return at its end is not), and it becomes the request's `prompt`: a service whose
//! key is made of the prompt, as it is unless it says otherwise, finds equal keys equal and others apart. Blank lines are
//! passed over. Rows stand one nominal second apart, so that any rate spreads them evenly; without a rate the trace is
//! refused when it is opened, since nobody knows how fast it came.
//!
//! Memory: bodies are interned, up to 65,536 different ones or 128 MiB; beyond that those that no request in flight holds
//! are forgotten and made again, so that a list of any length is read in bounded memory.
//!
//! Such lists: github.com/ben-manes/caffeine, `simulator/.../parser/cache2k` (Jens Wilke, CC-BY 4.0); ARC, LIRS and others
//! publish theirs the same way.

use super::{
    Format, Opened, ReadOptions, Rows,
    draft::{Column, Draft, may_mean_arrived},
    shown,
};
use crate::{
    config::Refusal,
    trace::{
        lines::{Fault, Lines},
        request::{Field, Request, SharedTags},
        stamp,
    },
};

/// The format.
pub const FORMAT: Format = Format {
    name: "keys",
    summary: "plain keys of a cache, one a line; they have no times: give a rate",
    fills: &[Field::Prompt],
    clock: false,
    sniff,
    open,
};

/// Lines that are looked at.
const LOOKED_AT: usize = 32;

/// One word a line. Keys with spaces or commas are read where the format is named, but not recognised: they could be
/// anything.
fn sniff(head: &str) -> Result<(), String> {
    let mut lines = head.lines().filter(|l| !l.is_empty()).take(LOOKED_AT);
    let mut first = "";
    for (i, line) in lines.by_ref().enumerate() {
        if let Some(c) = line.chars().find(|c| !is_of_a_word(*c)) {
            return Err(format!("{} is no single word: it has {c:?}", shown(line)));
        }
        match i {
            0 => first = line,
            1 if may_mean_arrived(first) && stamp::time(line).is_some() => {
                return Err(format!("{} stands over a column of times", shown(first)));
            }
            _ => {}
        }
    }
    if first.is_empty() {
        return Err("there is no key".into());
    }
    Ok(())
}

fn is_of_a_word(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !",{}[]\"".contains(c)
}

struct Keys {
    lines: Lines,
    draft: Draft,
    /// Keys so far: their places in time.
    keys: u64,
}

fn open(lines: Lines, options: &ReadOptions, tags: SharedTags) -> Result<Opened, Refusal> {
    let mut draft = Draft::new(tags, options);
    // Nominal seconds count from the start, however many they are.
    draft.set_origin();
    Ok(Opened {
        rows: Box::new(Keys {
            lines,
            draft,
            keys: 0,
        }),
        captured: FORMAT.fills.to_vec(),
        origin: None,
    })
}

impl Keys {
    fn read(&mut self) -> Result<Option<Request>, Fault> {
        loop {
            if !self.lines.advance()? {
                return Ok(None);
            }
            if !self.lines.text().is_empty() {
                break;
            }
        }
        let whole = 0..self.lines.text().len();
        self.draft.clear();
        self.draft.set_nominal(self.keys);
        let key = match self.draft.wants(Column::Prompt) {
            true => self.draft.set(Column::Prompt, self.lines.text()),
            false => Ok(()),
        };
        match key.and_then(|()| self.draft.finish()) {
            Ok(request) => {
                self.keys += 1;
                Ok(Some(request))
            }
            Err((found, right)) => Err(Fault::Row(self.lines.refuse(whole, found).help(right))),
        }
    }
}

impl Rows for Keys {
    fn next_row(&mut self) -> Result<Option<Request>, Fault> {
        let row = self.read();
        if row.is_err() {
            self.draft.skip();
        }
        row
    }

    fn absolute(&self) -> bool {
        false
    }

    fn line(&self) -> u64 {
        self.lines.line()
    }
}
