//! Finding a stretch of windows that is worse than the rest, by more than the run moves by itself at that time scale.
//!
//! A one-sided multi-scale scan. The scale of noise of each length is read off the run: the median absolute difference of
//! adjacent means of that length, which one or two level shifts do not move; a law ln σ(L) = a + b ln L carries it to all
//! lengths, with b from -1/2 (white noise) to -1/8 (very persistent). This is what absorbs autocorrelation, diurnal drift
//! and bursts. Not here: how large Z must be (`threshold`). Sources: seeded intervals, Kovács et al. 2023; the median of
//! differences, Rousseeuw and Croux 1993.

use super::stats::{ln, median};

/// Slope that noise has at short scales, by and large, and the weight of that opinion against the run's own scales.
const SLOPE: f64 = 0.4;
const WEIGHT: f64 = 2.0;

/// σ of the mean of `L` windows.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    a: f64,
    b: f64,
}

impl Noise {
    /// Reads it off a series; `n` weighs the windows.
    pub fn of(sums: &Sums, shortest: usize) -> Noise {
        let windows = sums.windows();
        let (mut lengths, mut sigmas) = (vec![], vec![]);
        for length in lengths_up_to(shortest, windows / 8) {
            let step = (length / 2).max(1);
            let means: Vec<Option<f64>> = (0..windows.saturating_sub(length - 1))
                .step_by(step)
                .map(|s| sums.mean(s, s + length))
                .collect();
            let apart = length.div_ceil(step);
            let mut differences: Vec<f64> = (apart..means.len())
                .filter_map(|i| Some((means[i]? - means[i - apart]?).abs()))
                .collect();
            // A slope makes all differences alike; it is no noise to who looks at what was just before.
            if sums.local {
                differences = about_their_median(&means, apart);
            }
            if differences.len() >= 4 {
                // 1.4826 turns a median absolute deviation into a standard one; a difference of two has twice the variance.
                sigmas.push(ln((1.4826 * median(&mut differences)
                    / std::f64::consts::SQRT_2)
                    .max(1e-4)));
                lengths.push(ln(length as f64));
            }
        }
        if lengths.is_empty() {
            return Noise {
                a: ln(1e-4),
                b: -0.25,
            };
        }
        // Few scales make a noisy slope: two units of prior weight on 0.4, near white, as most services are at short scales.
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let (mx, ms) = (mean(&lengths), mean(&sigmas));
        let sxx: f64 = lengths.iter().map(|l| (l - mx) * (l - mx)).sum();
        let sxy: f64 = lengths
            .iter()
            .zip(&sigmas)
            .map(|(l, s)| (l - mx) * (s - ms))
            .sum();
        let b = ((sxy - SLOPE * WEIGHT) / (sxx + WEIGHT)).clamp(-0.5, -0.125);
        let a = lengths
            .iter()
            .zip(&sigmas)
            .map(|(l, s)| s - b * l)
            .sum::<f64>()
            / lengths.len() as f64;
        Noise { a, b }
    }

    /// σ of the mean of so many windows.
    pub fn sigma(self, length: usize) -> f64 {
        libm::exp(self.a + self.b * ln(length.max(1) as f64))
    }
}

/// How far differences of adjacent means lie from their median.
fn about_their_median(means: &[Option<f64>], apart: usize) -> Vec<f64> {
    let signed: Vec<f64> = (apart..means.len())
        .filter_map(|i| Some(means[i]? - means[i - apart]?))
        .collect();
    let middle = median(&mut signed.clone());
    signed.iter().map(|d| (d - middle).abs()).collect()
}

/// Sums of a series, so that the mean of any stretch costs two subtractions.
#[derive(Clone, Debug)]
pub struct Sums {
    weight: Vec<f64>,
    value: Vec<f64>,
    local: bool,
}

impl Sums {
    /// Sums of `y` weighed by `n`; windows for which `keep` says no weigh nothing.
    pub fn of(y: &[f64], n: &[f64], keep: impl Fn(usize) -> bool) -> Sums {
        let (mut weight, mut value) = (vec![0.0], vec![0.0]);
        for (i, (y, n)) in y.iter().zip(n).enumerate() {
            let n = if keep(i) { *n } else { 0.0 };
            weight.push(weight[i] + n);
            value.push(value[i] + n * y);
        }
        Sums {
            weight,
            value,
            local: false,
        }
    }

    /// The same, held only against what was just before: for what has a slope by nature.
    pub fn local(self) -> Sums {
        Sums {
            local: true,
            ..self
        }
    }

    /// Windows.
    pub fn windows(&self) -> usize {
        self.weight.len() - 1
    }

    /// Mean of `[from, to)`; `None` when it weighs nothing.
    pub fn mean(&self, from: usize, to: usize) -> Option<f64> {
        let weight = self.weight[to] - self.weight[from];
        (weight > 0.0).then(|| (self.value[to] - self.value[from]) / weight)
    }

    /// `(difference of means, weight inside, weight outside)` of `[from, to)` against the rest of `[low, high)`.
    fn contrast(
        &self,
        (low, high): (usize, usize),
        from: usize,
        to: usize,
    ) -> Option<(f64, f64, f64)> {
        let sum = |v: &[f64], from: usize, to: usize| v[to] - v[from];
        let (inside, all) = (sum(&self.weight, from, to), sum(&self.weight, low, high));
        let outside = all - inside;
        if inside <= 0.0 || outside <= 0.0 {
            return None;
        }
        let value = sum(&self.value, from, to);
        let rest = sum(&self.value, low, high) - value;
        Some((value / inside - rest / outside, inside, outside))
    }

    /// How much larger `[from, to)` is than as much on either side of it.
    pub fn step(&self, shortest: usize, from: usize, to: usize) -> f64 {
        let near = (to - from).max(2 * shortest);
        let region = (from.saturating_sub(near), (to + near).min(self.windows()));
        self.contrast(region, from, to).map_or(0.0, |(d, ..)| d)
    }

    /// The larger of two: against everything else, and against as long a stretch just before. The second sees a step on the
    /// slope of a cache that fills, where the mean of everything lies too high.
    pub fn z(&self, noise: Noise, shortest: usize, from: usize, to: usize) -> f64 {
        let white = |inside: f64, outside: f64| (1.0 / inside + 1.0 / outside).sqrt();
        let before = self.just_before(noise, shortest, from, to);
        if self.local {
            return before;
        }
        let all = self
            .contrast((0, self.windows()), from, to)
            .map_or(0.0, |(d, i, o)| d / noise.sigma(to - from).max(white(i, o)));
        all.max(before)
    }

    /// How many σ `[from, to)` is worse than as long a stretch just before it.
    pub fn just_before(&self, noise: Noise, shortest: usize, from: usize, to: usize) -> f64 {
        let white = |inside: f64, outside: f64| (1.0 / inside + 1.0 / outside).sqrt();
        let back = (to - from).max(2 * shortest).min(from);
        self.contrast((from - back, to), from, to)
            .map_or(0.0, |(d, i, o)| {
                // Windows left out weigh nothing: `back` may reach into the warm-up.
                let kept =
                    (back as f64 * (o / i * (to - from) as f64 / back as f64).min(1.0)) as usize;
                d / noise
                    .sigma(to - from)
                    .hypot(noise.sigma(kept.max(1)))
                    .max(white(i, o))
            })
    }

    /// The same in σ of counting alone.
    pub fn counted(&self, shortest: usize, from: usize, to: usize) -> f64 {
        let back = (to - from).max(2 * shortest).min(from);
        self.contrast((from - back, to), from, to)
            .map_or(0.0, |(d, i, o)| d / (1.0 / i + 1.0 / o).sqrt())
    }

    /// The end of a stretch that begins at `from`, by likelihood, if it is worse than what lies around it at all.
    pub fn end(&self, shortest: usize, from: usize) -> Option<usize> {
        let windows = self.windows();
        let region = (from.saturating_sub(windows - from), windows);
        largest((from + shortest).min(windows)..=windows, |to| {
            self.gain(region, from, to)
        })
    }

    /// What a two-level fit gains, for white noise: places the ends better than z, which favours long stretches. Against
    /// what lies near: as much again on either side.
    fn gain(&self, region: (usize, usize), from: usize, to: usize) -> f64 {
        self.contrast(region, from, to)
            .map_or(f64::NEG_INFINITY, |(d, i, o)| d * (i * o / (i + o)).sqrt())
    }
}

/// A stretch that is worse than the rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// How many σ it is worse.
    pub z: f64,
    /// First window.
    pub from: usize,
    /// The window after the last.
    pub to: usize,
}

/// Lengths from the shortest in steps of the square root of two.
pub fn lengths_up_to(shortest: usize, most: usize) -> Vec<usize> {
    let mut lengths = vec![];
    let mut length = shortest as f64;
    while length <= most as f64 {
        lengths.push(length as usize);
        length *= std::f64::consts::SQRT_2;
    }
    lengths
}

/// The stretch with the largest z among those that begin at `first` or later, with its ends placed by likelihood.
pub fn worst(sums: &Sums, noise: Noise, shortest: usize, first: usize) -> Option<Stretch> {
    let windows = sums.windows();
    let mut best = Stretch {
        z: 0.0,
        from: 0,
        to: 0,
    };
    let mut look = |from: usize, to: usize| {
        let z = sums.z(noise, shortest, from, to);
        if z > best.z {
            best = Stretch { z, from, to };
        }
    };
    for length in lengths_up_to(shortest, windows * 3 / 4) {
        (first..(windows + 1).saturating_sub(length))
            .step_by((length / 4).max(1))
            .for_each(|from| look(from, from + length));
    }
    (first..(windows + 1).saturating_sub(shortest)).for_each(|from| look(from, windows));
    if best.z <= 0.0 {
        return None;
    }
    let Stretch {
        mut from, mut to, ..
    } = best;
    let near = (to - from).max(4 * shortest);
    let region = (from.saturating_sub(near), (to + near).min(windows));
    for _ in 0..3 {
        let reach = (to - from) / 2 + 2;
        let starts = first.max(region.0).max(from.saturating_sub(reach))
            ..=(from + reach).min(to.saturating_sub(shortest));
        from = largest(starts, |s| sums.gain(region, s, to)).unwrap_or(from);
        let ends = (from + shortest).max(to.saturating_sub(reach))..=(to + reach).min(region.1);
        to = largest(ends, |e| sums.gain(region, from, e)).unwrap_or(to);
    }
    // The likelihood looks at what lies near, and may settle on a part that is worse than its neighbours by little of what made
    // the whole stand out. Then the whole it is; and Z is that of the stretch that is told.
    let z = sums.z(noise, shortest, from, to);
    Some(if z < KEPT * best.z {
        best
    } else {
        Stretch { z, from, to }
    })
}

/// Share of its Z that a stretch must keep when its ends are placed: less than it loses by ends that are off by a window or two.
const KEPT: f64 = 0.7;

/// A stretch with its ends placed anew by likelihood, anywhere within it.
pub fn placed(sums: &Sums, shortest: usize, stretch: Stretch) -> Stretch {
    let Stretch {
        mut from, mut to, ..
    } = stretch;
    let near = (to - from).max(4 * shortest);
    let region = (from.saturating_sub(near), (to + near).min(sums.windows()));
    for _ in 0..3 {
        let starts = stretch.from..=to.saturating_sub(shortest);
        from = largest(starts, |s| sums.gain(region, s, to)).unwrap_or(from);
        let ends = (from + shortest).min(stretch.to)..=stretch.to;
        to = largest(ends, |e| sums.gain(region, from, e)).unwrap_or(to);
    }
    Stretch {
        from,
        to,
        ..stretch
    }
}

fn largest(range: impl Iterator<Item = usize>, value: impl Fn(usize) -> f64) -> Option<usize> {
    range
        .map(|i| (i, value(i)))
        .fold(None, |best: Option<(usize, f64)>, (i, v)| match best {
            Some((_, b)) if b >= v => best,
            _ => Some((i, v)),
        })
        .map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::hash::mix;

    fn noise_at(i: usize) -> f64 {
        (mix(i as u64 + 1) >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    }

    fn scan(y: &[f64]) -> Stretch {
        let n = vec![100.0; y.len()];
        let sums = Sums::of(y, &n, |_| true);
        worst(&sums, Noise::of(&sums, 3), 3, 6).unwrap()
    }

    #[test]
    fn a_step_is_found_at_its_window_and_white_noise_stays_small() {
        let quiet: Vec<f64> = (0..300).map(|i| 1.0 + 0.3 * noise_at(i)).collect();
        assert!(scan(&quiet).z < 5.0);
        let step: Vec<f64> = quiet
            .iter()
            .enumerate()
            .map(|(i, y)| y + if (120..180).contains(&i) { 0.5 } else { 0.0 })
            .collect();
        let found = scan(&step);
        assert!(
            found.z > 8.0 && found.from.abs_diff(120) <= 1 && found.to.abs_diff(180) <= 1,
            "{found:?}"
        );
    }

    #[test]
    fn what_a_run_does_all_the_time_is_not_news() {
        // A slow wave as large as the step above: it moves at that time scale by itself.
        let wave: Vec<f64> = (0..300)
            .map(|i| 1.0 + 0.25 * libm::sin(i as f64 / 9.0) + 0.1 * noise_at(i))
            .collect();
        assert!(scan(&wave).z < 5.0, "{:?}", scan(&wave));
    }
}
