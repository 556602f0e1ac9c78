//! What is wrong with a file, in words.

use super::super::Row;
use super::layout::Cell;
use crate::config::Refusal;
use std::{fmt, path::Path};

/// Text of a line that a refusal shows at most.
const EXCERPT: usize = 80;

/// A disk that refuses.
pub(super) fn unwritable(path: &Path, e: impl fmt::Display) -> Refusal {
    Refusal::file(path.display(), format!("cannot be written: {e}"))
}

/// A value that no file can hold.
pub(super) fn unholdable<R: Row>(row: usize, column: usize, why: &str) -> Refusal {
    let name = R::COLUMNS[column].name;
    Refusal::new(format!(
        "row {row} of {}: {name} cannot be saved, {why}",
        R::TABLE
    ))
}

/// A value in words, for messages.
pub(super) fn found(cell: &Cell) -> String {
    match cell {
        Cell::Nothing => "found nothing".into(),
        Cell::Text(text) => format!("found \"{}\"", shorten(text)),
        Cell::Whole(n) => format!("found {n}"),
        Cell::Real(x) => format!("found {x}"),
        Cell::Flag(flag) => format!("found {flag}"),
    }
}

/// A text as far as a refusal shows it.
pub(super) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    if line.chars().count() <= EXCERPT {
        return line.into();
    }
    line.chars().take(EXCERPT).chain(['…']).collect()
}
