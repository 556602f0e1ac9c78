//! The detection limit: how large an effect must be for the true cause to come first in half, and in 95 %, of the cases. A logistic
//! curve on the logarithm of the magnitude, fitted by Newton's method with a ridge, so that it ends where all are right.

use serde::Serialize;

/// Cases below which no curve is fitted.
const LEAST: usize = 20;
/// A prior of little weight on a slope of one: cases that are all right have no finite curve.
const RIDGE: f64 = 0.05;

/// Magnitudes in units of what is noticeable.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limit {
    /// Half of the cases are right.
    pub half: f64,
    /// 95 % are.
    pub most: f64,
}

/// Fits cases of (magnitude, right or not). `None`: too few, or success does not grow with the magnitude.
pub fn fit(cases: &[(f64, f64)]) -> Option<Limit> {
    if cases.len() < LEAST {
        return None;
    }
    let (mut a, mut b) = (0.0f64, 1.0f64);
    for _ in 0..50 {
        let (mut g, mut h) = ([-RIDGE * a, -RIDGE * (b - 1.0)], [RIDGE, 0.0, RIDGE]);
        for &(size, right) in cases {
            let x = libm::log(size.max(1e-3));
            let p = 1.0 / (1.0 + libm::exp(-(a + b * x)));
            let (off, w) = (right - p, p * (1.0 - p));
            g = [g[0] + off, g[1] + off * x];
            h = [h[0] + w, h[1] + w * x, h[2] + w * x * x];
        }
        let det = h[0] * h[2] - h[1] * h[1];
        let step = [
            (h[2] * g[0] - h[1] * g[1]) / det,
            (h[0] * g[1] - h[1] * g[0]) / det,
        ];
        a += step[0].clamp(-2.0, 2.0);
        b += step[1].clamp(-2.0, 2.0);
    }
    let at = |logit: f64| libm::exp((logit - a) / b);
    (b > 0.1).then(|| Limit {
        half: at(0.0),
        most: at(libm::log(19.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_that_was_drawn_is_found_again() {
        // Half right at 0.5, slope 3.
        let cases: Vec<(f64, f64)> = (0..4000)
            .map(|i| {
                let size = 0.05 * libm::pow(200.0, f64::from(i % 100) / 100.0);
                let p = 1.0 / (1.0 + libm::exp(-3.0 * libm::log(size / 0.5)));
                (size, f64::from(u8::from(f64::from(i / 100) / 40.0 < p)))
            })
            .collect();
        let limit = fit(&cases).unwrap();
        assert!((limit.half / 0.5 - 1.0).abs() < 0.1, "{limit:?}");
        let most = 0.5 * libm::exp(libm::log(19.0) / 3.0);
        assert!((limit.most / most - 1.0).abs() < 0.15, "{limit:?}");
    }

    #[test]
    fn few_cases_have_no_curve() {
        assert_eq!(fit(&[(1.0, 1.0); 5]), None);
    }
}
