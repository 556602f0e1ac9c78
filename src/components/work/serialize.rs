//! A value is written as JSON for several who want it: the answer, the log, the cache, the metrics.
//!
//! Sound (`once`): it is written once and handed on. Flawed (`each`): it is written again for each of them.

use super::{
    Exhausted, Job, Meter, Work,
    json::{digest, parse},
    up_to,
};
use crate::{
    config::{At, Options, Refusal, Table},
    sim::hash::mix,
};
use serde_json::Value;

crate::choice! {
    /// How often a value is written.
    pub enum SerializeWay {
        /// Once, and the bytes are handed on.
        Once = "once",
        /// For each who wants it.
        Each = "each",
    }
}

crate::options! {
    /// Writing a value as JSON for several who want it.
    #[derive(Clone, Debug, PartialEq)]
    pub struct SerializeOptions {
        /// How often it is written: once, each.
        way: SerializeWay = SerializeWay::Once, "once";
        /// How many want it.
        times: u32 = 4, "4";
    }
}

const PARSE: usize = 0;
const WRITE: usize = 1;

/// Builds one from its options.
pub(super) fn build(at: &At, table: &Table, taken: &[&str]) -> Result<Box<dyn Work>, Refusal> {
    let options = SerializeOptions::read_table(at, table, taken)?;
    up_to(1000, options.times, at, table, "times")?;
    Ok(Box::new(options))
}

impl Work for SerializeOptions {
    /// Units: bytes parsed, bytes written.
    fn parts(&self) -> &'static [&'static str] {
        &["parse", "write"]
    }

    fn costs(&self) -> &'static [f64] {
        &[5.0, 3.0]
    }

    /// The product covers what each of them got. What is no JSON is written as a text.
    fn run(&self, job: &Job<'_>, meter: &mut Meter) -> Result<u64, Exhausted> {
        let value = parse(job.text, meter, PARSE)?;
        let value = value.unwrap_or_else(|_| Value::String(job.text.into()));
        let mut write = || {
            let bytes = value.to_string();
            meter.spend(WRITE, bytes.len() as u64)?;
            Ok(digest(bytes.as_bytes()))
        };
        let (mut got, mut product) = (write()?, 0);
        for reader in 0..self.times {
            if reader > 0 && self.way == SerializeWay::Each {
                got = write()?;
            }
            product = mix(product ^ got);
        }
        Ok(product)
    }

    fn size(&self, job: &Job<'_>) -> u64 {
        job.text.len() as u64
    }
}
