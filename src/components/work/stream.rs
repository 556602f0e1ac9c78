//! A text that arrives in fragments, and is scanned as it comes: server-sent events, tokens of a model, a tool call whose
//! arguments are shown while they grow. After each fragment somebody wants to know how far it is.
//!
//! Sound (`append`): the scanner stops at the end of a fragment and goes on from there with the next.
//! Flawed (`reread`): for each fragment all that came so far is copied and scanned from its start.

use super::{
    Exhausted, Job, Meter, Work,
    scan::{BYTE, Scanner},
};
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
const COSTS: &[f64] = &[BYTE];

/// Builds one from its options.
pub(super) fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Work>, Refusal> {
    Ok(Box::new(StreamOptions::read_table(at, table, taken)?))
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
