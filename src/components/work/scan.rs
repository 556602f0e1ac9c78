//! Reads every byte once.

use super::{Exhausted, Job, Meter, Work};
use crate::config::{At, Options, Refusal, Table};
use xxhash_rust::xxh3::xxh3_64;

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
    if !(1..=1000).contains(&options.times) {
        let place = table.get("times").map_or(at, |entry| &entry.node.at);
        return Err(Refusal::at(place, format!("{} times", options.times)).help("1 to 1000"));
    }
    Ok(Box::new(options))
}

impl Work for ScanOptions {
    fn parts(&self) -> &'static [&'static str] {
        &["read"]
    }

    /// A byte through a parser of JSON takes some 3 ns on a core of a server, that is 300 MB/s.
    fn unit(&self) -> f64 {
        3.0
    }

    fn run(&self, job: &Job<'_>, meter: &mut Meter) -> Result<u64, Exhausted> {
        let mut product = 0;
        for _ in 0..self.times {
            meter.spend(0, job.text.len() as u64)?;
            product = xxh3_64(job.text.as_bytes());
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
