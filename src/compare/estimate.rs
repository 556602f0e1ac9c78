//! One number of each recording with what chance does to it, and the change between the two.
//!
//! Numbers that are not shares are compared on a logarithm that is shifted by `absolute / relative` of the tolerance: on it
//! a change of `relative` of the smaller value plus `absolute` has the same length everywhere, nothing is divided by zero,
//! and base and new can change places.

use super::{
    Tolerance,
    blocks::{Blocks, before},
    chance::{Z95, fisher_mid, newcombe, student, student_point},
    spread::{Cumulative, Spread},
};
use crate::indicators::Unit;

/// With fewer events than this in both recordings together an exact test is made.
const FEW: f64 = 100.0;
/// Requests beyond a quantile that it takes to speak of it.
const BEYOND: f64 = 10.0;

/// What a comparison of two numbers comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// Probability of a change as large by chance, before any correction.
    pub p: f64,
    /// 95 % interval of `new - base`.
    pub interval: (f64, f64),
    /// Whether the change is beyond the tolerance.
    pub beyond: bool,
    /// Whether both ends of the 90 % interval are within the tolerance (two one-sided tests at 5 %).
    pub within: bool,
}

/// A number of one recording: its place on the shifted logarithm, how that varies, and by how many blocks one knows.
#[derive(Clone, Copy, Debug)]
pub struct Estimate {
    value: f64,
    variance: f64,
    blocks: Blocks,
}

/// Draws of blocks.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    /// Of the dice.
    pub seed: u64,
    /// How many; 0 where nothing is left to chance, as between two runs of the same requests.
    pub count: u64,
}

impl Draws {
    /// Whether numbers are compared as they are.
    pub fn exact(&self) -> bool {
        self.count == 0
    }

    /// Variance of what the draws come to, with what blocks do not see.
    fn variance(&self, blocks: &Blocks, of: impl Fn(&[usize]) -> f64) -> f64 {
        let mut starts = vec![];
        let (mut n, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for draw in 0..self.count {
            blocks.draw(self.seed, draw, &mut starts);
            let value = of(&starts);
            n += 1.0;
            let off = value - mean;
            mean += off / n;
            squares += off * (value - mean);
        }
        squares / f64::max(n - 1.0, 1.0) * blocks.inflation()
    }
}

/// What is added to values of a unit before the logarithm.
pub fn shift(unit: Unit, tolerance: &Tolerance) -> f64 {
    let absolute = match unit {
        Unit::Nanos => tolerance.absolute,
        Unit::Fraction => 0.005,
        Unit::Ratio => 0.01,
        Unit::Count | Unit::PerSecond => 0.1,
    };
    // Without any, a value of nothing must still have a logarithm.
    (absolute / tolerance.relative).max(1e-9)
}

/// A quantile of a stage. `Err` says what is missing.
pub fn quantile(
    spread: &Spread,
    cumulative: &Cumulative,
    q: f64,
    shift: f64,
    draws: Draws,
) -> Result<Estimate, String> {
    let enough = (BEYOND / (1.0 - q).min(q)).ceil() as u64;
    if spread.all.count() < enough && !draws.exact() {
        return Err(format!(
            "{} of at least {enough} requests",
            spread.all.count()
        ));
    }
    let value = spread.all.quantile(q).unwrap_or(0);
    let share = spread.share_not_above(value);
    let counts = spread.counts();
    let below = spread.not_above(value);
    let influence: Vec<f64> = below
        .iter()
        .zip(&counts)
        .map(|(b, n)| b - share * n)
        .collect();
    let blocks = Blocks::of(&influence);
    let log = |v: f64| libm::log(v + shift);
    let within = 0..cumulative.thresholds.len();
    enough_blocks(blocks, draws)?;
    // The requests beyond a far quantile may all be of one bad minute, which is one fact and not twenty.
    let coin = spread.all.count() as f64 * share * (1.0 - share);
    let cluster = (blocks.variance_of_sum(&influence) / coin.max(1.0)).max(1.0);
    let independent = spread.all.count() as f64 * (1.0 - q).min(q) / cluster;
    if independent < BEYOND && !draws.exact() {
        return Err(format!(
            "what is beyond it comes in clusters, about {} of them, and {BEYOND} are needed",
            independent.round().max(1.0)
        ));
    }
    Ok(Estimate {
        value: value as f64,
        variance: draws.variance(&blocks, |starts| {
            log(cumulative.quantile(q, &blocks, starts, &within))
        }),
        blocks,
    })
}

/// How far apart the 10th and the 90th percentile of a stage are.
pub fn width(
    spread: &Spread,
    cumulative: &Cumulative,
    shift: f64,
    draws: Draws,
) -> Result<Estimate, String> {
    let (low, high) = (
        spread.all.quantile(0.1).unwrap_or(0),
        spread.all.quantile(0.9).unwrap_or(0),
    );
    if spread.all.count() < 100 && !draws.exact() {
        return Err(format!("{} of at least 100 requests", spread.all.count()));
    }
    let counts = spread.counts();
    let outside: Vec<f64> = {
        let (below, not_above) = (spread.not_above(low), spread.not_above(high));
        let inside = below.iter().zip(&not_above).map(|(b, a)| a - b);
        inside.zip(&counts).map(|(inside, n)| n - inside).collect()
    };
    let share = outside.iter().sum::<f64>() / counts.iter().sum::<f64>().max(1.0);
    let influence: Vec<f64> = outside
        .iter()
        .zip(&counts)
        .map(|(o, n)| o - share * n)
        .collect();
    let blocks = Blocks::of(&influence);
    enough_blocks(blocks, draws)?;
    let all = 0..cumulative.thresholds.len();
    Ok(Estimate {
        value: high.saturating_sub(low) as f64,
        variance: draws.variance(&blocks, |starts| {
            let at = |q| cumulative.quantile(q, &blocks, starts, &all);
            libm::log((at(0.9) - at(0.1)).max(0.0) + shift)
        }),
        blocks,
    })
}

/// Sum over sum, both a window: means, and ratios that are no shares.
pub fn ratio(above: &[f64], below: &[f64], shift: f64, draws: Draws) -> Result<Estimate, String> {
    let (a, b) = (above.iter().sum::<f64>(), below.iter().sum::<f64>());
    if b <= 0.0 {
        return Err("nothing to divide by".into());
    }
    let value = a / b;
    let influence: Vec<f64> = above
        .iter()
        .zip(below)
        .map(|(a, b)| a - value * b)
        .collect();
    let blocks = Blocks::of(&influence);
    enough_blocks(blocks, draws)?;
    let (above, below) = (before(above.iter().copied()), before(below.iter().copied()));
    Ok(Estimate {
        value,
        variance: draws.variance(&blocks, |starts| {
            let below = blocks.sum(&below, starts);
            let drawn = if below > 0.0 {
                blocks.sum(&above, starts) / below
            } else {
                value
            };
            libm::log(drawn.max(0.0) + shift)
        }),
        blocks,
    })
}

fn enough_blocks(blocks: Blocks, draws: Draws) -> Result<(), String> {
    if blocks.short_by() > 1.0 && !draws.exact() {
        return Err(format!(
            "too short: what hangs together in it lasts a {:.0}th of it, where a 30th is the most",
            blocks.windows as f64 / blocks.time
        ));
    }
    Ok(())
}

/// The change between two numbers.
pub fn change(base: &Estimate, new: &Estimate, shift: f64, tolerance: &Tolerance) -> Compared {
    let theta = libm::log((new.value + shift) / (base.value + shift));
    let limit = libm::log1p(tolerance.relative);
    let variance = base.variance + new.variance;
    let freedom = {
        let part =
            |e: &Estimate| e.variance * e.variance / (e.blocks.count() as f64 - 1.0).max(1.0);
        let parts = part(base) + part(new);
        if parts > 0.0 {
            variance * variance / parts
        } else {
            (base.blocks.count() + new.blocks.count()) as f64 - 2.0
        }
    };
    let error = variance.sqrt();
    let p = if error > 0.0 {
        student(theta.abs() / error, freedom)
    } else {
        f64::from(u8::from(theta == 0.0))
    };
    let (wide, narrow) = (
        student_point(0.05, freedom) * error,
        student_point(0.10, freedom) * error,
    );
    let at = |theta: f64| libm::exp(theta) * (base.value + shift) - shift - base.value;
    Compared {
        p,
        interval: (at(theta - wide), at(theta + wide)),
        beyond: theta.abs() > limit,
        within: theta.abs() + narrow <= limit,
    }
}

/// A share of one recording: events of so many, each a window.
#[derive(Clone, Copy, Debug)]
pub struct Share<'a> {
    /// Events.
    pub above: &'a [f64],
    /// What they are events of.
    pub below: &'a [f64],
}

impl Share<'_> {
    fn sums(&self) -> (f64, f64) {
        (self.above.iter().sum(), self.below.iter().sum())
    }

    /// The share.
    pub fn value(&self) -> f64 {
        let (x, n) = self.sums();
        if n > 0.0 { x / n } else { 0.0 }
    }

    /// How many times as far as a coin's the share varies, since events come in clusters (the design effect of Kish 1965, as
    /// Rao and Scott 1992 use it): at least 1. `None` where nothing, or everything, happened.
    fn design(&self) -> Option<(f64, Blocks)> {
        let (x, n) = self.sums();
        let share = self.value();
        let influence: Vec<f64> = {
            let pairs = self.above.iter().zip(self.below);
            pairs.map(|(x, n)| x - share * n).collect()
        };
        let blocks = Blocks::of(&influence);
        let coin = n * share * (1.0 - share);
        (x > 0.0 && x < n && coin > 0.0).then(|| {
            let variance = blocks.variance_of_sum(&influence);
            ((variance / coin).max(1.0), blocks)
        })
    }
}

/// The change between two shares. `worse_when_low` tells which side of the share hurts: the tolerance is a part of that
/// side, so that a hit rate that falls from 99 % to 98 % has doubled what misses.
pub fn change_of_share(
    base: Share,
    new: Share,
    worse_when_low: bool,
    tolerance: &Tolerance,
    draws: Draws,
) -> Result<Compared, String> {
    let ((x, n), (y, m)) = (base.sums(), new.sums());
    if n <= 0.0 || m <= 0.0 {
        return Err("nothing to be a share of".into());
    }
    let (p, q) = (base.value(), new.value());
    let bad = |share: f64| if worse_when_low { 1.0 - share } else { share };
    let limit = tolerance.share + tolerance.relative * bad(p).min(bad(q));
    if draws.exact() {
        return Ok(Compared {
            p: f64::from(u8::from(p == q)),
            interval: (q - p, q - p),
            beyond: (q - p).abs() > limit,
            within: (q - p).abs() <= limit,
        });
    }
    let designs = [base.design(), new.design()];
    for (_, blocks) in designs.iter().flatten() {
        enough_blocks(*blocks, draws)?;
    }
    let of = |i: usize| designs[i].or(designs[1 - i]).map_or(1.0, |(d, _)| d);
    let (n, m) = (n / of(0), m / of(1));
    let (x, y) = (x / of(0), y / of(1));
    let freedom = designs
        .iter()
        .flatten()
        .map(|(_, b)| b.count() as f64 - 1.0);
    let freedom = freedom.fold(0.0, |sum, f| sum + f).max(1.0);
    let events = (x + y).min(n + m - x - y);
    let chance = if events < FEW {
        let whole = |v: f64| v.round() as u64;
        fisher_mid(whole(x), whole(n), whole(y), whole(m))
    } else {
        let both = (x + y) / (n + m);
        let error = (both * (1.0 - both) * (1.0 / n + 1.0 / m)).sqrt();
        student((q - p).abs() / error, freedom)
    };
    let narrow = newcombe((p, n), (q, m), Z95 * 1.644_853_627 / 1.959_963_985);
    Ok(Compared {
        p: chance,
        interval: newcombe((p, n), (q, m), Z95),
        beyond: (q - p).abs() > limit,
        within: narrow.0 >= -limit && narrow.1 <= limit,
    })
}

impl Estimate {
    /// The number itself.
    pub fn value(&self) -> f64 {
        self.value
    }
}
