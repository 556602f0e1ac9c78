//! Choosing among many by weight, with one look-up a throw.

use super::dice::Draw;
use super::maths;
use std::fmt;

/// A discrete distribution over `0..n` by given weights: one throw and one look-up each.
/// Source: Walker 1977, Vose 1991 (the alias method).
#[derive(Clone, Debug)]
pub struct Weighted {
    /// The chance to keep this index (of 2^32), and the index to take otherwise.
    cells: Vec<(u32, u32)>,
}

/// Weights that are no distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadWeights {
    /// There are none, or more than 2^32 - 1.
    Count,
    /// The weight at this index is negative or not a number, or infinite.
    Weight(usize),
    /// All of them are zero, or their sum is infinite.
    Sum,
}

impl fmt::Display for BadWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadWeights::Count => f.write_str("there must be 1 to 4294967295 weights"),
            BadWeights::Weight(i) => write!(f, "weight {i} is negative or not finite"),
            BadWeights::Sum => f.write_str("the weights must add up to a positive finite number"),
        }
    }
}

impl std::error::Error for BadWeights {}

impl Weighted {
    /// Index `i` with probability `weights[i]` / sum, to within 2^-32 / n.
    pub fn new(weights: &[f64]) -> Result<Weighted, BadWeights> {
        let n = weights.len();
        if n == 0 || u32::try_from(n).is_err() {
            return Err(BadWeights::Count);
        }
        if let Some(i) = weights.iter().position(|w| !w.is_finite() || *w < 0.0) {
            return Err(BadWeights::Weight(i));
        }
        let sum: f64 = weights.iter().sum();
        if !(sum.is_finite() && sum > 0.0) {
            return Err(BadWeights::Sum);
        }
        // Scaled so that 1 is a full cell.
        let mut share: Vec<f64> = weights.iter().map(|w| w / sum * n as f64).collect();
        let mut alias: Vec<u32> = (0..n as u32).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..n as u32).partition(|&i| share[i as usize] < 1.0);
        while let (Some(&s), Some(&l)) = (small.last(), large.last()) {
            small.pop();
            alias[s as usize] = l;
            let left = share[l as usize] - (1.0 - share[s as usize]);
            share[l as usize] = left;
            if left < 1.0 {
                large.pop();
                small.push(l);
            }
        }
        // What is left is full but for rounding; a full cell's alias is itself.
        let cells = share
            .iter()
            .zip(alias)
            .map(|(&share, alias)| ((share.min(1.0) * f64::from(u32::MAX)) as u32, alias))
            .collect();
        Ok(Weighted { cells })
    }

    /// An index.
    #[inline(always)]
    pub fn sample(&self, draw: &mut Draw) -> usize {
        // The cell from the high half of the product; where in the cell, from the low half.
        let product = u128::from(draw.bits()) * self.cells.len() as u128;
        let index = (product >> 64) as usize;
        let within = (product >> 32) as u32;
        let (keep, alias) = self.cells[index];
        if within < keep { index } else { alias as usize }
    }

    /// How many there are to choose from.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Never: there is at least one.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

/// Zipf's law over ranks `0..n`: P(rank r) is proportional to (r + 1)^-exponent.
/// The popularity of keys, prompts and tenants; 8 bytes a rank.
#[derive(Clone, Debug)]
pub struct Zipf(Weighted);

impl Zipf {
    /// `n` ranks; exponent 0 is uniform, 1 is the classic.
    pub fn new(n: usize, exponent: f64) -> Result<Zipf, BadWeights> {
        let weight = |rank: usize| maths::exp(-exponent * maths::ln((rank + 1) as f64));
        if u32::try_from(n).is_err() {
            return Err(BadWeights::Count);
        }
        Weighted::new(&(0..n).map(weight).collect::<Vec<_>>()).map(Zipf)
    }

    /// A rank, 0 the most popular.
    #[inline(always)]
    pub fn sample(&self, draw: &mut Draw) -> usize {
        self.0.sample(draw)
    }

    /// The number of ranks.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never: there is at least one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::dice::{Dice, Purpose};

    #[test]
    fn ranks_come_as_often_as_the_law_says() {
        for exponent in [0.0, 0.8, 1.0, 1.4] {
            let (n, throws) = (50, 400_000u64);
            let zipf = Zipf::new(n, exponent).unwrap();
            let mut seen = vec![0u64; n];
            for i in 0..throws {
                seen[zipf.sample(&mut Dice::new(3, i).draw(Purpose::named("key"), 0))] += 1;
            }
            let weight: Vec<f64> = (1..=n).map(|r| libm::pow(r as f64, -exponent)).collect();
            let sum: f64 = weight.iter().sum();
            let mut chi = 0.0;
            for (seen, w) in seen.iter().zip(&weight) {
                let expected = w / sum * throws as f64;
                chi += (*seen as f64 - expected) * (*seen as f64 - expected) / expected;
            }
            // 49 degrees of freedom: mean 49, standard deviation 9.9
            assert!((15.0..99.0).contains(&chi), "exponent {exponent}: {chi}");
        }
    }

    #[test]
    fn a_weight_of_zero_is_never_chosen_and_a_single_one_always() {
        let some = Weighted::new(&[0.0, 1.0, 0.0, 2.0]).unwrap();
        let one = Weighted::new(&[5.0]).unwrap();
        for i in 0..10_000 {
            let mut draw = Dice::new(3, i).draw(Purpose::named("key"), 0);
            assert!([1, 3].contains(&some.sample(&mut draw)));
            assert_eq!(one.sample(&mut draw), 0);
        }
    }

    #[test]
    fn weights_that_are_no_distribution_are_named() {
        assert_eq!(Weighted::new(&[]).unwrap_err(), BadWeights::Count);
        assert_eq!(
            Weighted::new(&[1.0, -1.0]).unwrap_err(),
            BadWeights::Weight(1)
        );
        assert_eq!(
            Weighted::new(&[1.0, f64::NAN]).unwrap_err(),
            BadWeights::Weight(1)
        );
        assert_eq!(Weighted::new(&[0.0, 0.0]).unwrap_err(), BadWeights::Sum);
        assert_eq!(Zipf::new(0, 1.0).unwrap_err(), BadWeights::Count);
    }
}
