//! Latency histograms as HdrHistogram writes them, so that its tools can read them: `.hgrm` is a table of percentiles,
//! `.hlog` one compressed histogram a window.
//!
//! Values are ns in the log (tools scale by 1e6) and ms in the table, as is the custom of both.
//! Source: the Java classes `AbstractHistogram.outputPercentileDistribution` and `HistogramLogWriter` 2.2.

use super::Findings;
use crate::incident::{Phase, PhaseName};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use std::fmt::Write as _;
use std::time::Duration;

/// ns in a ms.
const MS: f64 = 1e6;

/// Steps until the distance to 100 % is halved, as in the Java tools.
const TICKS: u32 = 5;

/// The files of percentiles: the whole run, then each phase, with their names.
pub fn hgrm_files(findings: &Findings) -> Vec<(String, String)> {
    let (from, to) = findings.bounds();
    let mut files = vec![(
        "latency.hgrm".to_owned(),
        hgrm(&findings.histogram(from, to)),
    )];
    let mut names: Vec<&str> = vec![];
    for phase in findings.phases() {
        let name = phase.name.word();
        names.push(name);
        // A phase may come twice.
        let nth = names.iter().filter(|n| **n == name).count();
        let suffix = if nth > 1 {
            format!("-{nth}")
        } else {
            String::new()
        };
        files.push((
            format!("latency-{name}{suffix}.hgrm"),
            hgrm(&findings.histogram(phase.from, phase.to)),
        ));
    }
    files
}

/// A distribution in ms, by percentile.
pub fn hgrm(histogram: &Histogram<u64>) -> String {
    let mut text = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    if !histogram.is_empty() {
        for step in histogram.iter_quantiles(TICKS) {
            let value = histogram
                .highest_equivalent(step.value_iterated_to())
                .min(histogram.max()) as f64
                / MS;
            let (quantile, count) = (step.quantile_iterated_to(), step.count_at_value());
            let _ = count;
            let below = histogram.count_between(0, step.value_iterated_to());
            let _ = write!(text, "{value:>12.3} {quantile:.12} {below:>10}");
            if quantile < 1.0 {
                let _ = write!(text, " {:>14.2}", 1.0 / (1.0 - quantile));
            }
            text.push('\n');
        }
    }
    let sub_buckets = (2 * 10u64.pow(u32::from(histogram.sigfig()))).next_power_of_two();
    let (mean, deviation) = if histogram.is_empty() {
        (0.0, 0.0)
    } else {
        (histogram.mean(), histogram.stdev())
    };
    let _ = writeln!(
        text,
        "#[Mean    = {:>12.3}, StdDeviation   = {:>12.3}]",
        mean / MS,
        deviation / MS
    );
    let _ = writeln!(
        text,
        "#[Max     = {:>12.3}, Total count    = {:>12}]",
        histogram.max() as f64 / MS,
        histogram.len()
    );
    let _ = writeln!(
        text,
        "#[Buckets = {:>12}, SubBuckets     = {sub_buckets:>12}]",
        histogram.buckets()
    );
    text
}

/// One interval a window, tagged with the phase that it lies in. Windows without a request are left out.
pub fn hlog(findings: &Findings) -> Vec<u8> {
    let mut log = vec![];
    let mut serializer = V2DeflateSerializer::new();
    let origin = findings.trace.origin.unwrap_or(0).max(0) as f64 / 1e9;
    // Written as the builder would, which wants the wall clock's type for it.
    let mut builder = IntervalLogWriterBuilder::new();
    builder
        .add_comment("[Histogram log format version 1.3]")
        .add_comment(&format!("[StartTime: {origin:.3} (seconds since epoch)]"))
        .add_comment(&format!("[BaseTime: {origin:.3} (seconds since epoch)]"))
        .add_comment("Latency from the intended arrival in ns; interval maxima in ms.")
        .with_max_value_divisor(MS);
    // Writing into memory fails for no reason that a reader could mend.
    let Ok(mut writer) = builder.begin_log_with(&mut log, &mut serializer) else {
        return vec![];
    };
    for pair in findings.watch.windows.edges.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let histogram = findings.histogram(from, to);
        if histogram.is_empty() {
            continue;
        }
        let tag = phase_at(&findings.truth.phases, from).and_then(|p| Tag::new(p.word()));
        let (start, length) = (
            Duration::from_nanos(from),
            Duration::from_nanos(to.saturating_sub(from)),
        );
        if writer
            .write_histogram(&histogram, start, length, tag)
            .is_err()
        {
            break;
        }
    }
    log
}

fn phase_at(phases: &[Phase], time: u64) -> Option<PhaseName> {
    phases
        .iter()
        .find(|p| (p.from..p.to).contains(&time))
        .map(|p| p.name)
}
