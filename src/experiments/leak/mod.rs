//! Leak, expected growth of a cache, or fragmentation: `gameday lab leak`. Source: Q19.
//!
//! # Short answer
//! Live bytes and objects by component ("site") over a soak. Within the longest life of a process between two restarts, a
//! trend that holds on to its end is a leak, one that fades out is a cache that fills, and resident bytes that grow over
//! live bytes that do not are fragmentation (the allocator's, not the program's: jemalloc#2817). Two snapshots are
//! compared site by site, the largest growth first.
//!
//! # Complexity
//! Series are binned to [`BINS`] medians, so a site costs O(readings + BINS^2) whatever the length of the soak.
//!
//! # Follow-ups
//! - *How do you prove that a leak is fixed, not just slowed?* The slope of the last third and its test: `gameday lab leak
//!   incident-19 --variant sound` against `--variant soak`.
//! - *Throughput doubles?* `gameday lab leak incident-19 --variant twice-the-load`: a leak grows by the request.
//!
//! # Anti-patterns
//! - Restarts as a fix: lives are looked at one by one, so a saw-tooth leaks as well as a line does.
//! - RSS alone: without live bytes beside it fragmentation and leak look the same.
//! - A soak too short to fill the cache: fewer than 12 readings of a life say nothing, and it says so.
//!
//! # Smallest set-up
//! `gameday lab leak incident-19`: an incident with `service.memory = {}`, which the lab adds where it is missing.
//!
//! # Source
//! Theil 1950, Sen 1968; Mann 1945, Kendall 1975; the seed's Q19.

mod trend;

use crate::{
    config::{show_bytes, show_count, show_nanos},
    recording::Recording,
};
use std::{collections::BTreeMap, fmt::Write};
pub use trend::{binned, mann_kendall, median, theil_sen};

/// Medians that a series is binned to.
pub const BINS: usize = 96;
/// Readings of a life below which nothing is said.
const FEWEST: usize = 12;
/// Standard errors of Mann and Kendall's test from which a trend is one. At 3, one steady series in 700 has one by chance.
const CLEAR: f64 = 3.0;
/// What a third of the time must add to the level at least.
const NOTICEABLE: f64 = 0.01;
/// The share of its early slope down to which a growing series counts as one that fills up.
const FADED: f64 = 0.25;

/// What a series does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Too few readings.
    TooShort,
    /// No trend at the end.
    Steady,
    /// It grew, and the growth fades out: a cache that fills.
    Filling,
    /// It grows to the end.
    Leak,
    /// Resident bytes grow to the end, live bytes do not.
    Fragmentation,
}

impl Growth {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Growth::TooShort => "too short to say",
            Growth::Steady => "steady",
            Growth::Filling => "filling up",
            Growth::Leak => "LEAK",
            Growth::Fragmentation => "fragmentation",
        }
    }
}

/// The trend of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// What it comes to.
    pub growth: Growth,
    /// Units an hour, over the last third.
    pub slope: f64,
    /// Mann and Kendall's test of the last third, in standard errors.
    pub z: f64,
}

/// Judges a series of `(hours, value)` in order of time.
pub fn judge(points: &[(f64, f64)]) -> Trend {
    let nothing = |growth| Trend {
        growth,
        slope: 0.0,
        z: 0.0,
    };
    if points.len() < FEWEST {
        return nothing(Growth::TooShort);
    }
    let bins = binned(points, BINS);
    let third = bins.len() / 3;
    let (first, last) = (&bins[..third], &bins[bins.len() - third..]);
    let values = |part: &[(f64, f64)]| part.iter().map(|p| p.1).collect::<Vec<f64>>();
    let (early, slope) = (theil_sen(first), theil_sen(last));
    let z = mann_kendall(&values(last));
    let hours = last[third - 1].0 - last[0].0;
    let (was, is) = (median(&mut values(first)), median(&mut values(last)));
    let grows = z > CLEAR && slope * hours > NOTICEABLE * is.abs();
    let grew = is - was > NOTICEABLE * is.abs() && mann_kendall(&values(&bins)) > CLEAR;
    let growth = match (grows, grew) {
        (true, _) if early > 0.0 && slope < FADED * early => Growth::Filling,
        (true, _) => Growth::Leak,
        (false, true) => Growth::Filling,
        (false, false) => Growth::Steady,
    };
    Trend { growth, slope, z }
}

/// One series of a soak: a gauge of a replica.
#[derive(Clone, Debug)]
pub struct Site {
    /// The gauge.
    pub gauge: String,
    /// The replica; 0 is shared.
    pub replica: u16,
    /// Whether its values are bytes; objects otherwise.
    pub bytes: bool,
    /// Its trend within its longest life.
    pub trend: Trend,
    /// Lives that it had.
    pub lives: usize,
    /// First and last reading of the longest life.
    pub ends: (f64, f64),
}

/// Gauges that count objects.
const OBJECTS: &[&str] = &[
    "cache.entries",
    "limiter.keys",
    "queue.depth",
    "calls.orphans",
];
const RESIDENT: &str = "memory.resident";
const LIVE: &str = "memory.live";

type Series = BTreeMap<(String, u16), Vec<(f64, f64)>>;

fn hours(ns: u64) -> f64 {
    ns as f64 / 3.6e12
}

fn series(recording: &Recording) -> Series {
    let mut all = Series::new();
    for row in recording.gauges.rows() {
        let name = recording.name("gauge", u32::from(row.gauge));
        let of_memory = name.starts_with("memory.");
        if of_memory || OBJECTS.contains(&name) {
            let series = all.entry((name.to_string(), row.replica)).or_default();
            series.push((hours(row.time), row.value));
        }
    }
    all
}

/// Judges every site of a recording: live and resident bytes, objects. Leaks first, then by growth.
pub fn examine(recording: &Recording) -> Vec<Site> {
    let mut restarts: Vec<(u16, f64)> = vec![];
    for event in recording.events.rows() {
        if recording.name("event", u32::from(event.event)) == "restart" {
            restarts.push((event.replica, hours(event.time)));
        }
    }
    let mut all = series(recording);
    // Live bytes of a replica in all, for resident ones to be held against.
    let mut live: Series = Series::new();
    for ((gauge, replica), points) in &all {
        if gauge.starts_with("memory.live.") {
            let sum = live
                .entry((LIVE.into(), *replica))
                .or_insert_with(|| points.iter().map(|p| (p.0, 0.0)).collect());
            for (sum, point) in sum.iter_mut().zip(points) {
                sum.1 += point.1;
            }
        }
    }
    for (key, sum) in live {
        all.entry(key).or_insert(sum);
    }
    let mut sites: Vec<Site> = all
        .into_iter()
        .map(|((gauge, replica), points)| {
            // A restart at a reading empties what the next one sees.
            let mine = || restarts.iter().filter(|r| r.0 == replica && replica > 0);
            let life_of = |t: f64| mine().filter(|r| r.1 < t).count();
            let lives: Vec<&[(f64, f64)]> = points
                .chunk_by(|a, b| life_of(a.0) == life_of(b.0))
                .collect();
            let longest = lives.iter().copied().max_by_key(|l| l.len()).unwrap_or(&[]);
            Site {
                bytes: gauge.starts_with("memory."),
                trend: judge(longest),
                lives: lives.len(),
                ends: match (longest.first(), longest.last()) {
                    (Some(a), Some(b)) => (a.1, b.1),
                    _ => (0.0, 0.0),
                },
                gauge,
                replica,
            }
        })
        .collect();
    let leaks_live: Vec<u16> = sites
        .iter()
        .filter(|s| s.gauge == LIVE && s.trend.growth == Growth::Leak)
        .map(|s| s.replica)
        .collect();
    for site in &mut sites {
        if site.gauge == RESIDENT
            && site.trend.growth == Growth::Leak
            && !leaks_live.contains(&site.replica)
        {
            site.trend.growth = Growth::Fragmentation;
        }
    }
    let order = |s: &Site| match s.trend.growth {
        Growth::Leak => 0,
        Growth::Fragmentation => 1,
        Growth::Filling => 2,
        Growth::Steady => 3,
        Growth::TooShort => 4,
    };
    sites.sort_by(|a, b| {
        let grew = |s: &Site| s.ends.1 - s.ends.0;
        (order(a), !a.bytes)
            .cmp(&(order(b), !b.bytes))
            .then(grew(b).total_cmp(&grew(a)))
            .then_with(|| (&a.gauge, a.replica).cmp(&(&b.gauge, b.replica)))
    });
    sites
}

/// Two snapshots compared: for each site of live bytes what it held at either time (the last reading by then), the largest
/// growth first. Times in ns.
pub fn diff(recording: &Recording, a: u64, b: u64) -> Vec<(String, u16, f64, f64)> {
    let at = |points: &[(f64, f64)], t: u64| {
        let before = points.iter().take_while(|p| p.0 <= hours(t));
        before.last().map_or(0.0, |p| p.1)
    };
    let mut rows: Vec<(String, u16, f64, f64)> = series(recording)
        .into_iter()
        .filter(|((gauge, _), _)| gauge.starts_with("memory.live."))
        .map(|((gauge, replica), points)| (gauge, replica, at(&points, a), at(&points, b)))
        .collect();
    rows.sort_by(|x, y| (y.3 - y.2).total_cmp(&(x.3 - x.2)));
    rows
}

/// The report: sites by verdict, and two snapshots, a tenth of the way in and at the end.
pub fn render(recording: &Recording, length: u64) -> String {
    let mut text = String::new();
    let sites = examine(recording);
    let value = |site: &Site, x: f64| {
        if site.bytes {
            show_bytes(x.abs() as u64)
        } else {
            show_count(x.abs() as u64)
        }
    };
    let _ = writeln!(
        text,
        "{:24} {:>8} {:>10} {:>10} {:>13} {:>7} {:>6}",
        "site", "replica", "from", "to", "an hour", "z", "lives"
    );
    for site in &sites {
        let sign = if site.trend.slope < 0.0 { "-" } else { "+" };
        let _ = writeln!(
            text,
            "{:24} {:>8} {:>10} {:>10} {:>13} {:>7.1} {:>6}  {}",
            site.gauge,
            if site.replica == 0 {
                "shared".into()
            } else {
                site.replica.to_string()
            },
            value(site, site.ends.0),
            value(site, site.ends.1),
            format!("{sign}{}", value(site, site.trend.slope)),
            site.trend.z,
            site.lives,
            site.trend.growth.word()
        );
    }
    let (a, b) = (length / 10, length);
    let _ = writeln!(
        text,
        "\nTop growth from {} to {}",
        show_nanos(a),
        show_nanos(b)
    );
    for (gauge, replica, was, is) in diff(recording, a, b).into_iter().take(10) {
        let grown = is - was;
        let sign = if grown < 0.0 { '-' } else { '+' };
        let _ = writeln!(
            text,
            "  {sign}{:>10}  {} -> {}  {gauge}, replica {replica}",
            show_bytes(grown.abs() as u64),
            show_bytes(was as u64),
            show_bytes(is as u64)
        );
    }
    text
}

#[cfg(test)]
mod tests;
