//! Randomness that belongs to what it decides: (seed, entity, purpose, n), never the order of
//! calls.
//!
//! A number is a function of the run's seed, of whose number it is (a request, a replica), of what
//! it is for, and of which one of its kind it is (the attempt, the token). So switching a fault on
//! or a component off re-rolls nobody else's dice, and two runs that differ in one setting can be
//! compared request by request (common random numbers).
//!
//! ```
//! use gameday::sim::dice::{Dice, Purpose};
//! const SERVICE: Purpose = Purpose::named("service-time");
//! const JITTER: Purpose = Purpose::named("retry-jitter");
//!
//! let dice = Dice::new(24, 48_213);                     // seed, request
//! let service = dice.draw(SERVICE, 0).lognormal(12.0, 0.8);
//! let jitter = dice.draw(JITTER, 2).unit();             // of the third attempt
//! assert_eq!(service, dice.draw(SERVICE, 0).lognormal(12.0, 0.8));
//! # assert!(jitter > 0.0);
//! ```
//!
//! Not for secrets. The generator is SplitMix64 from a scrambled start (Steele, Lea & Flood 2014):
//! counter-based, one multiplication pair a number.

use super::hash::mix;
use super::maths;

const WEYL: u64 = 0x9E37_79B9_7F4A_7C15; // 2^64 / golden ratio, odd
const NTH: u64 = 0xD1B5_4A32_D192_ED03; // Steele & Vigna 2021, odd

/// What a random number is for. Make one constant for each thing that is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Purpose(u64);

impl Purpose {
    /// The purpose with this name; equal names are equal purposes (64-bit FNV-1a, mixed).
    pub const fn named(name: &str) -> Purpose {
        let bytes = name.as_bytes();
        let mut hash: u64 = 0xCBF2_9CE4_8422_2325;
        let mut i = 0;
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01B3);
            i += 1;
        }
        Purpose(mix(hash))
    }

    /// This purpose for one of several places (a stage, a step): `SERVICE.of(step)`.
    pub const fn of(self, which: u64) -> Purpose {
        Purpose(mix(self.0 ^ which.wrapping_mul(NTH).wrapping_add(WEYL)))
    }
}

/// The dice of one entity in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dice(u64);

impl Dice {
    /// The dice of `entity` (a request, a session, a replica) under `seed`.
    #[inline(always)]
    pub const fn new(seed: u64, entity: u64) -> Dice {
        Dice(mix(mix(seed).wrapping_add(entity.wrapping_mul(WEYL))))
    }

    /// The dice of the `nth` try of the same entity: the first try's are its own.
    #[inline]
    pub const fn again(self, nth: u8) -> Dice {
        match nth {
            0 | 1 => self,
            _ => Dice(mix(self.0.wrapping_add((nth as u64).wrapping_mul(WEYL)))),
        }
    }

    /// The `n`-th throw for this purpose: a stream, of which most uses take one number.
    #[inline(always)]
    pub const fn draw(self, purpose: Purpose, n: u64) -> Draw {
        Draw((self.0 ^ purpose.0).wrapping_add(n.wrapping_mul(NTH)))
    }
}

/// A stream of random numbers. Copying it copies its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw(u64);

impl Draw {
    /// 64 random bits.
    #[inline(always)]
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(WEYL);
        mix(self.0)
    }

    /// Uniform in the open interval (0, 1), in steps of 2^-52.
    #[inline(always)]
    pub fn unit(&mut self) -> f64 {
        unit_of(self.bits())
    }

    /// Uniform in [0, `n`); 0 when `n` is 0. Biased by at most `n` / 2^64.
    #[inline(always)]
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// Uniform in [`low`, `high`); `low` if that is empty.
    #[inline(always)]
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low))
    }

    /// True with probability `p`: never if p <= 0, always if p >= 1.
    #[inline(always)]
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Exponential with this mean.
    #[inline(always)]
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * maths::ln(self.unit())
    }

    /// Standard normal (by inversion, so one throw each).
    #[inline(always)]
    pub fn normal(&mut self) -> f64 {
        maths::normal_quantile(self.unit())
    }

    /// Lognormal: e^(`mu` + `sigma` z), of median e^`mu`.
    #[inline(always)]
    pub fn lognormal(&mut self, mu: f64, sigma: f64) -> f64 {
        maths::exp(mu + sigma * self.normal())
    }

    /// Pareto: at least `min`, P(X > x) = (`min` / x)^`alpha`.
    #[inline(always)]
    pub fn pareto(&mut self, min: f64, alpha: f64) -> f64 {
        min * maths::exp(-maths::ln(self.unit()) / alpha)
    }

    /// Weibull with this scale and shape.
    #[inline(always)]
    pub fn weibull(&mut self, scale: f64, shape: f64) -> f64 {
        scale * maths::exp(maths::ln(-maths::ln(self.unit())) / shape)
    }

    /// Gamma with this shape (> 0) and scale: mean `shape` * `scale`.
    /// Source: Marsaglia & Tsang 2000; takes two numbers or more.
    pub fn gamma(&mut self, shape: f64, scale: f64) -> f64 {
        if shape < 1.0 {
            let lift = maths::exp(maths::ln(self.unit()) / shape);
            return lift * self.gamma(shape + 1.0, scale);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (3.0 * libm::sqrt(d));
        loop {
            let z = self.normal();
            let v = 1.0 + c * z;
            if v <= 0.0 {
                continue;
            }
            let v = v * v * v;
            if maths::ln(self.unit()) < 0.5 * z * z + d - d * v + d * maths::ln(v) {
                return d * v * scale;
            }
        }
    }

    /// Poisson with this mean, at most about 700: by counting exponential gaps.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        let mut count = 0;
        let mut passed = self.exponential(1.0);
        while passed < mean {
            count += 1;
            passed += self.exponential(1.0);
        }
        count
    }

    /// Shuffles a slice (Fisher & Yates).
    pub fn shuffle<T>(&mut self, slice: &mut [T]) {
        for i in (1..slice.len()).rev() {
            let j = self.below(i as u64 + 1) as usize;
            slice.swap(i, j);
        }
    }
}

#[inline(always)]
fn unit_of(bits: u64) -> f64 {
    // 52 bits, not 53: with the half added, all of these are exact and none rounds to 1.
    ((bits >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: Purpose = Purpose::named("service-time");
    const OTHER: Purpose = Purpose::named("other");

    #[test]
    fn bits_are_known_and_the_same_on_every_machine() {
        let mut draw = Dice::new(24, 48_213).draw(SERVICE, 0);
        let bits = [draw.bits(), draw.bits()];
        let mut draw = Dice::new(24, 48_213).draw(SERVICE, 1);
        let floats = [
            draw.unit().to_bits(),
            draw.exponential(7.0).to_bits(),
            draw.normal().to_bits(),
            draw.lognormal(12.0, 0.8).to_bits(),
            draw.gamma(2.5, 1.0).to_bits(),
            draw.weibull(2.0, 0.7).to_bits(),
            draw.pareto(1.0, 1.5).to_bits(),
        ];
        assert_eq!(bits, KNOWN_BITS);
        assert_eq!(floats, KNOWN_FLOATS);
    }
    // By an independent implementation (Python's integers).
    const KNOWN_BITS: [u64; 2] = [13208264027781175391, 6605362272571398117];
    const KNOWN_FLOATS: [u64; 7] = [
        4602816409654688705,
        4612432815882539779,
        4612302821361170499,
        4687892979421170857,
        4602041277432709120,
        4620097695213495466,
        4607838551249573703,
    ];

    #[test]
    fn a_number_depends_on_seed_entity_purpose_and_n_and_on_nothing_else() {
        let x = Dice::new(1, 2).draw(SERVICE, 3).bits();
        let mut other = Dice::new(1, 2).draw(OTHER, 3);
        other.bits();
        assert_eq!(x, Dice::new(1, 2).draw(SERVICE, 3).bits());
        for y in [
            Dice::new(2, 2).draw(SERVICE, 3),
            Dice::new(1, 3).draw(SERVICE, 3),
            Dice::new(1, 2).draw(OTHER, 3),
            Dice::new(1, 2).draw(SERVICE, 4),
            Dice::new(1, 2).draw(SERVICE.of(0), 3),
        ] {
            assert_ne!(x, { y }.bits());
        }
    }

    #[test]
    fn units_lie_in_the_open_interval() {
        assert!(unit_of(0) > 0.0);
        assert!(unit_of(u64::MAX) < 1.0);
    }

    #[test]
    fn neighbouring_entities_purposes_and_throws_look_independent() {
        // Chi-squared over 256 cells of the top byte of differences between neighbours.
        let at = |e: u64, p: u64, n: u64| Dice::new(1, e).draw(SERVICE.of(p), n).bits();
        for neighbour in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] {
            let mut cells = [0u32; 256];
            for e in 0..64 {
                for p in 0..64 {
                    for n in 0..64 {
                        let there = at(e + neighbour.0, p + neighbour.1, n + neighbour.2);
                        cells[(at(e, p, n).wrapping_sub(there) >> 56) as usize] += 1;
                    }
                }
            }
            let expected = 1024.0; // 64^3 / 256
            let chi: f64 = cells
                .iter()
                .map(|&c| (f64::from(c) - expected) * (f64::from(c) - expected) / expected)
                .sum();
            // 255 degrees of freedom: mean 255, standard deviation 22.6; 5 of them
            assert!((142.0..368.0).contains(&chi), "{neighbour:?}: {chi}");
        }
    }

    #[test]
    fn means_and_spreads_are_those_of_the_formulas() {
        let n = 200_000u64;
        let check = |name: &str, mean: f64, sd: f64, f: &dyn Fn(&mut Draw) -> f64| {
            let sum: f64 = (0..n)
                .map(|i| f(&mut Dice::new(5, i).draw(SERVICE, 0)))
                .sum();
            let z = (sum / n as f64 - mean) / (sd / (n as f64).sqrt());
            assert!(z.abs() < 4.0, "{name}: z = {z}");
        };
        check("unit", 0.5, (1.0f64 / 12.0).sqrt(), &|d| d.unit());
        check("exponential", 7.0, 7.0, &|d| d.exponential(7.0));
        check("normal", 0.0, 1.0, &|d| d.normal());
        check("normal squared", 1.0, 2f64.sqrt(), &|d| {
            let z = d.normal();
            z * z
        });
        check("gamma", 5.0, 50f64.sqrt(), &|d| d.gamma(0.5, 10.0));
        check("gamma", 6.0, 12f64.sqrt(), &|d| d.gamma(3.0, 2.0));
        check("weibull", 2.0 * libm::tgamma(1.5), 0.926_6, &|d| {
            d.weibull(2.0, 2.0)
        });
        check("pareto", 1.5, (0.75f64).sqrt(), &|d| d.pareto(1.0, 3.0));
        check("poisson", 4.0, 2.0, &|d| d.poisson(4.0) as f64);
        check("below", 4.5, 8.25f64.sqrt(), &|d| d.below(10) as f64);
        check("chance", 0.2, 0.4, &|d| f64::from(u8::from(d.chance(0.2))));
    }
}
