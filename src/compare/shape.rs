//! Whether a whole distribution moved, wherever: what no listed quantile, mean or spread need show.
//!
//! The statistic is Kolmogorov's, with slack: by how many of the requests the new recording is slower than the old one *beyond
//! the tolerance*, `sup F_base(x) - F_new(x + tolerance)`, and the same for faster. A service whose times hardly vary may so
//! move by a part of a percent and nobody is told. Its chance comes from drawing blocks of each recording about its own
//! distribution; in the far tail it is carried on as that of Kolmogorov's law, whose scale the draws give.

use super::{
    Tolerance,
    blocks::Blocks,
    estimate::Draws,
    spread::{Cumulative, Spread},
};

/// Thresholds at which distributions are held against one another.
const GRID: usize = 64;
/// Draws beyond the statistic below which the tail is carried on.
const ENOUGH: usize = 10;

/// What the two distributions come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Share of the requests by which the new ones are slower, beyond the tolerance.
    pub slower: f64,
    /// The same for faster.
    pub faster: f64,
    /// Where they are the farthest apart on each side, as a share of both recordings' requests below.
    at: (f64, f64),
    /// Probability of the larger of the two by chance.
    pub p: f64,
}

impl Shape {
    /// The side that counts, slower above nothing and faster below: where both are more than a trifle (a fifth of `least`)
    /// the one at slower requests, since that a distribution has grown wider is felt at its slow end.
    pub fn side(&self, least: f64) -> f64 {
        let trifle = least / 5.0;
        let both = self.slower > trifle && self.faster > trifle;
        let slower = if both && self.at.0 != self.at.1 {
            self.at.0 > self.at.1
        } else {
            self.slower > self.faster
        };
        if slower { self.slower } else { -self.faster }
    }

    /// Whether either side moved by at least this share of the requests.
    pub fn beyond(&self, least: f64) -> bool {
        self.slower.max(self.faster) >= least
    }
}

/// Compares two distributions of durations. `Err` says what is missing.
pub fn compare(
    base: &Spread,
    new: &Spread,
    tolerance: &Tolerance,
    draws: Draws,
) -> Result<Shape, String> {
    let least = base.all.count().min(new.all.count());
    if least < 100 && !draws.exact() {
        return Err(format!("{least} of at least 100 requests"));
    }
    let grid = grid(base, new);
    let later = |x: u64| {
        let more = x as f64 * (1.0 + tolerance.relative) + tolerance.absolute;
        more.min(u64::MAX as f64) as u64
    };
    let moved: Vec<u64> = grid.iter().map(|&x| later(x)).collect();
    let sides = [
        Side::new(base, &grid, &moved, draws)?,
        Side::new(new, &grid, &moved, draws)?,
    ];
    let gap = |here: &[f64], there: &[f64]| -> (f64, usize) {
        let gaps = here.iter().zip(there).map(|(a, b)| a - b).enumerate();
        gaps.fold(
            (0.0, 0),
            |most, (i, d)| if d > most.0 { (d, i) } else { most },
        )
    };
    let (slower, at_slower) = gap(&sides[0].here, &sides[1].later);
    let (faster, at_faster) = gap(&sides[1].here, &sides[0].later);
    let most = slower.max(faster);
    let mut drawn: Vec<f64> = (0..draws.count)
        .map(|i| {
            let [(a, b), (c, d)] = [0, 1].map(|s| sides[s].noise(draws.seed, i));
            let worst = |x: &[f64], y: &[f64]| {
                let gaps = x.iter().zip(y).map(|(x, y)| x - y);
                gaps.fold(0.0, f64::max)
            };
            worst(&a, &d).max(worst(&c, &b))
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    let place = |i: usize| i as f64 / grid.len().max(1) as f64;
    Ok(Shape {
        slower,
        faster,
        at: (place(at_slower), place(at_faster)),
        p: if draws.exact() {
            f64::from(u8::from(most <= 0.0))
        } else {
            chance(most, &drawn)
        },
    })
}

/// The chance of a gap of at least this, of sorted drawn ones.
fn chance(most: f64, drawn: &[f64]) -> f64 {
    if most <= 0.0 || drawn.is_empty() {
        return 1.0;
    }
    let beyond = drawn.len() - drawn.partition_point(|d| *d < most);
    let by_count = (beyond + 1) as f64 / (drawn.len() + 1) as f64;
    if beyond >= ENOUGH {
        return by_count;
    }
    // P(D > d) = 2 exp(-2 n d^2), with the n that has a tenth of the draws beyond their 90 % point.
    let tenth = drawn[drawn.len() * 9 / 10];
    if tenth <= 0.0 {
        return 0.0;
    }
    let ratio = most / tenth;
    (2.0 * libm::exp(-libm::log(20.0) * ratio * ratio)).min(by_count)
}

/// Quantiles of both together, evenly spaced, the last thousandth included: a value that most requests have is there once.
fn grid(base: &Spread, new: &Spread) -> Vec<u64> {
    let mut grid: Vec<u64> = vec![];
    for i in 0..GRID {
        let q = (i as f64 + 0.5) / GRID as f64;
        grid.extend([base, new].iter().filter_map(|s| s.all.quantile(q)));
    }
    for q in [0.995, 0.999] {
        grid.extend([base, new].iter().filter_map(|s| s.all.quantile(q)));
    }
    grid.sort_unstable();
    grid.dedup();
    grid
}

/// One recording's shares at the grid, and at the grid moved by the tolerance.
struct Side {
    counts: Cumulative,
    moved: Cumulative,
    total: Cumulative,
    here: Vec<f64>,
    later: Vec<f64>,
    blocks: Blocks,
    /// A number of its own.
    own: u64,
}

impl Side {
    fn new(spread: &Spread, grid: &[u64], moved: &[u64], draws: Draws) -> Result<Side, String> {
        let shares = |at: &[u64]| at.iter().map(|&x| spread.share_not_above(x)).collect();
        // The longest time of those of a few thresholds: what hangs together in the tail need not in the middle.
        let blocks = [0.25, 0.5, 0.75, 0.95].map(|q| {
            let value = spread.all.quantile(q).unwrap_or(0);
            let share = spread.share_not_above(value);
            let below = spread.not_above(value);
            let counts = spread.counts();
            let influence = below.iter().zip(counts).map(|(b, n)| b - share * n);
            Blocks::of(&influence.collect::<Vec<_>>())
        });
        let blocks = blocks.into_iter().max_by(|a, b| a.time.total_cmp(&b.time));
        let blocks = blocks.ok_or("nothing to draw from")?;
        if blocks.short_by() > 1.0 && !draws.exact() {
            return Err("too short: what hangs together in it lasts more than a 30th of it".into());
        }
        Ok(Side {
            counts: Cumulative::at(spread, grid.to_vec()),
            moved: Cumulative::at(spread, moved.to_vec()),
            total: Cumulative::at(spread, vec![u64::MAX]),
            here: shares(grid),
            later: shares(moved),
            blocks,
            own: spread.all.mean().unwrap_or(0.0).to_bits() ^ spread.all.count(),
        })
    }

    /// What one draw adds to the shares, here and later, as much as it varies.
    fn noise(&self, seed: u64, draw: u64) -> (Vec<f64>, Vec<f64>) {
        let mut starts = vec![];
        // Dice of the recording's own content: the two must not be drawn alike, and may change places.
        self.blocks.draw(seed ^ self.own, draw, &mut starts);
        let total = self.total.drawn(0, &self.blocks, &starts);
        let scale = self.blocks.inflation().sqrt();
        let off = |cumulative: &Cumulative, own: &[f64]| {
            let drawn = cumulative.shares(&self.blocks, &starts, total);
            drawn
                .iter()
                .zip(own)
                .map(|(d, o)| (d - o) * scale)
                .collect()
        };
        (off(&self.counts, &self.here), off(&self.moved, &self.later))
    }
}
