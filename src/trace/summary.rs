//! A trace in numbers, from one pass and in bounded memory: rates, fields, repeats, sizes, tenants.
//!
//! Up to a million different prompts (and two million blocks) are counted exactly; beyond that the count is an estimate from
//! the smallest digests (Bar-Yossef et al. 2002), and says so.

use super::{
    request::{Facts, Request, Tags},
    stamp,
};
use crate::{
    config::{show_bytes, show_count, show_nanos, show_percent, show_rate},
    sim::hash::{Set, mix},
};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt::Write};
use xxhash_rust::xxh3::xxh3_64;

const EXACT: usize = 1_000_000;
const SMALLEST: usize = 4096;
const MOST_BLOCKS: usize = 2_000_000;

/// A count of different things.
#[derive(Debug, Default)]
struct Distinct {
    exact: Option<Set<u64>>,
    over: bool,
    smallest: BTreeSet<u64>,
}

impl Distinct {
    fn add(&mut self, digest: u64) {
        let digest = mix(digest);
        if !self.over {
            let exact = self.exact.get_or_insert_default();
            exact.insert(digest);
            self.over = exact.len() > EXACT;
            if self.over {
                self.exact = None;
            }
        }
        if self.smallest.len() < SMALLEST || self.smallest.last().is_some_and(|last| digest < *last)
        {
            self.smallest.insert(digest);
            if self.smallest.len() > SMALLEST {
                self.smallest.pop_last();
            }
        }
    }

    fn count(&self) -> u64 {
        match (&self.exact, self.smallest.last()) {
            (Some(exact), _) => exact.len() as u64,
            (None, Some(last)) => {
                ((self.smallest.len() - 1) as f64 / (*last as f64 / u64::MAX as f64)) as u64
            }
            (None, None) => 0,
        }
    }
}

/// The busiest aligned window of a length.
#[derive(Debug)]
struct Peak {
    window: u64,
    current: u64,
    count: u64,
    most: u64,
}

impl Peak {
    fn new(seconds: u64) -> Peak {
        Peak {
            window: seconds * stamp::SECOND,
            current: 0,
            count: 0,
            most: 0,
        }
    }

    fn add(&mut self, since_first: u64) {
        let window = since_first / self.window;
        if window != self.current {
            self.current = window;
            self.count = 0;
        }
        self.count += 1;
        self.most = self.most.max(self.count);
    }

    fn rate(&self) -> f64 {
        self.most as f64 / (self.window / stamp::SECOND) as f64
    }
}

/// A trace in numbers.
#[derive(Debug)]
pub struct Summary {
    rows: u64,
    first: u64,
    last: u64,
    gaps: (f64, f64),
    peaks: [Peak; 2],
    prompts: Distinct,
    blocks: Set<u64>,
    block_references: u64,
    block_hits: u64,
    sizes: [(&'static str, Histogram<u64>); 3],
    tenants: Vec<u64>,
}

impl Default for Summary {
    fn default() -> Self {
        // Three digits and a range that grows: always valid bounds.
        let histogram = || Histogram::new(3).expect("three digits are within 0 to 5");
        Summary {
            rows: 0,
            first: 0,
            last: 0,
            gaps: (0.0, 0.0),
            peaks: [Peak::new(1), Peak::new(60)],
            prompts: Distinct::default(),
            blocks: Set::default(),
            block_references: 0,
            block_hits: 0,
            sizes: [
                ("input_tokens", histogram()),
                ("output_tokens", histogram()),
                ("bytes", histogram()),
            ],
            tenants: vec![],
        }
    }
}

impl Summary {
    /// Adds a request; they come in order of time.
    pub fn add(&mut self, r: &Request) {
        if self.rows == 0 {
            self.first = r.arrived;
        } else {
            let gap = (r.arrived - self.last) as f64;
            self.gaps.0 += gap;
            self.gaps.1 += gap * gap;
        }
        self.last = r.arrived;
        self.rows += 1;
        for peak in &mut self.peaks {
            peak.add(r.arrived - self.first);
        }
        let prompt = r.payload.fields.iter().find(|(name, _)| name == "prompt");
        self.prompts
            .add(match prompt.and_then(|(_, value)| value.as_str()) {
                Some(prompt) => xxh3_64(prompt.as_bytes()),
                None => r.payload.raw_digest,
            });
        let mut leading = true;
        for id in &r.payload.blocks {
            self.block_references += 1;
            let known = self.blocks.contains(id);
            leading &= known;
            self.block_hits += u64::from(leading);
        }
        if self.blocks.len() < MOST_BLOCKS {
            self.blocks.extend(r.payload.blocks.iter().copied());
        }
        let sizes = [
            u64::from(r.input_tokens),
            u64::from(r.output_tokens),
            r.bytes,
        ];
        for ((_, histogram), size) in self.sizes.iter_mut().zip(sizes) {
            if size > 0 {
                // `saturating_record` would clamp to what it has room for by now.
                let _ = histogram.record(size.min(i64::MAX as u64));
            }
        }
        let tenant = r.tenant as usize;
        if tenant >= self.tenants.len() {
            self.tenants.resize(tenant + 1, 0);
        }
        self.tenants[tenant] += 1;
    }

    /// The numbers as JSON.
    pub fn json(&self, facts: &Facts, tags: &Tags) -> Value {
        let seconds = |ns: u64| ns as f64 / 1e9;
        let sizes: serde_json::Map<_, _> = self
            .sizes
            .iter()
            .filter(|(_, h)| !h.is_empty())
            .map(|(name, h)| {
                let q = |p: f64| h.value_at_quantile(p);
                (name.to_string(), json!({ "mean": h.mean(), "p50": q(0.5), "p90": q(0.9), "p99": q(0.99), "max": h.max() }))
            })
            .collect();
        let distinct: serde_json::Map<_, _> = names(tags)
            .into_iter()
            .map(|(n, c)| (n.into(), c.into()))
            .collect();
        let top: Vec<_> = self.top(tags).into_iter().map(|(name, rows)| json!({ "tenant": name, "rows": rows, "share": rows as f64 / self.rows as f64 })).collect();
        let filled: serde_json::Map<_, _> = facts
            .filled
            .iter()
            .map(|(f, how)| (f.name().to_string(), json!(how)))
            .collect();
        json!({
            "format": facts.format,
            "origin": facts.origin.and_then(|ns| u64::try_from(ns).ok()).map(stamp::show_stamp),
            "rows": self.rows,
            "first_s": seconds(self.first),
            "span_s": seconds(self.last - self.first),
            "rate_mean": self.mean_rate(),
            "rate_peak_1s": self.peaks[0].rate(),
            "rate_peak_60s": self.peaks[1].rate(),
            "gap_cv": self.gap_cv(),
            "captured": facts.captured.iter().map(|f| f.name()).collect::<Vec<_>>(),
            "filled": filled,
            "distinct": distinct,
            "prompts": { "distinct": self.prompts.count(), "estimated": self.prompts.over, "repeat_share": self.repeats() },
            "prefix_hit_share": self.prefix_hits(),
            "sizes": sizes,
            "tenants": top,
        })
    }

    /// The numbers for people.
    pub fn text(&self, facts: &Facts, tags: &Tags) -> String {
        let mut out = String::new();
        let mut line = |name: &str, value: String| {
            let _ = writeln!(out, "{name:<15}{value}");
        };
        line("format", facts.format.clone());
        if let Some(ns) = facts.origin.and_then(|ns| u64::try_from(ns).ok()) {
            line("origin", stamp::show_stamp(ns));
        }
        line("requests", self.rows.to_string());
        line("span", show_nanos(self.last - self.first));
        line(
            "rate",
            format!(
                "mean {}, peak {} over 1s, {} over 60s",
                show_rate(self.mean_rate()),
                show_rate(self.peaks[0].rate()),
                show_rate(self.peaks[1].rate())
            ),
        );
        if let Some(cv) = self.gap_cv() {
            line(
                "gaps",
                format!("cv {cv:.2} (1 is Poisson, above is bursty)"),
            );
        }
        let captured: Vec<&str> = facts.captured.iter().map(|f| f.name()).collect();
        line(
            "captured",
            if captured.is_empty() {
                "nothing".into()
            } else {
                captured.join(", ")
            },
        );
        for (i, (field, how)) in facts.filled.iter().enumerate() {
            line(
                if i == 0 { "filled" } else { "" },
                format!("{}: {how}", field.name()),
            );
        }
        let distinct: Vec<String> = names(tags)
            .into_iter()
            .filter(|(_, n)| *n > 0)
            .map(|(name, n)| format!("{} {name}", show_count(n)))
            .collect();
        if !distinct.is_empty() {
            line("distinct", distinct.join(", "));
        }
        let about = if self.prompts.over { "about " } else { "" };
        line(
            "prompts",
            format!(
                "{about}{} different; {about}{} repeat an earlier one (the highest hit rate of a cache)",
                show_count(self.prompts.count()),
                show_percent(self.repeats())
            ),
        );
        if let Some(share) = self.prefix_hits() {
            line(
                "prefix blocks",
                format!(
                    "{} references, {} of them hits of an endless prefix cache",
                    show_count(self.block_references),
                    show_percent(share)
                ),
            );
        }
        for (name, h) in self.sizes.iter().filter(|(_, h)| !h.is_empty()) {
            let show = |n: u64| {
                if *name == "bytes" {
                    show_bytes(n)
                } else {
                    show_count(n)
                }
            };
            let q = |p: f64| show(h.value_at_quantile(p));
            line(
                name,
                format!(
                    "mean {}, p50 {}, p90 {}, p99 {}, max {}",
                    show(h.mean().round() as u64),
                    q(0.5),
                    q(0.9),
                    q(0.99),
                    show(h.max())
                ),
            );
        }
        for (i, (name, rows)) in self.top(tags).into_iter().enumerate() {
            line(
                if i == 0 { "tenants" } else { "" },
                format!(
                    "{name:<24} {:>6}",
                    show_percent(rows as f64 / self.rows as f64)
                ),
            );
        }
        out
    }

    fn mean_rate(&self) -> f64 {
        match self.last - self.first {
            0 => 0.0,
            span => self.rows as f64 / (span as f64 / 1e9),
        }
    }

    fn gap_cv(&self) -> Option<f64> {
        let n = self.rows.checked_sub(1).filter(|n| *n > 0)? as f64;
        let mean = self.gaps.0 / n;
        let variance = (self.gaps.1 / n - mean * mean).max(0.0);
        (mean > 0.0).then(|| libm::sqrt(variance) / mean)
    }

    fn repeats(&self) -> f64 {
        if self.rows == 0 {
            return 0.0;
        }
        1.0 - (self.prompts.count().min(self.rows) as f64 / self.rows as f64)
    }

    fn prefix_hits(&self) -> Option<f64> {
        (self.block_references > 0).then(|| self.block_hits as f64 / self.block_references as f64)
    }

    /// The ten busiest tenants.
    fn top(&self, tags: &Tags) -> Vec<(String, u64)> {
        if tags.tenant.is_empty() {
            return vec![];
        }
        let mut all: Vec<(u64, usize)> = self
            .tenants
            .iter()
            .enumerate()
            .filter(|(_, n)| **n > 0)
            .map(|(i, n)| (*n, i))
            .collect();
        all.sort_by_key(|(n, i)| (std::cmp::Reverse(*n), *i));
        let name = |i: usize| match tags.tenant.name(i as u32) {
            "" => "(not recorded)".to_string(),
            name => super::lines::plain(name),
        };
        all.into_iter()
            .take(10)
            .map(|(n, i)| (name(i), n))
            .collect()
    }
}

fn names(tags: &Tags) -> Vec<(&'static str, u64)> {
    [
        ("tenants", &tags.tenant),
        ("users", &tags.user),
        ("routes", &tags.route),
        ("regions", &tags.region),
        ("classes", &tags.class),
        ("clients", &tags.client),
        ("models", &tags.model),
        ("addresses", &tags.address),
    ]
    .map(|(name, names)| (name, names.len() as u64 - 1))
    .to_vec()
}
