//! A text that arrives in fragments, and is scanned as it comes: server-sent events, tokens of a model, a tool call whose
//! arguments are shown while they grow. After each fragment somebody wants to know how far it is.
//!
//! Sound (`append`): the scanner stops at the end of a fragment and goes on from there with the next.
//! Flawed (`reread`): for each fragment all that came so far is copied and scanned from its start.

use super::{Exhausted, Job, Meter, OF_THE_SITE, Work};
use crate::{
    config::{At, Options, Refusal, Table},
    sim::hash::mix,
};

crate::choice! {
    /// How a fragment is read.
    pub enum StreamWay {
        /// The scanner goes on where it stopped.
        Append = "append",
        /// All that came so far is copied and scanned from its start.
        Reread = "reread",
    }
}

crate::options! {
    /// Scanning of a text that arrives in fragments.
    #[derive(Clone, Debug, PartialEq)]
    pub struct StreamOptions {
        /// How a fragment is read: append, reread.
        way: StreamWay = StreamWay::Append, "append";
    }
}

/// A unit is a byte copied and scanned.
const PARTS: &[&str] = &["scan"];
const COSTS: &[f64] = &[1.5];

/// Builds one from its options.
pub fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Work>, Refusal> {
    let taken = [taken, OF_THE_SITE].concat();
    Ok(Box::new(StreamOptions::read_table(at, table, &taken)?))
}

/// Where a scan of texts, words and brackets has got to. It may stop at any byte, within a character too.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Scanner {
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
    fn scan(&mut self, bytes: &[u8]) {
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
    fn progress(&self) -> u64 {
        let flags = u64::from(self.quoted) | u64::from(self.escaped) << 1;
        mix(self.digest ^ mix(self.tokens) ^ mix(u64::from(self.depth) << 2 | flags))
    }
}

impl Work for StreamOptions {
    fn parts(&self) -> &'static [&'static str] {
        PARTS
    }

    fn costs(&self) -> &'static [f64] {
        COSTS
    }

    /// The product covers what was known after each fragment.
    fn run(&self, job: &Job<'_>, meter: &mut Meter) -> Result<u64, Exhausted> {
        let bytes = job.text.as_bytes();
        let fragment = match job.fragment {
            0 => bytes.len().max(1),
            some => some,
        };
        let (mut buffer, mut scanner, mut product) = (Vec::new(), Scanner::default(), 0);
        for part in bytes.chunks(fragment) {
            match self.way {
                StreamWay::Append => {
                    meter.spend(0, part.len() as u64)?;
                    buffer.extend_from_slice(part);
                    scanner.scan(&buffer[buffer.len() - part.len()..]);
                }
                StreamWay::Reread => {
                    meter.spend(0, (buffer.len() + part.len()) as u64)?;
                    buffer = [&buffer, part].concat();
                    scanner = Scanner::default();
                    scanner.scan(&buffer);
                }
            }
            product = mix(product ^ scanner.progress());
        }
        Ok(product)
    }

    fn size(&self, job: &Job<'_>) -> u64 {
        job.text.len() as u64
    }
}
