//! Series of samples at the ends of equal windows, and how OpenMetrics writes them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// When samples are taken: at 0, and at the end of each window. ns.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Width of a window, at least 1.
    pub every: u64,
    /// Samples of a series.
    pub points: usize,
    /// Real time of 0, ns since 1970.
    pub origin: i64,
}

impl Clock {
    /// Windows that cover `[0, span]`.
    pub fn new(every: u64, span: u64, origin: i64) -> Clock {
        let every = every.max(1);
        let points = usize::try_from(span.div_ceil(every)).unwrap_or(usize::MAX);
        Clock {
            every,
            points: points.max(1).saturating_add(1),
            origin,
        }
    }

    /// The first sample that knows of what happened at a time.
    pub fn at(&self, time: u64) -> usize {
        let point = usize::try_from(time.div_ceil(self.every)).unwrap_or(usize::MAX);
        point.min(self.points - 1)
    }

    /// The timestamp of a sample, in seconds.
    fn stamp(&self, point: usize) -> String {
        seconds(i128::from(self.origin) + i128::from(self.every) * point as i128)
    }
}

/// ns as seconds, exactly, without zeros at the end.
pub fn seconds(ns: i128) -> String {
    const S: u128 = 1_000_000_000;
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    let text = format!("{sign}{}.{:09}", ns / S, ns % S);
    let short = text.trim_end_matches('0');
    short.strip_suffix('.').unwrap_or(short).to_owned()
}

/// Numbers that stand for labels.
pub type Key = [u64; 2];

/// What is counted, by labels: what came in each window.
#[derive(Clone, Debug, Default)]
pub struct Counts(BTreeMap<Key, Vec<u64>>);

impl Counts {
    /// Counts so many more at a time.
    pub fn add(&mut self, clock: &Clock, key: Key, time: u64, more: u64) {
        let series = self.0.entry(key).or_insert_with(|| vec![0; clock.points]);
        let cell = &mut series[clock.at(time)];
        *cell = cell.saturating_add(more);
    }

    /// Keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.0.keys().copied()
    }

    /// All that came until each sample.
    pub fn running(&self, clock: &Clock, key: Key) -> Vec<u64> {
        let came = self.0.get(&key);
        let mut sum = 0u64;
        (0..clock.points)
            .map(|i| {
                let more = came.map_or(0, |came| came[i]);
                sum = sum.saturating_add(more);
                sum
            })
            .collect()
    }
}

/// A text of metrics as it grows.
#[derive(Default)]
pub struct Exposition {
    /// What is written so far.
    pub text: String,
    families: BTreeSet<String>,
}

/// What a family's samples may be called, beyond its name.
const ENDS: [&str; 7] = [
    "", "_total", "_created", "_bucket", "_count", "_sum", "_info",
];

impl Exposition {
    /// The head of a family: its type, unit and what it is.
    pub fn family(&mut self, name: &str, kind: &str, unit: &str, help: &str) {
        self.families.insert(name.to_owned());
        let _ = writeln!(self.text, "# TYPE {name} {kind}");
        if !unit.is_empty() {
            let _ = writeln!(self.text, "# UNIT {name} {unit}");
        }
        let _ = writeln!(self.text, "# HELP {name} {}", escaped(help));
    }

    /// A name that no family has, nor a sample of one.
    pub fn untaken(&self, wished: &str) -> String {
        let taken = |name: &str| {
            let mut heads = ENDS.iter().filter_map(|end| name.strip_suffix(end));
            heads.any(|head| self.families.contains(head))
        };
        let mut name = wished.to_owned();
        let mut nth = 1;
        while taken(&name) {
            nth += 1;
            name = format!("{wished}_{nth}");
        }
        name
    }

    /// A sample.
    pub fn sample(&mut self, clock: &Clock, name: &str, labels: &str, value: &str, point: usize) {
        let _ = writeln!(self.text, "{name}{labels} {value} {}", clock.stamp(point));
    }

    /// A family of counters; `labels` of a key, and how a value is written.
    pub fn counters(
        &mut self,
        clock: &Clock,
        name: &str,
        counts: &Counts,
        labels: impl Fn(Key) -> String,
        shown: impl Fn(u64) -> String,
    ) {
        for key in counts.keys() {
            let (name, labels) = (format!("{name}_total"), labels(key));
            for (point, value) in counts.running(clock, key).into_iter().enumerate() {
                self.sample(clock, &name, &labels, &shown(value), point);
            }
        }
    }
}

/// `{outcome="ok",route="/chat"}`; a label without a value is left out, as Prometheus takes it to be absent.
pub fn labels(all: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in all.iter().filter(|(_, value)| !value.is_empty()) {
        text.push(if text.is_empty() { '{' } else { ',' });
        let _ = write!(text, "{name}=\"{}\"", escaped(value));
    }
    if !text.is_empty() {
        text.push('}');
    }
    text
}

fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    text.replace('\n', "\\n")
}

/// A name that a metric may have: letters, digits and `_`.
pub fn metric(text: &str) -> String {
    let fit = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_lowercase(),
        false => '_',
    };
    text.chars().map(fit).collect()
}
