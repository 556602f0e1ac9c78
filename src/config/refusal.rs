//! The error for people: what was found where, and what would be right.

use super::source::{At, Source};
use std::{fmt, sync::Arc};

/// An input that we decline. `main` prints it and exits with 2; nothing else prints errors.
///
/// ```text
/// incidents/incident-24.toml:14:22: unknown limiter "token-buket"
///    14 | limiter = { kind = "token-buket", rate = "50/s" }
///       |                    ^^^^^^^^^^^^^ did you mean "token-bucket"? known: gcra, token-bucket
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    place: Place,
    message: String,
    help: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// No text to point at: a missing file, a bad combination of arguments.
    None,
    /// A file without a line: unreadable, empty, truncated.
    File(String),
    /// A place in a text that we hold. Boxed, so that a `Result` stays small.
    Text(Box<At>),
    /// A line of a stream that is not held whole: file, line, column, the excerpt with the caret's width.
    Line {
        file: String,
        line: u64,
        column: u64,
        excerpt: String,
        width: usize,
    },
}

impl Refusal {
    /// A refusal that no file is to blame for.
    pub fn new(message: impl Into<String>) -> Refusal {
        Refusal {
            place: Place::None,
            message: message.into(),
            help: None,
        }
    }

    /// A refusal of a place in a text.
    pub fn at(at: &At, message: impl Into<String>) -> Refusal {
        Refusal {
            place: Place::Text(Box::new(at.clone())),
            message: message.into(),
            help: None,
        }
    }

    /// A refusal of a whole file.
    pub fn file(path: impl fmt::Display, message: impl Into<String>) -> Refusal {
        Refusal {
            place: Place::File(path.to_string()),
            message: message.into(),
            help: None,
        }
    }

    /// A refusal of a line in a stream. `line` and `column` count from 1; `excerpt` is what stands at
    /// the column (shortened), `width` how many characters of it are wrong.
    pub fn line(
        file: impl fmt::Display,
        line: u64,
        column: u64,
        excerpt: impl Into<String>,
        width: usize,
        message: impl Into<String>,
    ) -> Refusal {
        let place = Place::Line {
            file: file.to_string(),
            line,
            column,
            excerpt: excerpt.into(),
            width,
        };
        Refusal {
            place,
            message: message.into(),
            help: None,
        }
    }

    /// Adds what would be right.
    pub fn help(mut self, help: impl Into<String>) -> Refusal {
        self.help = Some(help.into());
        self
    }

    /// Puts the refusal of an expression at its place within `at`, for parsers that know only their own text.
    pub fn inside(mut self, at: &At) -> Refusal {
        if let Place::Text(inner) = &self.place {
            // A TOML string starts one quote after its place.
            let quote = at
                .source
                .text
                .get(at.range.clone())
                .is_some_and(|t| t.starts_with(['"', '\'']));
            let from = inner.range.start + usize::from(quote);
            let place = at.within(from..from + inner.range.len());
            self.place = Place::Text(Box::new(place));
        } else {
            self.place = Place::Text(Box::new(at.clone()));
        }
        self
    }

    /// The message without its place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// A place in a text of its own, for parsers of expressions.
    pub fn text(
        source: &Arc<Source>,
        range: std::ops::Range<usize>,
        message: impl Into<String>,
    ) -> Refusal {
        Refusal::at(
            &At {
                source: source.clone(),
                range,
            },
            message,
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let caret = |f: &mut fmt::Formatter<'_>,
                     line: u64,
                     text: &str,
                     before: usize,
                     width: usize,
                     help: &Option<String>| {
            let gutter = line.to_string().len().max(4) + 1;
            writeln!(f, "{line:>gutter$} | {text}")?;
            write!(
                f,
                "{:gutter$} | {:before$}{}",
                "",
                "",
                "^".repeat(width.max(1))
            )?;
            if let Some(help) = help {
                write!(f, " {help}")?;
            }
            Ok(())
        };
        match &self.place {
            Place::None => write!(f, "{}", self.message)?,
            Place::File(path) => write!(f, "{path}: {}", self.message)?,
            Place::Text(at) => {
                let (line, column) = at.line_column();
                writeln!(f, "{}:{line}:{column}: {}", at.source.name, self.message)?;
                let text = at.line_text();
                let rest = text.chars().count().saturating_sub(column - 1);
                let range = at.range.start.min(at.source.text.len())
                    ..at.range.end.min(at.source.text.len());
                let width = at
                    .source
                    .text
                    .get(range)
                    .map_or(1, |t| t.lines().next().unwrap_or("").chars().count());
                return caret(
                    f,
                    line as u64,
                    text,
                    column - 1,
                    width.min(rest),
                    &self.help,
                );
            }
            Place::Line {
                file,
                line,
                column,
                excerpt,
                width,
            } => {
                writeln!(f, "{file}:{line}:{column}: {}", self.message)?;
                return caret(f, *line, excerpt, 0, *width, &self.help);
            }
        }
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// `did you mean "x"? known: a, b, c` for a name that is not among `known`.
pub fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    let near = known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(name, k), *k))
        .filter(|(distance, k)| *distance <= (name.len().max(k.len()) / 3).max(1))
        .min();
    let list = if known.is_empty() {
        "none".into()
    } else {
        known.join(", ")
    };
    match near {
        Some((_, near)) => format!("did you mean \"{near}\"? known: {list}"),
        None => format!("known: {list}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_points_at_the_very_word() {
        let text = "a = 1\nlimiter = { kind = \"token-buket\" }\n";
        let source = Source::new("x.toml", text);
        let start = text.find("\"token").unwrap();
        let at = At {
            source,
            range: start..start + 13,
        };
        let shown = Refusal::at(&at, "unknown limiter \"token-buket\"")
            .help(suggestion("token-buket", ["gcra", "token-bucket"]))
            .to_string();
        assert_eq!(
            shown,
            "x.toml:2:20: unknown limiter \"token-buket\"\n    2 | limiter = { kind = \"token-buket\" }\n      |                    ^^^^^^^^^^^^^ did you mean \"token-bucket\"? known: gcra, token-bucket"
        );
    }

    #[test]
    fn a_far_fetched_name_gets_the_list_alone() {
        assert_eq!(suggestion("zzz", ["b", "a"]), "known: a, b");
    }
}
