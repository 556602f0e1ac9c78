//! Axes: where a value lies, where ticks stand, and what they are called.
//!
//! One type for all: linear, by decades, by the nines of a percentile, clock time, named rows. The logarithms are
//! libm's, so that a picture is the same on every platform.

use super::super::words::clock;
use crate::config::{show_count, show_nanos, show_percent};
use std::ops::Range;

/// How values are spread along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By decades. Values at or below zero lie at the axis's beginning.
    Log,
    /// By nines: values are quantiles, and 99 % is as far from 90 % as 99.9 % from 99 %. HdrHistogram's axis.
    Nines,
}

/// What numbers on an axis mean to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// ns as a duration.
    Duration,
    /// ns as a time of the run.
    Clock,
    /// A fraction in percent.
    Percent,
    /// Things.
    Count,
    /// A number as it is.
    Plain,
}

/// An axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What is along it; may be empty when the panel's title says it.
    pub label: String,
    /// How values are spread.
    pub scale: Scale,
    /// What numbers mean.
    pub reading: Reading,
    /// The values at its ends.
    pub range: Range<f64>,
    /// Names of rows, at 0, 1, 2 and so on. Empty for numbers.
    pub rows: Vec<String>,
}

/// Smallest part of the largest value that a logarithmic axis still shows.
const LOG_FLOOR: f64 = 1e-6;

impl Axis {
    /// From zero to somewhat above the largest value. `least_top` keeps a series of zeros from filling the panel.
    pub fn linear(reading: Reading, values: impl Iterator<Item = f64>, least_top: f64) -> Axis {
        let top = values
            .filter(|v| v.is_finite())
            .fold(0.0, f64::max)
            .max(least_top);
        // Room above the highest point, unless it is the top by nature.
        let top = if reading == Reading::Percent && top > 0.9 {
            1.0
        } else {
            top * 1.06
        };
        Axis {
            label: String::new(),
            scale: Scale::Linear,
            reading,
            range: 0.0..top,
            rows: vec![],
        }
    }

    /// By decades around all positive values.
    pub fn log(reading: Reading, values: impl Iterator<Item = f64>) -> Axis {
        let (mut low, mut high) = (f64::INFINITY, 0.0f64);
        for v in values.filter(|v| v.is_finite() && *v > 0.0) {
            low = low.min(v);
            high = high.max(v);
        }
        if high <= 0.0 {
            (low, high) = (1e6, 1e9); // no data: a second below, to have an axis at all
        }
        let low = low.max(high * LOG_FLOOR);
        // A little room on both sides, and never less than a factor of four.
        let (mut low, mut high) = (low / 1.2, high * 1.2);
        if high / low < 4.0 {
            let middle = libm::sqrt(low * high);
            (low, high) = (middle / 2.0, middle * 2.0);
        }
        Axis {
            label: String::new(),
            scale: Scale::Log,
            reading,
            range: low..high,
            rows: vec![],
        }
    }

    /// Quantiles up to this many nines.
    pub fn nines(nines: f64) -> Axis {
        let last = 1.0 - libm::pow(10.0, -nines.clamp(1.0, 9.0));
        Axis {
            label: String::new(),
            scale: Scale::Nines,
            reading: Reading::Percent,
            range: 0.0..last,
            rows: vec![],
        }
    }

    /// Time of the run.
    pub fn clock(from: u64, to: u64) -> Axis {
        let range = from as f64..(to.max(from + 1)) as f64;
        Axis {
            label: String::new(),
            scale: Scale::Linear,
            reading: Reading::Clock,
            range,
            rows: vec![],
        }
    }

    /// Named rows, the first at the top.
    pub fn rows(names: Vec<String>) -> Axis {
        let range = -0.5..names.len().max(1) as f64 - 0.5;
        Axis {
            label: String::new(),
            scale: Scale::Linear,
            reading: Reading::Plain,
            range,
            rows: names,
        }
    }

    /// With this label.
    pub fn labelled(mut self, label: &str) -> Axis {
        self.label = label.to_owned();
        self
    }

    /// Where a value lies, 0 at the beginning, 1 at the end. Values outside lie on the ends.
    pub fn place(&self, value: f64) -> f64 {
        let (from, to) = (self.spread(self.range.start), self.spread(self.range.end));
        let at = (self.spread(value) - from) / (to - from);
        if at.is_finite() {
            at.clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    pub(super) fn spread(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => value,
            Scale::Log => libm::log10(value.max(f64::MIN_POSITIVE)),
            Scale::Nines => -libm::log10((1.0 - value).max(1e-12)),
        }
    }

    /// A value as this axis reads it.
    pub fn word(&self, value: f64) -> String {
        if let Some(name) = self.rows.get(value.max(0.0).round() as usize) {
            return name.clone();
        }
        match self.reading {
            Reading::Duration => show_nanos(value.max(0.0).round() as u64),
            Reading::Clock => clock(value.max(0.0).round() as u64),
            Reading::Percent if self.scale == Scale::Nines => nines_word(value),
            Reading::Percent => show_percent(value),
            Reading::Count if value.fract() == 0.0 || value >= 100.0 => {
                show_count(value.max(0.0).round() as u64)
            }
            Reading::Count | Reading::Plain => plain(value),
        }
    }

    /// The axis in words.
    pub fn text(&self) -> String {
        let ends = format!(
            "{} to {}",
            self.word(self.range.start),
            self.word(self.range.end)
        );
        format!("{:?} {:?} {ends} {}", self.scale, self.reading, self.label)
            .trim_end()
            .to_owned()
    }
}

fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `99.9%`, with as many nines as there are.
fn nines_word(quantile: f64) -> String {
    let text = format!("{:.7}", quantile * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(axis: &Axis, about: usize) -> Vec<String> {
        axis.ticks(about)
            .into_iter()
            .map(|(_, name)| name)
            .collect()
    }

    #[test]
    fn a_logarithmic_axis_has_durations_at_round_places() {
        let axis = Axis::log(Reading::Duration, [1.2e6, 9e8].into_iter());
        assert_eq!(
            names(&axis, 5),
            ["1ms", "3ms", "10ms", "30ms", "100ms", "300ms", "1s"]
        );
        assert_eq!(axis.place(0.0), 0.0);
    }

    #[test]
    fn long_durations_stand_at_minutes_and_hours() {
        let axis = Axis::log(Reading::Duration, [2e9, 7.2e12].into_iter());
        assert_eq!(
            names(&axis, 6),
            ["3s", "10s", "30s", "1m", "3m", "10m", "30m", "1h"]
        );
    }

    #[test]
    fn each_nine_takes_the_same_room() {
        let axis = Axis::nines(4.0);
        let room = |a: f64, b: f64| axis.place(b) - axis.place(a);
        assert!((room(0.9, 0.99) - room(0.99, 0.999)).abs() < 1e-9);
        assert_eq!(
            names(&axis, 5),
            ["0%", "50%", "90%", "95%", "99%", "99.9%", "99.99%"]
        );
    }

    #[test]
    fn a_clock_axis_ticks_at_times_that_people_use() {
        let hour = Axis::clock(0, 3_600_000_000_000);
        assert_eq!(
            names(&hour, 8),
            [
                "00:00", "00:10", "00:20", "00:30", "00:40", "00:50", "01:00"
            ]
        );
        assert_eq!(
            names(&Axis::clock(0, 40_000_000_000), 4),
            ["00:00:00", "00:00:10", "00:00:20", "00:00:30", "00:00:40"]
        );
        assert_eq!(names(&Axis::clock(0, 900_000_000), 3), ["0", "500ms"]);
    }

    #[test]
    fn no_values_or_equal_or_huge_ones_still_give_an_axis() {
        for values in [
            vec![],
            vec![0.0],
            vec![5e6; 3],
            vec![1.0, 1.8e19],
            vec![f64::NAN, f64::INFINITY],
        ] {
            for axis in [
                Axis::log(Reading::Duration, values.iter().copied()),
                Axis::linear(Reading::Count, values.iter().copied(), 1.0),
            ] {
                let ticks = axis.ticks(5);
                assert!((1..=15).contains(&ticks.len()), "{values:?} {ticks:?}");
                assert!(
                    ticks
                        .iter()
                        .all(|(v, _)| (0.0..=1.0).contains(&axis.place(*v)))
                );
            }
        }
    }
}
