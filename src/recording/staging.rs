//! Rows on their way into a table.
//!
//! A request's row is written when it ends, out of order, and a row of fifty columns touches fifty places. Here rows
//! wait until a block of neighbours is complete, and then go into the table a column at a time.

use super::{
    table::Table,
    tables::{BLOCK, Row},
};
use std::collections::VecDeque;

/// Blocks that may be open at a time, 64 Ki rows: beyond, the oldest is written as it is, and what is missing of it
/// goes into the table row by row.
const OPEN: usize = 1024;

/// Rows that wait for their neighbours.
pub(super) struct Staging<R> {
    /// Number of the first open block.
    first: usize,
    blocks: VecDeque<Block<R>>,
    /// Rooms of blocks that are written.
    spare: Vec<Vec<R>>,
}

struct Block<R> {
    rows: Vec<R>,
    /// Rows that are there. A block that is written has none, and no room.
    written: usize,
}

impl<R: Row> Default for Staging<R> {
    fn default() -> Self {
        Staging {
            first: 0,
            blocks: VecDeque::new(),
            spare: vec![],
        }
    }
}

impl<R: Row> Staging<R> {
    /// Takes a row; each number once.
    #[inline]
    pub fn put(&mut self, number: usize, row: &R, table: &mut Table<R>) {
        let (block, place) = (number / BLOCK, number % BLOCK);
        if block < self.first {
            table.set(number, row);
            return;
        }
        let at = block - self.first;
        if at >= self.blocks.len() {
            self.open(at, table);
            return self.put(number, row, table);
        }
        let open = &mut self.blocks[at];
        open.rows[place].clone_from(row);
        open.written += 1;
        if open.written == BLOCK {
            self.close(at, table);
        }
    }

    /// Makes room for the block `at` places after the first, and for those between.
    #[cold]
    fn open(&mut self, at: usize, table: &mut Table<R>) {
        while self.blocks.len() <= at {
            let rows = self.spare.pop();
            let rows = rows.unwrap_or_else(|| vec![R::default(); BLOCK]);
            self.blocks.push_back(Block { rows, written: 0 });
        }
        while self.blocks.len() > OPEN {
            self.write(0, BLOCK, table);
            self.drop_written();
        }
    }

    fn close(&mut self, at: usize, table: &mut Table<R>) {
        self.write(at, BLOCK, table);
        self.drop_written();
    }

    /// Writes the first `rows` of an open block.
    fn write(&mut self, at: usize, rows: usize, table: &mut Table<R>) {
        let block = &mut self.blocks[at];
        let mut room = std::mem::take(&mut block.rows);
        let start = (self.first + at) * BLOCK;
        table.set_block(start, &room[..rows]);
        if block.written < BLOCK {
            // The next block must not find rows of this one where it has none.
            room.fill(R::default());
        }
        self.spare.push(room);
    }

    fn drop_written(&mut self) {
        while self.blocks.front().is_some_and(|b| b.rows.is_empty()) {
            self.blocks.pop_front();
            self.first += 1;
        }
    }

    /// Writes what is left. The table has as many rows as it had before, or as were put.
    pub fn finish(&mut self, table: &mut Table<R>, len: usize) {
        for at in 0..self.blocks.len() {
            let start = (self.first + at) * BLOCK;
            if !self.blocks[at].rows.is_empty() && start < len {
                self.write(at, BLOCK.min(len - start), table);
            }
        }
        self.blocks.clear();
        self.first = usize::MAX / BLOCK;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::RequestRow;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn rows_arrive_in_the_table_whatever_their_order(
            spread in 1u64..200_000, n in 1usize..3_000, keep in 1usize..4
        ) {
            let row = |i: usize| RequestRow { op: i as u64 + 1, latency: i as u64 * 977, tenant: 7, ..RequestRow::default() };
            let mut order: Vec<usize> = (0..n).filter(|i| i % keep == 0).collect();
            order.sort_by_key(|&i| i as u64 * 100 + crate::sim::hash::mix(i as u64) % spread);
            let (mut staged, mut direct) = (Table::<RequestRow>::default(), Table::<RequestRow>::default());
            let mut staging = Staging::default();
            for &i in &order {
                staging.put(i, &row(i), &mut staged);
                direct.set(i, &row(i));
            }
            staging.finish(&mut staged, direct.len());
            prop_assert_eq!(staged.len(), direct.len());
            prop_assert!(staged.rows().eq(direct.rows()));
        }
    }

    #[test]
    fn a_row_that_is_very_late_is_not_lost() {
        let mut table = Table::<RequestRow>::default();
        let mut staging = Staging::default();
        let row = |op: u64| RequestRow {
            op,
            ..RequestRow::default()
        };
        let n = BLOCK * (OPEN + 10);
        for i in 1..n {
            staging.put(i, &row(i as u64), &mut table);
        }
        staging.put(0, &row(99), &mut table);
        staging.finish(&mut table, n);
        assert_eq!(
            (table.len(), table.row(0).op, table.row(n - 1).op),
            (n, 99, n as u64 - 1)
        );
        assert!(
            table
                .rows()
                .skip(1)
                .enumerate()
                .all(|(i, row)| row.op == i as u64 + 1)
        );
    }
}
