//! A text that people wrote, and places in it.

use std::{ops::Range, sync::Arc};

/// A text with the name under which people know it: a file's path, or `--set` for an argument.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Path as the user gave it, or the name of the argument.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A place: a byte range of a [`Source`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// The text that the range lies in.
    pub source: Arc<Source>,
    /// Byte range within the text.
    pub range: Range<usize>,
}

impl Source {
    /// A source from its name and text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Source> {
        Arc::new(Source {
            name: name.into(),
            text: text.into(),
        })
    }
}

impl At {
    /// The whole of a text that the user did not write in a file, such as an argument.
    pub fn whole(source: &Arc<Source>) -> At {
        At {
            source: source.clone(),
            range: 0..source.text.len(),
        }
    }

    /// A place for values that nobody wrote: defaults and tests.
    pub fn nowhere() -> At {
        At {
            source: Source::new("(built in)", ""),
            range: 0..0,
        }
    }

    /// A part of this place, `range` counted in bytes from its start.
    pub fn within(&self, range: Range<usize>) -> At {
        let start = self.range.start;
        At {
            source: self.source.clone(),
            range: start + range.start..start + range.end,
        }
    }

    /// Line and column of the start, both from 1; columns count characters.
    pub fn line_column(&self) -> (usize, usize) {
        let start = self.range.start.min(self.source.text.len());
        let before = &self.source.text[..start];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let line = before.matches('\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }

    /// The text of the line on which the place starts, without its line end.
    pub fn line_text(&self) -> &str {
        let text = &self.source.text;
        let start = self.range.start.min(text.len());
        let from = text[..start].rfind('\n').map_or(0, |i| i + 1);
        let to = text[start..].find('\n').map_or(text.len(), |i| start + i);
        text[from..to].trim_end_matches('\r')
    }
}
