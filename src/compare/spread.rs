//! Distributions of a duration, window by window, so that blocks of windows can be drawn again and asked for quantiles.

use super::blocks::Blocks;
use crate::{
    indicators::{Stage, Tally, Watch},
    sim::hash::mix,
};
use std::ops::Range;

/// What one stage took in each window of one recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// All windows together.
    pub all: Tally,
    /// Value and count of the steps of each window, ascending.
    windows: Vec<Vec<(u64, u64)>>,
    /// Sum of each window, in full precision.
    pub sums: Vec<f64>,
}

impl Spread {
    /// Of a stage; `None` where nothing was recorded.
    pub fn of(watch: &Watch, stage: Stage) -> Option<Spread> {
        let n = watch.windows.len();
        let all = watch.tally(stage, 0..n);
        if all.count() == 0 {
            return None;
        }
        let (mut windows, mut sums) = (vec![], vec![]);
        for i in 0..n {
            let tally = watch.tally(stage, i..i + 1);
            sums.push(tally.mean().unwrap_or(0.0) * tally.count() as f64);
            windows.push(tally.steps().collect());
        }
        Some(Spread { all, windows, sums })
    }

    /// A digest of what each window holds: equal where two stages took the same time, request by request.
    pub fn digest(&self) -> u64 {
        let steps = self.windows.iter().enumerate();
        let steps = steps.flat_map(|(w, steps)| steps.iter().map(move |&(v, n)| (w as u64, v, n)));
        steps.fold(0, |digest, (w, v, n)| {
            [w, v, n]
                .iter()
                .fold(digest, |digest, x| mix(digest ^ x).wrapping_add(*x))
        })
    }

    /// How many values each window has.
    pub fn counts(&self) -> Vec<f64> {
        let count = |steps: &Vec<(u64, u64)>| steps.iter().map(|(_, n)| *n).sum::<u64>() as f64;
        self.windows.iter().map(count).collect()
    }

    /// How many values of each window are not above `value`.
    pub fn not_above(&self, value: u64) -> Vec<f64> {
        let count = |steps: &Vec<(u64, u64)>| {
            let end = steps.partition_point(|(v, _)| *v <= value);
            steps[..end].iter().map(|(_, n)| *n).sum::<u64>() as f64
        };
        self.windows.iter().map(count).collect()
    }

    /// The share of all values that are not above `value`.
    pub fn share_not_above(&self, value: u64) -> f64 {
        let steps = self.all.steps().take_while(|(v, _)| *v <= value);
        steps.map(|(_, n)| n).sum::<u64>() as f64 / self.all.count().max(1) as f64
    }
}

/// Sums before each window, at thresholds: what a drawn set of blocks is asked with.
#[derive(Clone, Debug)]
pub struct Cumulative {
    /// Ascending.
    pub thresholds: Vec<u64>,
    /// For each threshold, the values of windows before each one that are not above it.
    before: Vec<Vec<u32>>,
}

impl Cumulative {
    /// At every value that occurred, or at about this many of them where they are more: neighbours are then so near that
    /// an interval cannot tell them apart.
    pub fn of(spread: &Spread, most: usize) -> Cumulative {
        let steps: Vec<u64> = spread.all.steps().map(|(value, _)| value).collect();
        let every = steps.len().div_ceil(most.max(1)).max(1);
        let last = steps.len().saturating_sub(1);
        let kept = steps.iter().enumerate();
        let kept = kept.filter(|(i, _)| i % every == 0 || *i == last);
        Cumulative::at(spread, kept.map(|(_, &v)| v).collect())
    }

    /// At these thresholds, which ascend.
    pub fn at(spread: &Spread, thresholds: Vec<u64>) -> Cumulative {
        let windows = spread.windows.len();
        let mut before = vec![vec![0u32; windows + 1]; thresholds.len()];
        for (w, steps) in spread.windows.iter().enumerate() {
            let mut next = steps.iter().peekable();
            let mut sum = 0;
            for (threshold, sums) in thresholds.iter().zip(&mut before) {
                while let Some((_, n)) = next.next_if(|(value, _)| value <= threshold) {
                    sum += *n as u32;
                }
                sums[w + 1] = sums[w] + sum;
            }
        }
        Cumulative { thresholds, before }
    }

    /// How many values of the drawn blocks are not above threshold `k`.
    #[inline]
    pub fn drawn(&self, k: usize, blocks: &Blocks, starts: &[usize]) -> f64 {
        blocks.sum(&self.before[k], starts)
    }

    /// The share of the drawn blocks' values not above each threshold.
    pub fn shares(&self, blocks: &Blocks, starts: &[usize], total: f64) -> Vec<f64> {
        let total = total.max(1.0);
        let thresholds = 0..self.thresholds.len();
        thresholds
            .map(|k| self.drawn(k, blocks, starts) / total)
            .collect()
    }

    /// A quantile of the drawn blocks, within a range of thresholds.
    pub fn quantile(
        &self,
        q: f64,
        blocks: &Blocks,
        starts: &[usize],
        within: &Range<usize>,
    ) -> f64 {
        let Some(last) = self.thresholds.len().checked_sub(1) else {
            return 0.0;
        };
        let rank = (q * self.drawn(last, blocks, starts)).ceil().max(1.0);
        let (mut low, mut high) = (within.start, within.end.min(last));
        while low < high {
            let mid = (low + high) / 2;
            if self.drawn(mid, blocks, starts) >= rank {
                high = mid;
            } else {
                low = mid + 1;
            }
        }
        self.thresholds[low] as f64
    }
}

/// Cliff's delta: how much more often a request of `new` is slower than one of `base` than the other way round, from -1
/// to 1.
pub fn cliff(base: &Tally, new: &Tally) -> f64 {
    let (n, m) = (base.count() as f64, new.count() as f64);
    if n == 0.0 || m == 0.0 {
        return 0.0;
    }
    let mut base = base.steps().peekable();
    let (mut below, mut delta) = (0.0, 0.0);
    for (value, count) in new.steps() {
        while let Some((_, k)) = base.next_if(|(v, _)| *v < value) {
            below += k as f64;
        }
        let equal = base.peek().filter(|(v, _)| *v == value);
        let equal = equal.map_or(0.0, |(_, k)| *k as f64);
        delta += count as f64 * (below - (n - below - equal));
    }
    delta / (n * m)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::Sketch;
    use proptest::prelude::*;

    fn tally(values: &[u64]) -> Tally {
        let mut sketch = Sketch::default();
        values.iter().for_each(|&v| sketch.push(v));
        Tally::of([&sketch])
    }

    proptest! {
        #[test]
        fn cliffs_delta_is_the_count_of_pairs(a in prop::collection::vec(0u64..50, 1..40), b in prop::collection::vec(0u64..50, 1..40)) {
            let pairs = a.iter().flat_map(|x| b.iter().map(move |y| (*y as i64 - *x as i64).signum()));
            let exact = pairs.sum::<i64>() as f64 / (a.len() * b.len()) as f64;
            prop_assert!((cliff(&tally(&a), &tally(&b)) - exact).abs() < 1e-9);
            prop_assert!((cliff(&tally(&b), &tally(&a)) + exact).abs() < 1e-9);
        }

        #[test]
        fn a_drawn_quantile_is_that_of_the_drawn_windows(
            windows in prop::collection::vec(prop::collection::vec(1u64..200, 1..8), 4..12),
            q in 0.05f64..0.99,
            starts in prop::collection::vec(0usize..4, 1..4),
        ) {
            let of = |values: &Vec<u64>| tally(values).steps().collect::<Vec<_>>();
            let all: Vec<u64> = windows.concat();
            let spread = Spread { all: tally(&all), windows: windows.iter().map(of).collect(), sums: vec![] };
            let cumulative = Cumulative::of(&spread, usize::MAX);
            let blocks = Blocks { windows: windows.len(), length: 2, time: 1.0 };
            let drawn: Vec<u64> = starts.iter().flat_map(|&s| [s, (s + 1) % windows.len()]).flat_map(|w| windows[w].clone()).collect();
            let exact = tally(&drawn).quantile(q).unwrap() as f64;
            prop_assert_eq!(cumulative.quantile(q, &blocks, &starts, &(0..cumulative.thresholds.len())), exact);
        }
    }
}
