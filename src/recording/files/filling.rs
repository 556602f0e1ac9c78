//! A table that is being read from a file: columns grow, and become a table at the end.

use super::super::{Column, Dictionaries, Row, Table};
use super::layout::{Cell, Target, target};
use crate::config::Refusal;

/// Columns of a file, and where their values go.
pub(super) struct Filling {
    /// One a column of the file; `None` is none of ours.
    pub targets: Vec<Option<Target>>,
    columns: Vec<Column>,
    /// Columns that are none of ours.
    strange: Vec<String>,
}

/// A table that was read.
pub(super) struct Filled<R: Row> {
    pub table: Table<R>,
    pub rows: u64,
    /// Columns that are none of ours, and were left alone.
    pub strange: Vec<String>,
}

impl Filling {
    /// For a file with these columns, in this order. `refuse` makes the refusal of the column at a place.
    ///
    /// # Errors
    /// A column that is misspelt, or there twice.
    pub fn new<R: Row>(
        names: &[&str],
        refuse: impl Fn(usize, String) -> Refusal,
    ) -> Result<Filling, Refusal> {
        let mut filling = Filling::empty();
        for (place, name) in names.iter().enumerate() {
            filling
                .add::<R>(name)
                .map_err(|(message, help)| refuse(place, message).help(help))?;
        }
        Ok(filling)
    }

    /// For a file whose columns show up as it is read.
    pub fn empty() -> Filling {
        Filling {
            targets: vec![],
            columns: vec![],
            strange: vec![],
        }
    }

    /// One more column of the file: its place.
    ///
    /// # Errors
    /// Message and help for people.
    pub fn add<R: Row>(&mut self, name: &str) -> Result<usize, (String, String)> {
        let new = target::<R>(name).map_err(|near| {
            let message = format!("{} have no column \"{name}\"", R::TABLE);
            let help = if near.strip_suffix("_ns") == Some(name) {
                format!("a time's column says its unit: {near}, {name}_us, {name}_ms or {name}_s")
            } else {
                format!("did you mean \"{near}\"? a column of your own needs another name")
            };
            (message, help)
        })?;
        let same = |known: &&Target| new.is_some_and(|new| new.column == known.column);
        if self.targets.iter().flatten().any(|known| same(&known)) {
            let message = format!("the column \"{name}\" is there twice");
            return Err((message, "each column may be there once, in one unit".into()));
        }
        if new.is_none() {
            self.strange.push(name.into());
        }
        self.targets.push(new);
        self.columns.push(Column::default());
        Ok(self.targets.len() - 1)
    }

    /// Puts a value into a row of the column at a place.
    ///
    /// # Errors
    /// What would be right.
    #[inline]
    pub fn put(
        &mut self,
        place: usize,
        row: usize,
        cell: Cell,
        names: &mut Dictionaries,
    ) -> Result<(), String> {
        if let Some(target) = &self.targets[place] {
            let number = target.read(cell, names)?;
            self.columns[place].set(row, number);
        }
        Ok(())
    }

    /// The table, of so many rows.
    pub fn finish<R: Row>(self, rows: usize) -> Filled<R> {
        let mut table = Table::with_columns([]);
        for (target, mut column) in self.targets.into_iter().zip(self.columns) {
            if let Some(target) = target {
                // The last rows of a column may have said nothing.
                if rows > column.len() {
                    column.set(rows - 1, 0);
                }
                table.put_column(target.column, column);
            }
        }
        Filled {
            table,
            rows: rows as u64,
            strange: self.strange,
        }
    }
}
