//! Reads every byte once, as a tokeniser does: linear work, the look-alike of all that is not.

use super::{Exhausted, Job, Meter, Work, up_to};
use crate::{
    config::{At, Options, Refusal, Table},
    sim::hash::mix,
};

crate::options! {
    /// Every byte is read, so many times.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ScanOptions {
        /// How many times.
        times: u32 = 1, "1";
    }
}

/// Builds it.
pub(super) fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Work>, Refusal> {
    let options = ScanOptions::read_table(at, table, taken)?;
    up_to(1000, options.times, at, table, "times")?;
    Ok(Box::new(options))
}

/// ns that a byte costs.
pub(super) const BYTE: f64 = 1.5;

/// Where a scan of texts, words and brackets has got to. It may stop at any byte, within a character too.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Scanner {
    /// Within a text in quotes.
    quoted: bool,
    /// After a backslash.
    escaped: bool,
    /// Within a word.
    word: bool,
    /// Brackets that are open.
    depth: u32,
    /// Words, texts and brackets so far.
    tokens: u64,
    /// Of all their bytes.
    digest: u64,
}

impl Scanner {
    pub(super) fn scan(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.step(byte);
        }
    }

    fn step(&mut self, byte: u8) {
        let was_word = self.word;
        self.word = false;
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.quoted => self.escaped = true,
            b'"' => {
                self.quoted = !self.quoted;
                self.tokens += u64::from(self.quoted);
            }
            _ if self.quoted => {}
            b'{' | b'[' => {
                self.depth = self.depth.saturating_add(1);
                self.tokens += 1;
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b' ' | b'\t' | b'\n' | b'\r' => return,
            _ => {
                self.word = true;
                self.tokens += u64::from(!was_word);
            }
        }
        self.digest = self
            .digest
            .wrapping_mul(0x0100_0000_01b3)
            .wrapping_add(u64::from(byte) + 1);
    }

    /// How far it is, in one number.
    pub(super) fn progress(&self) -> u64 {
        let flags = u64::from(self.quoted) | u64::from(self.escaped) << 1;
        mix(self.digest ^ mix(self.tokens) ^ mix(u64::from(self.depth) << 2 | flags))
    }
}

impl Work for ScanOptions {
    fn parts(&self) -> &'static [&'static str] {
        &["read"]
    }

    fn costs(&self) -> &'static [f64] {
        &[BYTE]
    }

    fn run(&self, job: &Job<'_>, meter: &mut Meter) -> Result<u64, Exhausted> {
        let mut product = 0;
        for _ in 0..self.times {
            meter.spend(0, job.text.len() as u64)?;
            let mut scanner = Scanner::default();
            scanner.scan(job.text.as_bytes());
            product = scanner.progress();
        }
        Ok(product)
    }

    fn size(&self, job: &Job<'_>) -> u64 {
        job.text.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_and_a_meter_breaks_off() {
        let job = Job {
            text: "four",
            fragment: 0,
        };
        let (once, twice) = (ScanOptions { times: 1 }, ScanOptions { times: 2 });
        let mut meter = Meter::new(1, 100);
        let product = once.run(&job, &mut meter).unwrap();
        assert_eq!(meter.spent(), [4]);
        let mut meter = Meter::new(1, 7);
        assert_eq!(twice.run(&job, &mut meter), Err(Exhausted));
        assert_eq!(meter.total(), 7);
        let mut meter = Meter::new(1, 8);
        assert_eq!(twice.run(&job, &mut meter), Ok(product));
    }
}
