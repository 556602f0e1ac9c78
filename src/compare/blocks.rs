//! How far neighbouring windows depend on one another, and resampling that keeps it: the circular block bootstrap.
//!
//! Requests that wait in one queue are slow together, so a recording of a million rows may hold no more than some hundred
//! independent facts. What is resampled are therefore blocks of neighbouring windows, each of three integrated
//! autocorrelation times or more. Sources: Politis & Romano 1992 (circular blocks); Sokal 1997 (the integrated time);
//! Geyer 1992 (where to stop summing: at the first pair of lags whose sum is not positive).

use crate::sim::dice::{Dice, Purpose};

const BLOCKS: Purpose = Purpose::named("compare-blocks");

/// Blocks that a recording must have, or nothing is said about it: with fewer, a spread is a guess.
pub const FEWEST: usize = 10;

/// A block is so many autocorrelation times long.
const TIMES: f64 = 3.0;

/// The integrated autocorrelation time of a series, in its own steps: how many neighbours are worth one independent
/// value. At least 1; 1 for a series that does not vary.
pub fn autocorrelation_time(series: &[f64]) -> f64 {
    let n = series.len();
    if n < 4 {
        return 1.0;
    }
    let mean = series.iter().sum::<f64>() / n as f64;
    let at = |lag: usize| -> f64 {
        let pairs = series.iter().zip(&series[lag..]);
        pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / n as f64
    };
    let variance = at(0);
    if variance <= 0.0 {
        return 1.0;
    }
    // Pairs of lags (0, 1), (2, 3), ...: their sums are positive and fall, so the first that is not is noise.
    let (mut sum, mut last) = (0.0, f64::INFINITY);
    for pair in 0..n / 4 {
        let gamma = ((at(2 * pair) + at(2 * pair + 1)) / variance).min(last);
        if gamma <= 0.0 {
            break;
        }
        sum += gamma;
        last = gamma;
    }
    (2.0 * sum - 1.0).max(1.0)
}

/// Blocks of a series of so many windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blocks {
    /// Windows of the series.
    pub windows: usize,
    /// Windows of a block.
    pub length: usize,
    /// The autocorrelation time, in windows.
    pub time: f64,
}

impl Blocks {
    /// The blocks that the series of what each window adds to an estimate asks for.
    pub fn of(influence: &[f64]) -> Blocks {
        let time = autocorrelation_time(influence);
        Blocks {
            windows: influence.len(),
            length: ((TIMES * time).ceil() as usize).clamp(1, influence.len().max(1)),
            time,
        }
    }

    /// How many blocks there are.
    pub fn count(&self) -> usize {
        self.windows / self.length.max(1)
    }

    /// How many times as long a recording would have to be, to have enough of them; at most 1 when it has.
    pub fn short_by(&self) -> f64 {
        FEWEST as f64 * self.length as f64 / self.windows.max(1) as f64
    }

    /// What a variance between blocks must be multiplied by: of `b` blocks one degree is spent on the mean, and what
    /// neighbours share across the ends of a block is not seen in it (exact where correlation falls geometrically).
    pub fn inflation(&self) -> f64 {
        let b = self.count().max(2) as f64;
        let across = (self.time - 1.0 / self.time) / (2.0 * self.length as f64);
        b / (b - 1.0) / (1.0 - across).max(0.5)
    }

    /// The starts of the blocks of one draw.
    pub fn draw(&self, seed: u64, draw: u64, starts: &mut Vec<usize>) {
        let mut dice = Dice::new(seed, draw).draw(BLOCKS, 0);
        starts.clear();
        starts.extend((0..self.count()).map(|_| dice.below(self.windows as u64) as usize));
    }

    /// The sum over the blocks at these starts, from sums of all windows before each one (`windows + 1` of them).
    #[inline]
    pub fn sum<T: Copy + Into<f64>>(&self, before: &[T], starts: &[usize]) -> f64 {
        let whole: f64 = before[self.windows].into();
        let one = |&start: &usize| {
            let end = start + self.length;
            if end <= self.windows {
                before[end].into() - before[start].into()
            } else {
                whole - before[start].into() + before[end - self.windows].into()
            }
        };
        starts.iter().map(one).sum()
    }

    /// The variance of the sum of a whole series, from all its overlapping blocks.
    pub fn variance_of_sum(&self, series: &[f64]) -> f64 {
        let before = before(series.iter().copied());
        let mean = before[self.windows] / self.windows.max(1) as f64 * self.length as f64;
        let squares: f64 = (0..self.windows)
            .map(|start| self.sum(&before, &[start]) - mean)
            .map(|d| d * d)
            .sum();
        squares / self.length as f64 * self.inflation()
    }
}

/// Sums of all values before each place; the last is of all.
pub fn before(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sums = vec![0.0];
    let mut sum = 0.0;
    for value in values {
        sum += value;
        sums.push(sum);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOISE: Purpose = Purpose::named("noise");

    fn ar1(phi: f64, n: usize, seed: u64) -> Vec<f64> {
        let mut x = 0.0;
        (0..n as u64)
            .map(|i| {
                x = phi * x + Dice::new(seed, i).draw(NOISE, 0).normal();
                x
            })
            .collect()
    }

    #[test]
    fn the_time_of_a_first_order_series_is_the_closed_form() {
        for phi in [0.0f64, 0.5, 0.8, 0.9] {
            let exact = (1.0 + phi) / (1.0 - phi);
            let mean: f64 = (0..20)
                .map(|s| autocorrelation_time(&ar1(phi, 20_000, s)))
                .sum::<f64>()
                / 20.0;
            assert!((mean / exact - 1.0).abs() < 0.08, "{phi}: {mean}, {exact}");
        }
    }

    #[test]
    fn what_does_not_vary_has_time_one() {
        assert_eq!(autocorrelation_time(&[3.0; 50]), 1.0);
        assert_eq!(autocorrelation_time(&[]), 1.0);
        assert_eq!(Blocks::of(&[1.0; 50]).length, 3);
    }

    #[test]
    fn the_variance_of_a_mean_counts_what_neighbours_share() {
        // Var(sum) of AR(1) is n / (1 - phi)^2, but for the ends.
        for phi in [0.0, 0.7] {
            let n = 600;
            let ratio: f64 = (0..60)
                .map(|s| {
                    let series = ar1(phi, n, s + 100);
                    Blocks::of(&series).variance_of_sum(&series)
                })
                .sum::<f64>()
                / 60.0
                / (n as f64 / ((1.0 - phi) * (1.0 - phi)));
            assert!((0.88..1.12).contains(&ratio), "{phi}: {ratio}");
        }
    }

    #[test]
    fn blocks_go_round_the_end() {
        let blocks = Blocks {
            windows: 5,
            length: 3,
            time: 1.0,
        };
        let sums = before([1.0, 2.0, 4.0, 8.0, 16.0].into_iter());
        assert_eq!(blocks.sum(&sums, &[0]), 7.0);
        assert_eq!(blocks.sum(&sums, &[4]), 19.0);
        assert_eq!(blocks.sum(&sums, &[2, 3]), 28.0 + 25.0);
    }
}
