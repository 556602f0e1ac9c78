//! Distributions of durations and sizes, sampled by inversion where that is possible.
//!
//! Numbers have whatever unit the parameters have (nanoseconds, tokens, bytes).

use super::dice::Draw;
use super::maths;
use std::fmt;

pub use super::zipf::{BadWeights, Weighted, Zipf};

/// The standard normal quantile of 0.99.
const Z99: f64 = 2.326_347_874_040_841;

/// A distribution over the non-negative numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Constant(f64),
    /// Uniform in [low, high).
    Uniform {
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },
    /// Exponential: no memory.
    Exponential {
        /// The mean.
        mean: f64,
    },
    /// Lognormal: e^(mu + sigma z). See [`Distribution::lognormal`] for p50 and p99.
    Lognormal {
        /// The logarithm of the median.
        mu: f64,
        /// The spread of the logarithm.
        sigma: f64,
    },
    /// Pareto, P(X > x) = (min / x)^alpha; truncated at `cap` if there is one (no lump there).
    Pareto {
        /// The least.
        min: f64,
        /// The tail's exponent; at most 1 has an infinite mean (without a cap).
        alpha: f64,
        /// The most.
        cap: Option<f64>,
    },
    /// `b` for a share of all, `a` for the rest.
    Bimodal {
        /// The usual one.
        a: Box<Distribution>,
        /// The other.
        b: Box<Distribution>,
        /// The share of `b`, from 0 to 1.
        share: f64,
    },
    /// Gamma.
    Gamma {
        /// Number of exponential steps, if whole; below 1: burstier than exponential.
        shape: f64,
        /// Mean of each step.
        scale: f64,
    },
    /// Weibull.
    Weibull {
        /// The scale.
        scale: f64,
        /// Below 1: heavier than exponential.
        shape: f64,
    },
    /// What was measured: quantiles at equal steps from the least (0) to the most (1), ascending,
    /// with straight lines between them.
    Empirical(Vec<f64>),
}

/// Why a distribution makes no sense.
#[derive(Clone, Debug, PartialEq)]
pub struct BadDistribution {
    /// The parameter at fault.
    pub parameter: &'static str,
    /// What it was.
    pub found: f64,
    /// What it must be.
    pub must_be: &'static str,
}

impl fmt::Display for BadDistribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is {} and must be {}",
            self.parameter, self.found, self.must_be
        )
    }
}

impl std::error::Error for BadDistribution {}

impl Distribution {
    /// The lognormal with this median and this 99th percentile (`p50` <= `p99`).
    pub fn lognormal(p50: f64, p99: f64) -> Distribution {
        Distribution::Lognormal {
            mu: maths::ln(p50),
            sigma: maths::ln(p99 / p50) / Z99,
        }
    }

    /// The bimodal mixture of two constants.
    pub fn bimodal(a: f64, b: f64, share: f64) -> Distribution {
        Distribution::Bimodal {
            a: Box::new(Distribution::Constant(a)),
            b: Box::new(Distribution::Constant(b)),
            share,
        }
    }

    /// The empirical distribution of a sample of finite numbers, in any order.
    pub fn empirical(mut sample: Vec<f64>) -> Distribution {
        sample.sort_by(f64::total_cmp);
        Distribution::Empirical(sample)
    }

    /// One value. Takes one number off the stream, but for Bimodal (one more) and Gamma (a few).
    #[inline]
    pub fn sample(&self, draw: &mut Draw) -> f64 {
        match self {
            Distribution::Constant(value) => *value,
            Distribution::Uniform { low, high } => low + (high - low) * draw.unit(),
            Distribution::Exponential { mean } => draw.exponential(*mean),
            Distribution::Lognormal { mu, sigma } => draw.lognormal(*mu, *sigma),
            Distribution::Pareto { min, alpha, cap } => match cap {
                None => draw.pareto(*min, *alpha),
                Some(cap) => capped_pareto(draw.unit(), *min, *alpha, *cap),
            },
            Distribution::Bimodal { a, b, share } => {
                let which = if draw.chance(*share) { b } else { a };
                which.sample(draw)
            }
            Distribution::Gamma { shape, scale } => draw.gamma(*shape, *scale),
            Distribution::Weibull { scale, shape } => draw.weibull(*scale, *shape),
            Distribution::Empirical(quantiles) => interpolate(quantiles, draw.unit()),
        }
    }

    /// One value as a duration or a count: rounded to the nearest, 0 at least.
    #[inline]
    pub fn sample_u64(&self, draw: &mut Draw) -> u64 {
        (self.sample(draw) + 0.5) as u64
    }

    /// The mean; infinite for a Pareto with alpha <= 1 and no cap.
    pub fn mean(&self) -> f64 {
        self.moment(1)
    }

    /// The mean of the square: what the queue in front of a single server depends on.
    pub fn mean_square(&self) -> f64 {
        self.moment(2)
    }

    /// E[X^k], k = 1 or 2.
    fn moment(&self, k: i32) -> f64 {
        let order = f64::from(k);
        let power = |x: f64| if k == 1 { x } else { x * x };
        match self {
            Distribution::Constant(value) => power(*value),
            Distribution::Uniform { low, high } if k == 1 => (low + high) / 2.0,
            Distribution::Uniform { low, high } => (low * low + low * high + high * high) / 3.0,
            Distribution::Exponential { mean } => order * power(*mean),
            Distribution::Lognormal { mu, sigma } => {
                maths::exp(order * mu + order * order * sigma * sigma / 2.0)
            }
            Distribution::Pareto {
                min,
                alpha,
                cap: None,
            } if *alpha > order => alpha * power(*min) / (alpha - order),
            Distribution::Pareto { cap: None, .. } => f64::INFINITY,
            Distribution::Pareto {
                min,
                alpha,
                cap: Some(cap),
            } => {
                let tail = libm::pow(min / cap, *alpha);
                let whole = if (alpha - order).abs() < 1e-9 {
                    alpha * power(*min) * maths::ln(cap / min)
                } else {
                    alpha / (alpha - order) * (power(*min) - tail * power(*cap))
                };
                if tail < 1.0 {
                    whole / (1.0 - tail)
                } else {
                    power(*min)
                }
            }
            Distribution::Bimodal { a, b, share } => {
                a.moment(k) * (1.0 - share) + b.moment(k) * share
            }
            Distribution::Gamma { shape, scale } if k == 1 => shape * scale,
            Distribution::Gamma { shape, scale } => shape * (shape + 1.0) * scale * scale,
            Distribution::Weibull { scale, shape } => {
                power(*scale) * maths::gamma(1.0 + order / shape)
            }
            Distribution::Empirical(quantiles) => {
                let pieces = quantiles.windows(2);
                let n = pieces.len();
                if n == 0 {
                    return power(quantiles.first().copied().unwrap_or(0.0));
                }
                let piece = |w: &[f64]| {
                    let (low, high) = (w[0], w[1]);
                    Distribution::Uniform { low, high }.moment(k)
                };
                pieces.map(piece).sum::<f64>() / n as f64
            }
        }
    }

    /// Refuses parameters that make no distribution over the non-negative numbers.
    pub fn validate(&self) -> Result<(), BadDistribution> {
        let must = |parameter, found: f64, ok: bool, must_be| {
            if ok && found.is_finite() {
                return Ok(());
            }
            Err(BadDistribution {
                parameter,
                found,
                must_be,
            })
        };
        let not_negative = |parameter, x: f64| must(parameter, x, x >= 0.0, "at least 0");
        let positive = |parameter, x: f64| must(parameter, x, x > 0.0, "above 0");
        match self {
            Distribution::Constant(value) => not_negative("value", *value),
            Distribution::Uniform { low, high } => {
                not_negative("low", *low)?;
                must("high", *high, high >= low, "at least low")
            }
            Distribution::Exponential { mean } => not_negative("mean", *mean),
            Distribution::Lognormal { mu, sigma } => {
                must("mu (the logarithm of p50)", *mu, true, "finite")?;
                not_negative("sigma (p99 must be at least p50)", *sigma)
            }
            Distribution::Pareto { min, alpha, cap } => {
                positive("min", *min)?;
                positive("alpha", *alpha)?;
                match cap {
                    Some(cap) => must("cap", *cap, cap > min, "above min"),
                    None => Ok(()),
                }
            }
            Distribution::Bimodal { a, b, share } => {
                a.validate()?;
                b.validate()?;
                must("share", *share, (0.0..=1.0).contains(share), "from 0 to 1")
            }
            Distribution::Gamma { shape, scale } | Distribution::Weibull { scale, shape } => {
                positive("shape", *shape)?;
                positive("scale", *scale)
            }
            Distribution::Empirical(quantiles) => {
                let count = quantiles.len() as f64;
                must("number of quantiles", count, count > 0.0, "at least 1")?;
                for &q in quantiles {
                    not_negative("a quantile", q)?;
                }
                match quantiles.windows(2).find(|w| w[0] > w[1]) {
                    Some(w) => must("a quantile", w[1], false, "at least the one before it"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// By inversion: u = 0 gives `min`, u = 1 gives `cap`.
#[inline(always)]
fn capped_pareto(u: f64, min: f64, alpha: f64, cap: f64) -> f64 {
    let tail = maths::exp(alpha * maths::ln(min / cap));
    min * maths::exp(-maths::ln(1.0 - u * (1.0 - tail)) / alpha)
}

#[inline(always)]
fn interpolate(quantiles: &[f64], u: f64) -> f64 {
    let Some(last) = quantiles.len().checked_sub(1) else {
        return 0.0;
    };
    let x = u * last as f64;
    let i = (x as usize).min(last);
    let low = quantiles[i];
    let high = quantiles[(i + 1).min(last)];
    low + (high - low) * (x - i as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::dice::{Dice, Purpose};

    fn all() -> Vec<Distribution> {
        use Distribution::*;
        vec![
            Constant(3.0),
            Uniform {
                low: 1.0,
                high: 4.0,
            },
            Exponential { mean: 7.0 },
            Distribution::lognormal(180.0, 1200.0),
            Pareto {
                min: 2.0,
                alpha: 5.5,
                cap: None,
            },
            Pareto {
                min: 2.0,
                alpha: 1.1,
                cap: Some(500.0),
            },
            Pareto {
                min: 2.0,
                alpha: 2.0,
                cap: Some(50.0),
            },
            Distribution::bimodal(1.0, 50.0, 0.03),
            Gamma {
                shape: 0.7,
                scale: 3.0,
            },
            Gamma {
                shape: 4.0,
                scale: 3.0,
            },
            Weibull {
                scale: 2.0,
                shape: 0.8,
            },
            Distribution::empirical(vec![5.0, 1.0, 2.0, 100.0]),
        ]
    }

    #[test]
    fn samples_have_the_mean_that_the_formula_gives() {
        let n = 300_000u64;
        for d in all() {
            d.validate().unwrap();
            let draw = |i| Dice::new(8, i).draw(Purpose::named("d"), 0);
            let sum: f64 = (0..n).map(|i| d.sample(&mut draw(i))).sum();
            let variance = d.mean_square() - d.mean() * d.mean();
            let error = (variance.max(0.0) / n as f64).sqrt();
            let off = (sum / n as f64 - d.mean()).abs();
            assert!(
                off <= 4.0 * error + 1e-9,
                "{d:?}: {} off by {off}",
                d.mean()
            );
        }
    }

    #[test]
    fn samples_have_the_mean_square_that_the_formula_gives() {
        let n = 300_000u64;
        for d in all() {
            let squares = (0..n).map(|i| {
                let x = d.sample(&mut Dice::new(9, i).draw(Purpose::named("d"), 0));
                x * x
            });
            let (mut sum, mut sum2) = (0.0, 0.0);
            for x in squares {
                sum += x;
                sum2 += x * x;
            }
            let mean = sum / n as f64;
            let error = ((sum2 / n as f64 - mean * mean).max(0.0) / n as f64).sqrt();
            let off = (mean - d.mean_square()).abs();
            assert!(
                off <= 5.0 * error + 1e-9,
                "{d:?}: {} off by {off}",
                d.mean_square()
            );
        }
    }

    #[test]
    fn a_lognormal_has_the_percentiles_it_was_made_of() {
        let d = Distribution::lognormal(180.0, 1200.0);
        let n = 200_000u64;
        let mut sample: Vec<f64> = (0..n)
            .map(|i| d.sample(&mut Dice::new(8, i).draw(Purpose::named("d"), 0)))
            .collect();
        sample.sort_by(f64::total_cmp);
        assert!((sample[n as usize / 2] / 180.0 - 1.0).abs() < 0.01);
        assert!((sample[n as usize * 99 / 100] / 1200.0 - 1.0).abs() < 0.03);
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let refused = |d: Distribution| d.validate().unwrap_err().parameter;
        assert_eq!(refused(Distribution::Constant(-1.0)), "value");
        assert_eq!(
            refused(Distribution::Exponential { mean: f64::NAN }),
            "mean"
        );
        assert_eq!(
            refused(Distribution::Uniform {
                low: 2.0,
                high: 1.0
            }),
            "high"
        );
        assert_eq!(refused(Distribution::bimodal(1.0, 2.0, 1.5)), "share");
        assert_eq!(
            refused(Distribution::Empirical(vec![])),
            "number of quantiles"
        );
        assert_eq!(
            refused(Distribution::Empirical(vec![2.0, 1.0])),
            "a quantile"
        );
        assert!(refused(Distribution::lognormal(2.0, 1.0)).starts_with("sigma"));
        let text = Distribution::Constant(-1.0)
            .validate()
            .unwrap_err()
            .to_string();
        assert_eq!(text, "value is -1 and must be at least 0");
    }
}
