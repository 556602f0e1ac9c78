//! Whether some rows got worse than the others, beyond chance and beyond what rows of their kind do by themselves.
//!
//! In strata of ten seconds the bad rows of a group are compared with what its share of that stratum would bring
//! (Mantel-Haenszel, with Peto's approximation of the log odds), before and during; the difference of the two is the effect,
//! so who was always slow is no news, and who is merely busy when the queue is long is not blamed. Errors are widened by the
//! dispersion of one-minute blocks: tenants drift by themselves.

/// A row that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its stratum, ascending; those of before and of during have none in common.
    pub stratum: u32,
    /// 0 before, 1 during.
    pub phase: u8,
    /// Whether it went badly.
    pub bad: bool,
}

/// Strata of a block.
const BLOCK: u32 = 6;
/// Blocks below which a group says nothing of its dispersion, and is not named.
const BLOCKS: usize = 5;
/// Degrees of freedom with which a group's dispersion is drawn to that of all groups.
const SHRINK: f64 = 20.0;

/// What is known of a group.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Observed less expected, and its variance, by phase.
    off: [f64; 2],
    variance: [f64; 2],
    /// Bad ones, and all, by phase.
    pub bad: [f64; 2],
    pub n: [f64; 2],
    blocks: Vec<Block>,
}

/// The same of a minute.
#[derive(Clone, Copy, Debug)]
struct Block {
    number: u32,
    phase: usize,
    off: f64,
    variance: f64,
}

impl Group {
    /// Growth of the log odds of going badly, beyond everybody's.
    pub fn effect(&self) -> f64 {
        self.off[1] / self.variance[1].max(1e-9) - self.off[0] / self.variance[0].max(1e-9)
    }

    /// Standard error of the effect, `phi` times as wide in variance as chance alone.
    pub fn error(&self, phi: f64) -> f64 {
        (phi * (1.0 / self.variance[1].max(1e-9) + 1.0 / self.variance[0].max(1e-9))).sqrt()
    }

    /// Whether there is enough of it to say anything.
    pub fn tells(&self) -> bool {
        self.variance[1] >= 1.0 && self.variance[0] >= 0.5
    }

    /// Sum of squares of blocks about the effect of their own phase, and degrees of freedom: an effect is no dispersion.
    fn dispersion(&self) -> Option<(f64, f64)> {
        let theta = [0, 1].map(|p| self.off[p] / self.variance[p].max(1e-9));
        let of = self.blocks.iter().filter(|b| b.variance > 0.5);
        let squares: Vec<f64> = of
            .map(|b| {
                let off = b.off - theta[b.phase] * b.variance;
                off * off / b.variance
            })
            .collect();
        (squares.len() >= BLOCKS).then(|| (squares.iter().sum(), squares.len() as f64 - 2.0))
    }

    /// Its own dispersion, drawn to that of all groups, and at least 1.
    pub fn phi(&self, all: f64) -> f64 {
        let own = self.dispersion().unwrap_or((0.0, 0.0));
        ((own.0 + SHRINK * all) / (own.1 + SHRINK))
            .max(all)
            .max(1.0)
    }
}

/// The groups of all rows by a code below `groups`; other codes belong to none.
pub fn groups(rows: &[Row], codes: &[u32], groups: usize) -> Vec<Group> {
    let mut all = vec![Group::default(); groups];
    let mut cells = vec![(0.0f64, 0.0f64); groups];
    let mut touched: Vec<u32> = vec![];
    let mut total = (0.0f64, 0.0f64);
    let mut close = |stratum: u32,
                     phase: usize,
                     total: (f64, f64),
                     cells: &mut [(f64, f64)],
                     touched: &mut Vec<u32>| {
        let (n, k) = total;
        touched.sort_unstable();
        for &code in touched.iter() {
            let (m, j) = std::mem::take(&mut cells[code as usize]);
            if n <= 1.0 {
                continue;
            }
            let (off, variance) = (
                j - m * k / n,
                m * (n - m) * k * (n - k) / (n * n * (n - 1.0)),
            );
            let group = &mut all[code as usize];
            group.off[phase] += off;
            group.variance[phase] += variance;
            group.bad[phase] += j;
            group.n[phase] += m;
            let block = stratum / BLOCK;
            match group.blocks.last_mut() {
                Some(last) if (last.number, last.phase) == (block, phase) => {
                    last.off += off;
                    last.variance += variance;
                }
                _ => group.blocks.push(Block {
                    number: block,
                    phase,
                    off,
                    variance,
                }),
            }
        }
        touched.clear();
    };
    let mut at: Option<(u32, usize)> = None;
    for (row, &code) in rows.iter().zip(codes) {
        let here = (row.stratum, usize::from(row.phase));
        if at != Some(here) {
            if let Some((stratum, phase)) = at {
                close(stratum, phase, total, &mut cells, &mut touched);
            }
            (at, total) = (Some(here), (0.0, 0.0));
        }
        let bad = f64::from(u8::from(row.bad));
        total = (total.0 + 1.0, total.1 + bad);
        if (code as usize) < groups {
            let cell = &mut cells[code as usize];
            if cell.0 == 0.0 {
                touched.push(code);
            }
            *cell = (cell.0 + 1.0, cell.1 + bad);
        }
    }
    if let Some((stratum, phase)) = at {
        close(stratum, phase, total, &mut cells, &mut touched);
    }
    all
}

/// How much more the blocks of groups vary than chance: the larger of the median of all groups, and of the mean weighed by
/// their volume.
pub fn dispersion(groups: &[Group]) -> f64 {
    let mut each: Vec<f64> = vec![];
    let mut sum = (0.0, 0.0);
    for group in groups {
        if let Some((squares, freedom)) = group.dispersion() {
            each.push(squares / freedom);
            let weight = group.variance[0] + group.variance[1];
            sum = (sum.0 + weight * squares / freedom, sum.1 + weight);
        }
    }
    let weighed = if sum.1 > 0.0 { sum.0 / sum.1 } else { 1.0 };
    super::super::stats::median(&mut each).max(weighed).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::hash::mix;

    /// Two groups, half of the rows each; group 1 fails `more` as often during.
    fn drawn(more: f64) -> (Vec<Row>, Vec<u32>) {
        let unit = |x: u64| (mix(x) >> 11) as f64 / (1u64 << 53) as f64;
        let mut rows = vec![];
        let mut codes = vec![];
        for i in 0..40_000u64 {
            let phase = u8::from(i >= 20_000);
            let code = u32::from(unit(i) < 0.5);
            let p = if phase == 1 { 0.1 } else { 0.05 };
            let p = if code == 1 && phase == 1 { p * more } else { p };
            rows.push(Row {
                stratum: (i / 200) as u32,
                phase,
                bad: unit(i ^ 0xabc_def0) < p,
            });
            codes.push(code);
        }
        (rows, codes)
    }

    #[test]
    fn what_is_worse_for_all_is_no_ones() {
        let (rows, codes) = drawn(1.0);
        let groups = groups(&rows, &codes, 2);
        let phi = dispersion(&groups);
        assert!((0.8..1.5).contains(&phi), "{phi}");
        assert!(
            groups[1].effect().abs() < 3.0 * groups[1].error(phi),
            "{:?}",
            groups[1].effect()
        );
    }

    #[test]
    fn a_group_that_fails_more_is_found_with_its_odds() {
        let (rows, codes) = drawn(2.0);
        let groups = groups(&rows, &codes, 2);
        let (effect, z) = (
            groups[1].effect(),
            groups[1].effect() / groups[1].error(1.0),
        );
        // Odds of 0.2 against 0.1 are 2.25; Peto's is a bit less far from nothing.
        assert!((0.6..0.9).contains(&effect) && z > 8.0, "{effect} {z}");
    }
}
