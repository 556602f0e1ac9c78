//! A column of numbers that costs as many bytes a row as its values need.

/// Rows a chunk. Each chunk has its own width, so one large value widens 64 Ki rows, not the column,
/// and growing never copies what is already there.
const CHUNK: usize = 1 << 16;

/// A column of unsigned numbers, written in any order near its end, read at random.
#[derive(Clone, Debug, Default)]
pub struct Column {
    chunks: Vec<Chunk>,
    len: usize,
}

#[derive(Clone, Debug)]
enum Chunk {
    /// All zero: costs nothing.
    Zero,
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
}

impl Chunk {
    #[inline(always)]
    fn get(&self, i: usize) -> u64 {
        match self {
            Chunk::Zero => 0,
            Chunk::U8(v) => v.get(i).map_or(0, |&x| u64::from(x)),
            Chunk::U16(v) => v.get(i).map_or(0, |&x| u64::from(x)),
            Chunk::U32(v) => v.get(i).map_or(0, |&x| u64::from(x)),
            Chunk::U64(v) => v.get(i).copied().unwrap_or(0),
        }
    }

    #[inline(always)]
    fn set(&mut self, i: usize, value: u64) {
        /// Rows past the end of a chunk's vector read as zero, so a chunk grows only when something is said.
        #[inline(always)]
        fn put<T: Copy + Default>(v: &mut Vec<T>, i: usize, value: T) {
            if i < v.len() {
                v[i] = value;
            } else if i == v.len() {
                v.push(value);
            } else {
                v.resize(i, T::default());
                v.push(value);
            }
        }
        match self {
            Chunk::U64(v) => put(v, i, value),
            Chunk::U32(v) if value <= u64::from(u32::MAX) => put(v, i, value as u32),
            Chunk::U16(v) if value <= u64::from(u16::MAX) => put(v, i, value as u16),
            Chunk::U8(v) if value <= u64::from(u8::MAX) => put(v, i, value as u8),
            Chunk::Zero if value == 0 => {}
            _ => {
                self.widen(value);
                self.set(i, value);
            }
        }
    }

    /// Sets consecutive values; `all` is the bits that any of them has.
    fn set_block(&mut self, i: usize, values: &[u64], all: u64) {
        #[inline(always)]
        fn put<T: Copy + Default>(
            v: &mut Vec<T>,
            i: usize,
            values: &[u64],
            narrow: impl Fn(u64) -> T,
        ) {
            if v.len() < i + values.len() {
                v.resize(i + values.len(), T::default());
            }
            for (place, &value) in v[i..].iter_mut().zip(values) {
                *place = narrow(value);
            }
        }
        match self {
            Chunk::U64(v) => put(v, i, values, |x| x),
            Chunk::U32(v) if all <= u64::from(u32::MAX) => put(v, i, values, |x| x as u32),
            Chunk::U16(v) if all <= u64::from(u16::MAX) => put(v, i, values, |x| x as u16),
            Chunk::U8(v) if all <= u64::from(u8::MAX) => put(v, i, values, |x| x as u8),
            Chunk::Zero if all == 0 => {}
            _ => {
                self.widen(all);
                self.set_block(i, values, all);
            }
        }
    }

    #[cold]
    fn widen(&mut self, value: u64) {
        let len = match self {
            Chunk::Zero => 0,
            Chunk::U8(v) => v.len(),
            Chunk::U16(v) => v.len(),
            Chunk::U32(v) => v.len(),
            Chunk::U64(v) => v.len(),
        };
        let old = std::mem::replace(self, Chunk::Zero);
        let all = (0..len).map(|i| old.get(i));
        *self = match value {
            0..=0xFF => Chunk::U8(all.map(|x| x as u8).collect()),
            0x100..=0xFFFF => Chunk::U16(all.map(|x| x as u16).collect()),
            0x1_0000..=0xFFFF_FFFF => Chunk::U32(all.map(|x| x as u32).collect()),
            _ => Chunk::U64(all.collect()),
        };
    }

    fn bytes(&self) -> usize {
        match self {
            Chunk::Zero => 0,
            Chunk::U8(v) => v.capacity(),
            Chunk::U16(v) => 2 * v.capacity(),
            Chunk::U32(v) => 4 * v.capacity(),
            Chunk::U64(v) => 8 * v.capacity(),
        }
    }
}

impl Column {
    /// The value of a row; 0 for a row that was never written.
    #[inline(always)]
    pub fn get(&self, row: usize) -> u64 {
        self.chunks
            .get(row / CHUNK)
            .map_or(0, |c| c.get(row % CHUNK))
    }

    /// Sets the value of a row, which may lie past the end; rows between read as 0.
    #[inline(always)]
    pub fn set(&mut self, row: usize, value: u64) {
        let chunk = row / CHUNK;
        if chunk >= self.chunks.len() {
            self.chunks.resize_with(chunk + 1, || Chunk::Zero);
        }
        self.chunks[chunk].set(row % CHUNK, value);
        self.len = self.len.max(row + 1);
    }

    /// Sets consecutive rows.
    #[inline]
    pub fn set_block(&mut self, row: usize, values: &[u64]) {
        let (chunk, i) = (row / CHUNK, row % CHUNK);
        if i + values.len() > CHUNK {
            let (now, next) = values.split_at(CHUNK - i);
            self.set_block(row, now);
            self.set_block(row + now.len(), next);
            return;
        }
        if chunk >= self.chunks.len() {
            self.chunks.resize_with(chunk + 1, || Chunk::Zero);
        }
        let all = values.iter().fold(0, |all, value| all | value);
        self.chunks[chunk].set_block(i, values, all);
        self.len = self.len.max(row + values.len());
    }

    /// Appends a row.
    #[inline(always)]
    pub fn push(&mut self, value: u64) {
        self.set(self.len, value);
    }

    /// Rows, the last written one included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All values in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.len).map(|row| self.get(row))
    }

    /// Bytes of memory held.
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(Chunk::bytes).sum()
    }
}

impl FromIterator<u64> for Column {
    fn from_iter<I: IntoIterator<Item = u64>>(values: I) -> Column {
        let mut column = Column::default();
        values.into_iter().for_each(|value| column.push(value));
        column
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_column_reads_back_what_was_written_in_any_order(
            writes in prop::collection::vec((0usize..200_000, prop_oneof![0u64..3, 0u64..70_000, any::<u64>()]), 0..200)
        ) {
            let mut column = Column::default();
            let mut model = std::collections::BTreeMap::new();
            for (row, value) in writes {
                column.set(row, value);
                model.insert(row, value);
            }
            prop_assert_eq!(column.len(), model.keys().last().map_or(0, |r| r + 1));
            for (row, value) in &model {
                prop_assert_eq!(column.get(*row), *value);
            }
            prop_assert_eq!(column.iter().filter(|&v| v != 0).count(), model.values().filter(|v| **v != 0).count());
        }
    }

    proptest! {
        #[test]
        fn a_block_is_the_same_as_its_values_one_by_one(
            blocks in prop::collection::vec((0usize..140_000, prop::collection::vec(prop_oneof![0u64..3, 0u64..70_000, any::<u64>()], 1..64)), 0..20)
        ) {
            let (mut whole, mut single) = (Column::default(), Column::default());
            for (row, values) in blocks {
                whole.set_block(row, &values);
                values.iter().enumerate().for_each(|(i, v)| single.set(row + i, *v));
            }
            prop_assert_eq!(whole.len(), single.len());
            prop_assert!(whole.iter().eq(single.iter()));
        }
    }

    #[test]
    fn a_column_that_says_nothing_costs_nothing() {
        let mut column = Column::default();
        (0..100_000).for_each(|_| column.push(0));
        assert_eq!((column.len(), column.bytes()), (100_000, 0));
    }
}
