//! The digest of a run, rolled up by virtual second.
//!
//! Two runs are the same if and only if (but for 2^-128) their digests are; and if they differ,
//! the hashes of the seconds say from when on. XXH3 with 128 bits (Yann Collet); not cryptographic.

use super::{Nanos, SECONDS};
use std::fmt;
use std::str::FromStr;
use xxhash_rust::xxh3::Xxh3;

/// The digest of a whole run: 32 hexadecimal characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u128);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Not 32 hexadecimal characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadDigest;

impl fmt::Display for BadDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a digest is 32 hexadecimal characters")
    }
}

impl std::error::Error for BadDigest {}

impl FromStr for Digest {
    type Err = BadDigest;
    fn from_str(text: &str) -> Result<Digest, BadDigest> {
        let hex = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        match u128::from_str_radix(text, 16) {
            Ok(value) if hex => Ok(Digest(value)),
            _ => Err(BadDigest),
        }
    }
}

/// The hash of what was fed during one virtual second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Second {
    /// Whole seconds since the run's start.
    pub second: u64,
    /// XXH3-128 of the rows.
    pub hash: u128,
}

/// The first second at which two runs differ: by what was fed in it, or because only one has it.
pub fn first_difference(a: &[Second], b: &[Second]) -> Option<u64> {
    let common = a.iter().zip(b).find(|(a, b)| a != b);
    match common {
        Some((a, b)) => Some(a.second.min(b.second)),
        None => {
            let longer = if a.len() > b.len() { a } else { b };
            longer.get(a.len().min(b.len())).map(|s| s.second)
        }
    }
}

/// Bytes gathered before they are hashed: the hash is fastest on long runs of input.
const BUFFER: usize = 4096;

/// Builds a [`Digest`] from rows.
pub struct RunDigest {
    buffer: Box<[u8; BUFFER]>,
    filled: usize,
    hasher: Box<Xxh3>,
    second: u64,
    any: bool,
    seconds: Vec<Second>,
}

/// Places for the words of a row.
pub struct Words<'b>(std::slice::IterMut<'b, [u8; 8]>);

impl Words<'_> {
    /// Writes the next word.
    #[inline(always)]
    pub fn put(&mut self, word: u64) {
        if let Some(place) = self.0.next() {
            *place = word.to_le_bytes();
        }
    }
}

impl Default for RunDigest {
    fn default() -> Self {
        Self::new()
    }
}

impl RunDigest {
    /// A digest of nothing.
    pub fn new() -> RunDigest {
        RunDigest {
            buffer: Box::new([0; BUFFER]),
            filled: 0,
            hasher: Box::new(Xxh3::new()),
            second: 0,
            any: false,
            seconds: Vec::new(),
        }
    }

    /// Feeds a row of words, at its virtual time. Feed rows in the order in which the run wrote
    /// them; that is part of the digest. A row is framed by its time and length, so that no two
    /// sequences of rows look alike.
    #[inline]
    pub fn words(&mut self, at: Nanos, row: &[u64]) {
        self.enter(at);
        self.word(at);
        self.word((row.len() as u64) << 1);
        let bytes = row.len() * 8;
        if let Some(room) = self.buffer.get_mut(self.filled..self.filled + bytes) {
            for (place, word) in room.chunks_exact_mut(8).zip(row) {
                place.copy_from_slice(&word.to_le_bytes());
            }
            self.filled += bytes;
        } else {
            for &word in row {
                self.word(word);
            }
        }
    }

    /// As [`words`](Self::words), for exactly `len` words that are written one by one.
    ///
    /// # Panics
    ///
    /// When the row is longer than the buffer, 512 words.
    #[inline(always)]
    pub fn row(&mut self, at: Nanos, len: usize, write: impl FnOnce(&mut Words<'_>)) {
        self.enter(at);
        if self.filled + (len + 2) * 8 > BUFFER {
            self.flush();
        }
        let room = &mut self.buffer[self.filled..self.filled + (len + 2) * 8];
        let mut words = Words(room.as_chunks_mut().0.iter_mut());
        words.put(at);
        words.put((len as u64) << 1);
        write(&mut words);
        debug_assert!(words.0.next().is_none(), "a row has the words that it says");
        self.filled += (len + 2) * 8;
    }

    /// Feeds a row of bytes (a label, an operator's event), at its virtual time.
    pub fn bytes(&mut self, at: Nanos, row: &[u8]) {
        self.enter(at);
        self.word(at);
        self.word((row.len() as u64) << 1 | 1);
        self.flush();
        self.hasher.update(row);
    }

    #[inline(always)]
    fn enter(&mut self, at: Nanos) {
        let second = at / SECONDS;
        if second != self.second || !self.any {
            self.close();
            self.second = second;
            self.any = true;
        }
    }

    #[inline(always)]
    fn word(&mut self, word: u64) {
        if self.filled + 8 > BUFFER {
            self.flush();
        }
        self.buffer[self.filled..self.filled + 8].copy_from_slice(&word.to_le_bytes());
        self.filled += 8;
    }

    fn flush(&mut self) {
        self.hasher.update(&self.buffer[..self.filled]);
        self.filled = 0;
    }

    #[cold]
    fn close(&mut self) {
        if self.any {
            self.flush();
            self.seconds.push(Second {
                second: self.second,
                hash: self.hasher.digest128(),
            });
            self.hasher.reset();
        }
    }

    /// The digest of all that was fed.
    pub fn finish(self) -> Digest {
        self.finish_with_seconds().0
    }

    /// The digest, and the hash of each second in which something was fed, in the order fed.
    pub fn finish_with_seconds(mut self) -> (Digest, Vec<Second>) {
        self.close();
        let mut whole = Xxh3::new();
        for s in &self.seconds {
            whole.update(&s.second.to_le_bytes());
            whole.update(&s.hash.to_le_bytes());
        }
        (Digest(whole.digest128()), self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rows: &[(Nanos, &[u64])]) -> (Digest, Vec<Second>) {
        let mut digest = RunDigest::new();
        for (at, row) in rows {
            digest.words(*at, row);
        }
        digest.finish_with_seconds()
    }

    #[test]
    fn equal_runs_have_equal_digests_and_these_are_known() {
        let a = run(&[(0, &[1, 2]), (SECONDS, &[3])]);
        assert_eq!(a, run(&[(0, &[1, 2]), (SECONDS, &[3])]));
        assert_eq!(a.0.to_string(), "24c641695d586a7c1a755cbb08ae8ddb");
        assert_eq!(a.0.to_string().parse(), Ok(a.0));
    }

    #[test]
    fn runs_that_differ_say_at_which_second() {
        let a = run(&[(0, &[1]), (SECONDS, &[2]), (9 * SECONDS, &[3])]);
        let b = run(&[(0, &[1]), (SECONDS, &[2]), (9 * SECONDS, &[4])]);
        let c = run(&[(0, &[1]), (SECONDS, &[2])]);
        let d = run(&[(0, &[1]), (SECONDS, &[2]), (7 * SECONDS, &[3])]);
        assert_eq!(first_difference(&a.1, &a.1), None);
        assert_eq!(first_difference(&a.1, &b.1), Some(9));
        assert_eq!(first_difference(&a.1, &c.1), Some(9));
        assert_eq!(first_difference(&c.1, &a.1), Some(9));
        assert_eq!(first_difference(&a.1, &d.1), Some(7));
        assert_ne!(a.0, b.0);
    }

    #[test]
    fn rows_are_framed() {
        assert_ne!(run(&[(0, &[1, 2])]).0, run(&[(0, &[1]), (0, &[2])]).0);
        assert_ne!(run(&[(5, &[1])]).0, run(&[(6, &[1])]).0);
        let mut bytes = RunDigest::new();
        bytes.bytes(0, &1u64.to_le_bytes());
        assert_ne!(bytes.finish(), run(&[(0, &[1])]).0);
    }

    #[test]
    fn where_the_buffer_ends_does_not_matter() {
        // 37 words a row: rows straddle the buffer's end; against one long hash of the same bytes
        let row: Vec<u64> = (0..37).collect();
        let mut digest = RunDigest::new();
        let mut bytes = Vec::new();
        for at in 0..1000u64 {
            digest.words(at, &row);
            bytes.extend_from_slice(&at.to_le_bytes());
            bytes.extend_from_slice(&(37u64 << 1).to_le_bytes());
            row.iter()
                .for_each(|w| bytes.extend_from_slice(&w.to_le_bytes()));
        }
        let (_, seconds) = digest.finish_with_seconds();
        assert_eq!(seconds[0].hash, xxhash_rust::xxh3::xxh3_128(&bytes));
        let mut in_place = RunDigest::new();
        for at in 0..1000u64 {
            in_place.row(at, row.len(), |words| {
                row.iter().for_each(|&w| words.put(w))
            });
        }
        assert_eq!(in_place.finish_with_seconds().1, seconds);
    }
}
