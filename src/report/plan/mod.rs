//! A plan after an incident, for people: for the terminal, and as Markdown to keep beside the review.
//!
//! Both say the same: what is said is put together here, in blocks; the two only dress them.

mod content;
pub mod markdown;
pub mod text;

use crate::experiments::hardening::Hardening;

/// Everything that is said.
pub struct Plan<'a> {
    /// What the replays came to.
    pub hardening: &'a Hardening,
    /// What is not settled: an action without an owner, a cause without an action. Sentences.
    pub open: &'a [String],
    /// The command that does it again.
    pub reproduce: &'a str,
    /// Commands that prove that the risk has gone down.
    pub prove: &'a [String],
}

/// Which way a cell leans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lean {
    Left,
    Right,
}

/// A piece of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    /// What comes next.
    Heading(String),
    /// A sentence or two.
    Paragraph(String),
    /// A label with what belongs to it.
    Item(String, String),
    /// The name of an item that others belong to, and whether it is good news.
    Entry(String, Option<bool>),
    /// Columns under their names.
    Table {
        columns: Vec<(&'static str, Lean)>,
        rows: Vec<Vec<String>>,
    },
    /// Commands to type.
    Commands(Vec<String>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_file_stays_in_its_cell() {
        let table = Block::Table {
            columns: vec![("tenant", Lean::Left), ("requests", Lean::Right)],
            rows: vec![vec!["a|b\u{1b}[31m".into(), "12".into()]],
        };
        let md = markdown::block(&table);
        assert_eq!(
            md,
            "| tenant | requests |\n|---|---:|\n| a\\|b[31m | 12 |\n"
        );
        let lines = text::block(&table);
        assert_eq!(lines, ["  tenant   requests", "  a|b[31m        12"]);
    }
}
