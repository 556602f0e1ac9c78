//! Histograms, read back by those who are to read them.

#[path = "../examples/report_demo/data.rs"]
mod data;

mod provided;

use data::Demo;
use gameday::report::hdr;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

/// Total count and p95 in ns of the intervals with this tag.
fn of_tag(log: &[u8], tag: &str) -> (u64, u64) {
    let mut sum = Histogram::<u64>::new(3).unwrap();
    for entry in IntervalLogIterator::new(log) {
        let LogEntry::Interval(interval) = entry.unwrap() else {
            continue;
        };
        if interval.tag().map(|t| t.as_str()) != Some(tag) {
            continue;
        }
        let bytes = base64(interval.encoded_histogram());
        let histogram: Histogram<u64> = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
        sum.add(&histogram).unwrap();
    }
    (sum.len(), sum.value_at_quantile(0.95))
}

fn base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |b: u8| LETTERS.iter().position(|l| *l == b).map(|p| p as u32);
    let digits: Vec<u32> = text.bytes().filter_map(digit).collect();
    let mut bytes = vec![];
    for group in digits.chunks(4) {
        let bits: u32 = group
            .iter()
            .enumerate()
            .fold(0, |bits, (i, d)| bits | d << (18 - 6 * i));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}

#[test]
fn the_log_read_back_says_what_the_indicators_say() {
    let demo = Demo::incident(20.0);
    let findings = demo.findings();
    let log = hdr::hlog(&findings);
    for phase in findings.phases() {
        let (count, p95) = of_tag(&log, phase.name.word());
        let histogram = findings.histogram(phase.from, phase.to);
        assert_eq!(count, histogram.len(), "{:?}", phase.name);
        assert_eq!(
            Some(p95 as f64),
            findings.value("latency.p95", &phase),
            "{:?}",
            phase.name
        );
    }
}

#[test]
fn the_table_of_percentiles_is_laid_out_as_the_java_tools_write_it() {
    let mut histogram = Histogram::<u64>::new(3).unwrap();
    (1..=1000u64).for_each(|ms| histogram.record(ms * 1_000_000).unwrap());
    insta::assert_snapshot!(hdr::hgrm(&histogram));
    insta::assert_snapshot!(
        "hgrm_of_nothing",
        hdr::hgrm(&Histogram::<u64>::new(3).unwrap())
    );
}

/// Needs Python with the package `hdrhistogram` 0.10; `GAMEDAY_PYTHON` names another interpreter.
#[test]
fn python_reads_the_log_with_the_same_counts_and_p95() {
    let Some(mut python) = provided::python("hdrh") else {
        return;
    };
    let demo = Demo::incident(20.0);
    let findings = demo.findings();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("latency.hlog");
    std::fs::write(&file, hdr::hlog(&findings)).unwrap();
    let script = "import sys
from hdrh.log import HistogramLogReader
from hdrh.histogram import HdrHistogram
new = lambda: HdrHistogram(1, 2**62, 3)
reader, tags = HistogramLogReader(sys.argv[1], new()), {}
while (h := reader.get_next_interval_histogram()) is not None:
    tags.setdefault(h.get_tag(), new()).add(h)
for tag, h in tags.items():
    print(tag, h.get_total_count(), int(h.get_value_at_percentile(95)))";
    let output = python.args(["-c", script]).arg(&file).output().unwrap();
    let read = String::from_utf8_lossy(&output.stdout).into_owned();
    for phase in findings.phases() {
        let (count, p95) = (
            findings.histogram(phase.from, phase.to).len(),
            findings.value("latency.p95", &phase).unwrap(),
        );
        let line = read
            .lines()
            .find_map(|l| l.strip_prefix(&format!("{} {count} ", phase.name.word())));
        let complaint = String::from_utf8_lossy(&output.stderr);
        let value: f64 = line
            .unwrap_or_else(|| panic!("no {:?} with {count} in\n{read}{complaint}", phase.name))
            .parse()
            .unwrap();
        // It rounds the rank of a percentile to the nearest, where we take the next: a neighbour at most.
        assert!(
            (value / p95 - 1.0).abs() < 0.005,
            "{:?}: {value} {p95}",
            phase.name
        );
    }
}
