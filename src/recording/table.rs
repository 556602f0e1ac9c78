//! A table: its columns, and which of them are recorded at all.

use super::{column::Column, tables::Row};
use std::marker::PhantomData;

/// A table of rows of one kind, held as columns.
#[derive(Clone, Debug)]
pub struct Table<R: Row> {
    columns: Vec<Column>,
    /// Bit per column: whether it is recorded. One that is not is never evidence of anything.
    present: u128,
    len: usize,
    row: PhantomData<R>,
}

impl<R: Row> Default for Table<R> {
    /// A table with every column recorded.
    fn default() -> Self {
        assert!(R::COLUMNS.len() <= 128, "one bit per column");
        let columns = vec![Column::default(); R::COLUMNS.len()];
        Table {
            columns,
            present: u128::MAX >> (128 - R::COLUMNS.len()),
            len: 0,
            row: PhantomData,
        }
    }
}

impl<R: Row> Table<R> {
    /// A table with only these columns recorded.
    pub fn with_columns(columns: impl IntoIterator<Item = usize>) -> Self {
        let present = columns.into_iter().fold(0, |mask, c| mask | 1 << c);
        Table {
            present,
            ..Table::default()
        }
    }

    /// Writes a row, which may lie past the end.
    #[inline]
    pub fn set(&mut self, index: usize, row: &R) {
        let (columns, present) = (&mut self.columns, self.present);
        row.each(|c, word| {
            if present >> c & 1 == 1 {
                columns[c].set(index, word);
            }
        });
        self.len = self.len.max(index + 1);
    }

    /// Writes consecutive rows, at most [`BLOCK`](super::tables::BLOCK) of them.
    pub(super) fn set_block(&mut self, index: usize, rows: &[R]) {
        let (columns, present) = (&mut self.columns, self.present);
        let recorded = |c: usize| present >> c & 1 == 1;
        R::each_column(rows, recorded, |c, words| {
            columns[c].set_block(index, words)
        });
        self.len = self.len.max(index + rows.len());
    }

    /// Appends a row and gives its number.
    pub fn push(&mut self, row: &R) -> usize {
        self.set(self.len, row);
        self.len - 1
    }

    /// Makes room for a row that is written later, and gives its number.
    #[inline]
    pub fn reserve(&mut self) -> usize {
        self.len += 1;
        self.len - 1
    }

    /// One value. 0 where the column is not recorded.
    #[inline]
    pub fn value(&self, column: usize, row: usize) -> u64 {
        self.columns[column].get(row)
    }

    /// A whole row.
    pub fn row(&self, index: usize) -> R {
        R::from_columns(|c| self.columns[c].get(index))
    }

    /// A column, if it is recorded.
    pub fn column(&self, column: usize) -> Option<&Column> {
        self.has(column).then(|| &self.columns[column])
    }

    /// Replaces a whole column, for readers of files.
    pub fn put_column(&mut self, column: usize, values: Column) {
        self.len = self.len.max(values.len());
        self.present |= 1 << column;
        self.columns[column] = values;
    }

    /// Whether a column is recorded.
    #[inline]
    pub fn has(&self, column: usize) -> bool {
        self.present >> column & 1 == 1
    }

    /// Numbers of the recorded columns, in order.
    pub fn recorded(&self) -> impl Iterator<Item = usize> + '_ {
        (0..R::COLUMNS.len()).filter(|&c| self.has(c))
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All rows in order.
    pub fn rows(&self) -> impl Iterator<Item = R> + '_ {
        (0..self.len).map(|i| self.row(i))
    }

    /// Bytes of memory held.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(Column::bytes).sum()
    }
}
