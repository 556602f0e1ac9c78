//! Ticks of axes: at round places, named as people read them.

use super::super::words::clock;
use super::axis::{Axis, Reading, Scale};
use crate::config::show_nanos;
use std::ops::Range;

/// A minute in ns.
const MINUTE: f64 = 60e9;

impl Axis {
    /// Ticks with their names, about so many.
    pub fn ticks(&self, about: usize) -> Vec<(f64, String)> {
        if !self.rows.is_empty() {
            return self
                .rows
                .iter()
                .enumerate()
                .map(|(i, name)| (i as f64, name.clone()))
                .collect();
        }
        let places = match (self.scale, self.reading) {
            (Scale::Nines, _) => self.nine_ticks(),
            (Scale::Log, _) => self.log_ticks(about),
            (Scale::Linear, Reading::Clock) => return self.clock_ticks(about),
            (Scale::Linear, _) => multiples(
                &self.range,
                nice_step((self.range.end - self.range.start) / about as f64),
            ),
        };
        places.into_iter().map(|v| (v, self.word(v))).collect()
    }

    /// Places of unnamed lines between the ticks of a logarithmic axis.
    pub fn minor(&self) -> Vec<f64> {
        if self.scale != Scale::Log || self.decades() > 4.5 {
            return vec![];
        }
        self.in_decades(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
    }

    fn decades(&self) -> f64 {
        self.spread(self.range.end) - self.spread(self.range.start)
    }

    fn in_decades(&self, steps: &[f64]) -> Vec<f64> {
        if self.reading == Reading::Duration && self.range.end > MINUTE {
            return self.in_minutes_and_hours(steps);
        }
        let (from, to) = (
            self.spread(self.range.start).floor() as i32,
            self.spread(self.range.end).ceil() as i32,
        );
        let all =
            (from..=to).flat_map(|d| steps.iter().map(move |s| s * libm::pow(10.0, f64::from(d))));
        all.filter(|v| *v >= self.range.start && *v <= self.range.end)
            .collect()
    }

    /// People count seconds up to a minute, minutes up to an hour, and then hours.
    fn in_minutes_and_hours(&self, steps: &[f64]) -> Vec<f64> {
        const HOUR: f64 = 60.0 * MINUTE;
        let unit = |unit: f64, from: f64, to: f64| {
            let decades = (-10..10).map(|d| unit * libm::pow(10.0, f64::from(d)));
            let all = decades.flat_map(|d| steps.iter().map(move |s| s * d));
            // The last before the next unit would stand too close to it.
            all.filter(move |v| *v >= from * (1.0 - 1e-9) && *v < to * 0.7)
                .collect::<Vec<f64>>()
        };
        let mut all = unit(1e9, 0.0, MINUTE);
        all.extend(unit(MINUTE, MINUTE, HOUR));
        all.extend(unit(HOUR, HOUR, f64::INFINITY));
        all.retain(|v| *v >= self.range.start && *v <= self.range.end);
        all
    }

    fn log_ticks(&self, about: usize) -> Vec<f64> {
        // As many a decade as leave room; over many decades every second, third... decade.
        let choices: [&[f64]; 3] = [&[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
        let fits = |steps: &&[f64]| self.decades() * steps.len() as f64 <= about as f64 * 1.4;
        let steps = choices.iter().copied().find(|s| fits(s)).unwrap_or(&[1.0]);
        let ticks = self.in_decades(steps);
        let skip = ticks.len().div_ceil(about.max(1) * 2).max(1);
        ticks.into_iter().step_by(skip).collect()
    }

    fn nine_ticks(&self) -> Vec<f64> {
        let all = [
            0.0,
            0.5,
            0.9,
            0.95,
            0.99,
            0.999,
            0.9999,
            0.99999,
            0.999_999,
            0.999_999_9,
            0.999_999_99,
        ];
        all.into_iter()
            .filter(|q| *q <= self.range.end + 1e-12)
            .collect()
    }

    fn clock_ticks(&self, about: usize) -> Vec<(f64, String)> {
        const S: f64 = 1e9;
        const STEPS: &[f64] = &[
            1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0,
            7200.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0,
        ];
        let least = (self.range.end - self.range.start) / about as f64;
        let step = match STEPS.iter().find(|s| **s * S >= least) {
            Some(step) if least >= S / 2.0 => step * S,
            Some(_) => nice_step(least),
            None => nice_step(least / (86_400.0 * S)) * 86_400.0 * S,
        };
        let name = |v: f64| {
            let ns = v.max(0.0).round() as u64;
            match step {
                s if s < S => show_nanos(ns),
                s if s < 60.0 * S => clock(ns),
                s if s < 86_400.0 * S => clock(ns)[..clock(ns).len() - 3].to_owned(),
                _ => show_nanos(ns),
            }
        };
        multiples(&self.range, step)
            .into_iter()
            .map(|v| (v, name(v)))
            .collect()
    }
}

/// The next of 1, 2, 2.5, 5, 10, 20... that is not below.
fn nice_step(least: f64) -> f64 {
    if least <= 0.0 || !least.is_finite() {
        return 1.0;
    }
    let decade = libm::pow(10.0, libm::floor(libm::log10(least)));
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    steps
        .into_iter()
        .map(|s| s * decade)
        .find(|s| *s >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * decade)
}

/// Multiples of a step within a range; never more than a hundred.
fn multiples(range: &Range<f64>, step: f64) -> Vec<f64> {
    let (first, last) = (
        libm::ceil(range.start / step - 1e-9),
        libm::floor(range.end / step + 1e-9),
    );
    if !(first.is_finite() && last.is_finite()) {
        return vec![];
    }
    (0..100)
        .map(|i| first + f64::from(i))
        .take_while(|n| *n <= last)
        .map(|n| n * step)
        .collect()
}
